"""What a file declares beside what runs, the differences between them, and how they are drawn: no engine needed."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from book.files.compose import Declared, declared
from book.files.config import Configuration
from book.measure import topology
from book.measure.probe import HERE, Reach
from book.measure.service import Service
from book.measure.topology import DifferenceKind, Topology, short
from book.measure.verdict import NOBODY_LISTENS, Verdict
from book.report.ran import Early
from book.report.rules import network
from book.show.topology import topology as show
from book.show.wiring import boxes, connections, names

WEB = Declared(
    "web",
    networks={"default": "p_default", "shared": "x_shared"},
    aliases={"shared": ("shop",)},
    ports={5000: "127.0.0.1:80"},
    depends_on={"database": "service_healthy"},
)
DATABASE = Declared("database", networks={"default": "p_default"})
RUNS = Service("web", "p-web-1", "running", 0, "", 0, {"p_default": "10.0.0.2", "x_shared": "10.1.0.2"}, {5000: "127.0.0.1:4"}, "x")
STORES = Service("database", "p-database-1", "running", 0, "healthy", 0, {"p_default": "10.0.0.3"}, {}, "x")
OPEN = (
    Reach("web", "database:5432", True, Verdict.OPEN, 0.002, "", ("10.0.0.3",)),
    Reach("database", "web:5000", True, Verdict.OPEN, 0.004, "", ("10.0.0.2",)),
    Reach(HERE, "web:5000", True, Verdict.OPEN, 0.001, "", ("127.0.0.1",)),
)
WELL = Topology("one/compose.yaml", (DATABASE, WEB), (STORES, RUNS), OPEN)
OTHER = Topology(
    "two/compose.yaml",
    (Declared("other", networks={"shared": "x_shared"}),),
    (Service("other", "q-other-1", "running", 0, "", 0, {"x_shared": "10.1.0.3"}, {}, "x"),),
    (
        Reach("other", "shop:5000", True, Verdict.OPEN, 0.003, "", ("10.1.0.2",)),
        Reach("other", "database:5432", False, Verdict.NO_NAME, 0.001, "gaierror"),
        Reach("other", "<b>nobody", False, Verdict.NO_NAME, 0.001, "gaierror"),
    ),
)


def test_a_project_that_runs_as_declared_has_no_differences_whatever_port_it_was_given():
    assert WELL.differences == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"services": (RUNS,)}, "database is declared, and has no container"),
        ({"declared": (WEB,)}, "database runs, and the file does not declare it"),
        (
            {"services": (replace(STORES, state="exited", exit_code=3), RUNS)},
            "database is declared, and does not run: it is exited, exit code 3",
        ),
        (
            {"services": (STORES, replace(RUNS, addresses={"p_default": "10.0.0.2"}))},
            "web is not on the network shared, which the file declares",
        ),
        (
            {"services": (replace(STORES, addresses={"p_default": "10.0.0.3", "r_extra": "10.2.0.2"}), RUNS)},
            "database is on the network extra, which the file does not declare",
        ),
        ({"services": (STORES, replace(RUNS, published={}))}, "web does not publish port 5000, which the file declares"),
        ({"services": (replace(STORES, published={1: "127.0.0.1:5"}), RUNS)}, "database publishes port 1, which the file does not declare"),
        ({"services": (STORES, RUNS, RUNS)}, "web is declared 1 times, and has 2 containers"),
        ({"reaches": (replace(OPEN[0], ok=False, verdict=Verdict.REFUSED),)}, "web depends on database, and does not reach it: refused"),
        (
            {"reaches": (replace(OPEN[2], ok=False, verdict=Verdict.HUNG_UP),)},
            "web publishes port 5000, and does not answer there: closes the connection",
        ),
    ],
)
def test_each_difference_is_told_and_marked(changed, words):
    odd = replace(WELL, **changed)
    (difference,) = odd.differences
    assert words in str(difference)
    assert f"≠ {difference}" in show(odd).text
    assert "≠" in show(odd).html[: show(odd).html.index("</svg>")]
    assert str(difference) in show(odd).html[show(odd).html.index("</svg>") :]


def unreached():
    """The kinds of the differences, and what the rule on unreached dependencies finds, for a database that has no name."""
    apart = replace(
        WELL, reaches=(replace(OPEN[0], ok=False, verdict=Verdict.NO_NAME), replace(OPEN[2], ok=False, verdict=Verdict.HUNG_UP))
    )
    survey = SimpleNamespace(
        seen=SimpleNamespace(topology=apart, services=apart.services, doors=(Reach("web", "127.0.0.1:5000", False, Verdict.REFUSED, 0.1),)),
        project=SimpleNamespace(line=lambda *keys: ("compose.yaml", 1)),
    )
    found = [place for *place, _ in network.unreached_dependency.look(survey)]
    return [(difference.kind, difference.service, difference.other) for difference in apart.differences], found


def test_differences_and_rules_do_not_depend_on_any_sentence(monkeypatch):
    before = unreached()
    assert [kind for kind, _, _ in before[0]] == [DifferenceKind.PORT_SILENT, DifferenceKind.UNREACHED]
    assert len(before[1]) == 1
    monkeypatch.setattr(topology, "_TEXTS", dict.fromkeys(DifferenceKind, "{service}, in other words"))
    monkeypatch.setattr(Reach, "text", "in other words")
    for member in Verdict:  # as if each had been written with another value
        monkeypatch.setattr(member, "_value_", f"{member.name}, in other words")
    assert unreached() == before
    assert {early.silent for early in (Early("web", 0.1, replace(OPEN[0], ok=False, verdict=verdict)) for verdict in NOBODY_LISTENS)} == {
        True
    }
    assert not Early("web", 0.1, OPEN[0]).silent


def test_what_ended_well_or_whose_profile_is_off_is_no_difference():
    done = replace(WELL, services=(replace(STORES, state="exited"), RUNS), reaches=OPEN[2:])
    assert done.differences == ()
    assert replace(WELL, declared=(*WELL.declared, Declared("more", profiles=("debug",)))).differences == ()


def test_who_has_to_end_first_need_not_be_reached():
    waits = replace(WEB, depends_on={"database": "service_completed_successfully"})
    assert replace(WELL, declared=(DATABASE, waits), reaches=(replace(OPEN[0], ok=False, verdict=Verdict.NO_NAME),)).differences == ()


def test_a_published_udp_port_is_no_difference():
    both = replace(
        WELL, declared=(DATABASE, replace(WEB, udp=(53,))), services=(STORES, replace(RUNS, published={**RUNS.published, 53: "x:1"}))
    )
    assert both.differences == ()


def test_an_alias_leads_to_the_service_that_has_its_address_and_over_its_network():
    found = boxes((WELL, OTHER))
    led = {(found[way.source].name, found[way.target].name, way.network, way.ok, way.both) for way in connections((WELL, OTHER), found)}
    assert led == {
        ("database", "web", "p_default", True, True),
        ("other", "web", "x_shared", True, False),
        ("other", "database", "", False, False),
        ("other", "<b>nobody", "", False, False),
    }


def test_networks_of_one_name_are_told_apart_and_a_shared_one_is_one():
    twin = replace(OTHER, declared=(Declared("other", networks={"default": "q_default", "shared": "x_shared"}),))
    assert names((WELL, twin)) == {"p_default": "default (one)", "x_shared": "shared", "q_default": "default (two)"}


def test_the_text_does_not_move_and_the_figure_can_be_read_out():
    later = replace(WELL, reaches=tuple(replace(reach, seconds=9.0) for reach in OPEN))
    moved = replace(later, services=(STORES, replace(RUNS, published={5000: "127.0.0.1:9"})))
    assert show(moved).text == show(WELL).text
    assert show(WELL).text.splitlines() == [
        "one/compose.yaml:",
        "  database: running, healthy; on default; reaches web:5000",
        "  web: running; on default, shared; port 5000 from this machine: open; reaches database:5432",
        "  as declared",
    ]
    assert "<title>Networks, services" in show(WELL).html
    assert "web: running; on default, shared" in show(WELL).html[show(WELL).html.index("<desc>") :]


def test_what_was_asked_for_and_declared_is_escaped():
    evil = replace(WELL, declared=(replace(DATABASE, mode="<script>"), replace(WEB, aliases={"shared": ("<script>",)})), file="<script>")
    assert "<script>" not in show(evil).html
    assert "<b>" not in show(WELL, OTHER).html


def test_six_services_on_four_networks_are_drawn():
    nets = {name: f"p_{name}" for name in "abcd"}
    services = tuple(
        Service(f"s{n}", f"p-s{n}-1", "running", 0, "", 0, {net: f"10.{i}.0.{n}" for i, net in enumerate(nets.values())}, {}, "x")
        for n in range(6)
    )
    tries = tuple(Reach(f"s{a}", f"s{b}:1", True, Verdict.OPEN, 0.001, "", (f"10.0.0.{b}",)) for a in range(6) for b in range(6))
    full = Topology("compose.yaml", tuple(Declared(s.name, networks=nets) for s in services), services, tries)
    assert len(connections((full,), boxes((full,)))) == 15
    assert show(full).html.count("<svg") == 1


def test_what_compose_made_of_a_file_becomes_what_it_declares():
    config = {
        "networks": {"default": {"name": "p_default"}, "front": {"name": "out", "external": True}},
        "services": {
            "web": {
                "networks": {"default": None, "front": {"aliases": ["shop"]}},
                "ports": [
                    {"target": 80, "published": "8000", "host_ip": "127.0.0.1", "protocol": "tcp"},
                    {"target": 53, "protocol": "udp"},
                    {"target": 90, "protocol": "tcp"},
                ],
                "expose": ["9000", "9001/udp"],
                "depends_on": {
                    "a": {"condition": "service_started", "required": True},
                    "b": {"condition": "service_started", "required": False},
                },
                "deploy": {"replicas": 2},
            },
            "a": {"network_mode": "host", "profiles": ["more"]},
        },
    }
    assert declared(Configuration.read(config)) == (
        Declared("a", mode="host", profiles=("more",)),
        Declared(
            "web",
            {"default": "p_default", "front": "out"},
            {"front": ("shop",)},
            "",
            {80: "127.0.0.1:8000", 90: ""},
            (53,),
            (9000,),
            {"a": "service_started"},
            (),
            2,
        ),
    )


@pytest.mark.parametrize(
    ("engine", "file"),
    [
        ("p_default", "default"),
        ("p_front_end", "front_end"),
        ("05-my_project-6fd21c04-3_front_end", "front_end"),
        ("bridge", "bridge"),
    ],
)
def test_a_network_keeps_its_whole_name(engine, file):
    assert short(engine) == file
