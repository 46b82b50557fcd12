"""The stage *Nothing is left*: it finds what stages left on the engine, and names it."""

import os
from types import SimpleNamespace

import pytest

from book.commands import left, stages
from book.commands import test as make_test
from book.commands.left import Thing
from book.engine import labels


class Api:
    """An engine with a base image and a network; tests add to it."""

    def __init__(self):
        self.listed = {"containers": [], "images": [image("base", "python:3.13-slim")], "networks": [network("bridge")], "volumes": []}

    def containers(self, all):
        return self.listed["containers"]

    def images(self, all):
        return self.listed["images"]

    def networks(self):
        return self.listed["networks"]

    def volumes(self):
        return {"Volumes": self.listed["volumes"] or None}


def image(identity, tag=None, **found):
    return {"Id": f"sha256:{identity:0<64}", "RepoTags": [tag] if tag else [], "Labels": found or None}


def network(name, **found):
    return {"Id": f"id-of-{name}", "Name": name, "Labels": found}


def of(process):
    return {labels.LABEL: "run", f"{labels.LABEL}.machine": labels.MACHINE, f"{labels.LABEL}.process": process}


def container(name, process, *volumes):
    return {"Id": f"id-of-{name}", "Names": [f"/{name}"], "Labels": of(process), "Mounts": [{"Name": volume} for volume in volumes]}


@pytest.fixture
def engine(monkeypatch):
    api = Api()
    monkeypatch.setattr(left.engine, "connect", lambda: SimpleNamespace(api=api))
    monkeypatch.setattr(left.leftovers, "reap", lambda client: None)
    monkeypatch.setattr(left.daemon, "is_ours", lambda: True)
    return api.listed


def test_what_is_left_is_named(engine):
    before = left.there()
    engine["networks"].append(network("book-soak-left", **{f"{labels.LABEL}.recipe": "06-wait-until-ready"}))
    engine["images"] += [image("1", "slim:latest"), image("2")]
    engine["volumes"].append({"Name": "data", "Labels": None})
    assert left.since(before) == [
        "image sha256:200000000000",
        "image slim:latest",
        "network book-soak-left (of 06-wait-until-ready)",
        "volume data",
    ]


def test_what_was_there_before_does_not_count(engine):
    before = left.there()
    engine["images"][0]["RepoTags"] = ["python:3.13-slim", "mine:1"]
    assert left.since(before) == []


def test_what_other_runs_use_does_not_count_until_they_have_ended(engine):
    before, other = left.there(), labels.process_name(os.getppid())
    engine["containers"].append(container("web", other, "anonymous"))
    engine["volumes"].append({"Name": "anonymous", "Labels": None})
    assert left.since(before) == []
    engine["containers"] = [container("web", "1-1-gone", "anonymous")]
    assert left.since(before) == ["container web", "volume anonymous"]


def test_what_this_run_itself_uses_counts(engine):
    before = left.there()
    engine["containers"].append(container("web", labels.PROCESS))
    assert left.since(before) == ["container web"]


def test_on_an_engine_of_others_only_what_has_our_label_counts(engine, monkeypatch):
    monkeypatch.setattr(left.daemon, "is_ours", lambda: False)
    before = left.there()
    engine["images"].append(image("1", "theirs:1"))
    engine["containers"].append(container("web", "1-1-gone"))
    assert left.since(before) == ["container web"]


def test_the_stage_prints_what_is_left_and_the_table_shows_it(engine, capsys, monkeypatch):
    """Between the note and the look other stages run; the first of them fails."""
    before: set[Thing] = set()
    monkeypatch.setattr(make_test.stages, "pytest", lambda *_, **__: stages.Counts(failed=1))
    found = stages.Stages()
    found.run("Chapters", lambda: make_test._compare(make_test.chapter.chapters(["01"]), set(), before, 1))
    found.run("Terminal", lambda: 1 / 0)
    found.run("Nothing is left", lambda: make_test._check_engine(before), needs=("Engine and bases",))
    assert [(stage.name, stage.failed) for stage in found.ended] == [("Chapters", 1), ("Terminal", 1), ("Nothing is left", 0)]
    engine["networks"].append(network("left-behind"))
    found.run("Nothing is left", lambda: make_test._check_engine(before))
    sentence = "The chapters, the exercises or the commands of the pages left this on the engine: network left-behind"
    assert f"✗ Nothing is left: {sentence}" in capsys.readouterr().err
    assert found.ended[-1].failed == 1
    assert sentence in found.table()


def test_if_nothing_was_noted_the_stage_fails_and_says_so():
    found = stages.Stages()
    found.run("Nothing is left", lambda: make_test._check_engine(set()))
    assert "What is on the engine was not noted" in found.table()
