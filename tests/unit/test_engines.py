"""Claims on several engines: what is stored, how it is run without an engine, and the page that shows it."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import pytest

from book.chapters import ledger
from book.chapters.chapter import chapters
from book.chapters.running import Shown
from book.commands import engines as command
from book.commands import options
from book.engines import expected, findings, measuring, names, recorded, result
from book.engines.measuring import Target
from book.engines.result import About, ChapterRun, Finding, Result, Verdict
from book.offline.kinds import Kind
from book.places import ROOT
from book.site import engines
from book.trouble import Trouble

NAME = "04-service-names"
DOCKER = About("Docker Engine 28.5.2", "1.51", "BuildKit", "overlay2", "v2", False, "x86_64")
CLAIMS = ("A name leads somewhere.", "A port is closed.")


def run_of(*found, chapter=NAME, digest="today", engine=DOCKER.engine):
    return ChapterRun(chapter, digest, engine, "2026-11-29", found)


def on(kind, *found, about=DOCKER, **options):
    return Result(kind, "2026-11-29", about, (run_of(*found, **{"engine": about.engine, **options}),))


def held(*sentences):
    return tuple(Finding(sentence, Verdict.HOLDS) for sentence in sentences)


def failed(sentence, measured=""):
    return Finding(sentence, Verdict.FAILS, measured)


TOPIC = engines.Topic(NAME, "Call a service by its name", "../../notebooks/04.html", "today", CLAIMS)


@pytest.fixture
def advice():
    return expected.read()


def cells(html):
    """The rows of all tables, each as its head and the text of its cells."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)
    return {
        re.sub("<.*?>", "", head): [re.sub("<.*?>", "", cell).strip() for cell in re.findall("<td.*?</td>", rest)] for head, rest in rows
    }


def test_a_result_is_the_same_after_it_was_stored(tmp_path):
    found = on(
        "rootless", failed(CLAIMS[0], "3 °C"), Finding(CLAIMS[1], Verdict.NOT_RUN, reason="no port"), about=replace(DOCKER, rootless=True)
    )
    stopped = Result("podman", "2026-11-29", reason="not installed")
    for one in (found, stopped):
        file = result.store(one, tmp_path)
        assert file.name == f"{one.kind}.json"
        assert result.load(one.kind, tmp_path) == one
    assert [one.kind for one in result.every(tmp_path, tmp_path)] == ["rootless", "podman"]
    assert json.loads((tmp_path / "rootless.json").read_text())["chapters"][0]["findings"][0]["verdict"] == "does not hold"


def test_a_reader_s_own_result_is_never_in_a_folder_under_git():
    assert result.place("own") == ROOT / "_build/engines"
    assert {result.place(kind) for kind in names.KINDS} == {ROOT / "book/engines/results"}


def test_the_names_of_the_command_line_are_those_that_can_be_started():
    assert names.KINDS == tuple(Kind)


def test_a_new_run_takes_the_place_of_the_old_one_and_other_chapters_stay():
    before = Result("rootless", "2026-11-01", DOCKER, (run_of(*held("Old."), chapter="05-b"), run_of(*held("Old."), chapter="06-c")))
    newer = replace(DOCKER, engine="Docker Engine 29.0.0")
    after = before.with_chapter(run_of(*held("New."), chapter="05-b"), newer).with_chapter(run_of(chapter="04-a"), newer)
    assert [run.chapter for run in after.chapters] == ["04-a", "05-b", "06-c"]
    assert [run.findings for run in after.chapters[1:]] == [held("New."), held("Old.")]
    assert (after.day, after.about) == ("2026-11-29", newer)


def test_an_engine_that_does_not_start_keeps_what_another_machine_measured():
    measured = on("podman", *held(*CLAIMS))
    assert result.not_started("podman", "2026-12-01", "not installed", measured) is measured
    assert result.not_started("podman", "2026-12-01", "not installed", None) == Result("podman", "2026-12-01", reason="not installed")


# What became of each claim


def book(*cells):
    """A notebook, each cell given as its outputs."""
    made = [nbformat.v4.new_code_cell("…", outputs=list(outputs)) for outputs in cells]
    return nbformat.v4.new_notebook(cells=made)


def said(sentence, measured="", key="claim"):
    return nbformat.v4.new_output("display_data", {}, metadata={key: {"sentence": sentence, "measured": measured}})


def error(name, value):
    return nbformat.v4.new_output("error", ename=name, evalue=value, traceback=[])


def test_each_claim_of_the_committed_outputs_gets_a_verdict():
    committed = book([said("One.")], [said("Two."), said("Three.")])
    shown = book([said("One.", "1 MB")], [said("Two.", "2 MB", "failed_claim"), error("KeyError", "'port'")])
    one, two, three = findings.findings(committed, Shown(shown, ""))
    assert (one, two) == (Finding("One.", Verdict.HOLDS, "1 MB"), Finding("Two.", Verdict.FAILS, "2 MB"))
    assert three == Finding("Three.", Verdict.NOT_RUN, reason="'port'")


def test_the_reason_is_the_error_that_came_first_and_not_the_name_that_it_left_undefined():
    committed = book([], [], [said("One.")])
    shown = book(
        [error("Trouble", "No engine.\nStart it.")], [error("NameError", "name 'b'")], [error("NameError", "name 'a' is not defined")]
    )
    assert findings.findings(committed, Shown(shown, ""))[0].reason == "No engine."


def test_an_error_that_is_meant_is_no_reason_and_the_end_of_the_kernel_is_one():
    committed = book([], [said("One.")])
    shown = book([error("Trouble", "As it should.")], [])
    shown.cells[0].metadata["tags"] = ["raises-exception"]
    assert findings.findings(committed, Shown(shown, "its kernel ended"))[0].reason == "its kernel ended"


def test_a_cell_without_its_tool_is_the_reason():
    committed = book([said("One.")])
    left_out = nbformat.v4.new_output("display_data", {}, metadata={"left_out": "vagrant is missing"})
    assert findings.findings(committed, Shown(book([left_out]), ""))[0].reason == "vagrant is missing"


def test_a_reason_names_neither_this_machine_nor_an_id():
    text = f"\x1b[31mopen {ROOT}/recipes/a/b.yaml: 127.0.0.1:45123 of 3f2a1b4c5d6e refused\x1b[0m\nmore"
    assert findings.first_line(text) == "open …/b.yaml: 127.0.0.1:… of … refused"


# The real runner, in a process with a kernel, and without any engine


@pytest.fixture
def folder(tmp_path):
    """A chapter whose second claim depends on the engine, and whose last cell needs the first claim's cell to go on."""
    sources = (
        "import os\nfrom book import claim",
        f"claim({CLAIMS[0]!r}, os.environ['DOCKER_HOST'] == 'tcp://good:1', 'no such name')\nport = 1",
        f"claim({CLAIMS[1]!r}, port == 1)",
    )
    outputs = ([], [said(CLAIMS[0])], [said(CLAIMS[1])])
    made = [nbformat.v4.new_code_cell(source, outputs=shown) for source, shown in zip(sources, outputs, strict=True)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), tmp_path / f"{NAME}.ipynb")
    return tmp_path


def test_a_claim_that_is_broken_on_one_engine_is_a_cross_in_its_column_and_the_run_goes_on(folder, advice):
    (chapter,) = chapters(folder=folder)
    before = (folder / f"{NAME}.ipynb").read_bytes()
    found = []
    for kind, host in (("containerd", "tcp://good:1"), ("rootless", "tcp://bad:1")):
        seen = []
        run = measuring.measure(
            Target({"DOCKER_HOST": host}), chapter, DOCKER.engine, lambda done, total, seen=seen: seen.append((done, total))
        )
        assert seen[-1] == (3, 3)
        found.append(Result(kind, run.day).with_chapter(run, DOCKER))
    assert (folder / f"{NAME}.ipynb").read_bytes() == before
    topic = replace(TOPIC, digest=chapter.own_digest())
    rows = cells(engines.differences(found, [topic], advice))
    assert rows == {CLAIMS[0]: ["✓", "✗ 1"], CLAIMS[1]: ["✓", "✓"]}


def recorded_on(folder, engine, store, digest=None):
    (chapter,) = chapters(folder=folder)
    notebook = chapter.read()
    made_on = {"engine": engine, "storage_driver": store, "day": "2026-11-29"}
    notebook.metadata["book"] = {"digest": digest or chapter.digest(), "provenance": made_on}
    nbformat.write(notebook, chapter.path)
    return chapter


def test_committed_outputs_count_as_the_run_of_the_engine_that_made_them(folder):
    version, store = DOCKER.engine.removeprefix("Docker Engine "), DOCKER.image_store
    (run,) = recorded.runs([recorded_on(folder, version, store)], DOCKER)
    assert run.findings == held(*CLAIMS)
    assert (run.engine, run.day) == (DOCKER.engine, "2026-11-29")


@pytest.mark.parametrize("made_on", [("1.0", DOCKER.image_store), (DOCKER.engine.removeprefix("Docker Engine "), "another")])
def test_outputs_of_another_engine_do_not_count(folder, made_on):
    assert recorded.runs([recorded_on(folder, *made_on)], DOCKER) == []


def test_outputs_that_are_out_of_date_do_not_count(folder):
    version = DOCKER.engine.removeprefix("Docker Engine ")
    assert recorded.runs([recorded_on(folder, version, DOCKER.image_store, digest="old")], DOCKER) == []


def test_what_the_book_claims_on_an_engine_is_old_only_if_its_cells_or_its_recipe_changed(folder, monkeypatch):
    (chapter,) = chapters(folder=folder)
    before, whole = chapter.own_digest(), chapter.digest()
    monkeypatch.setattr("book.chapters.chapter._package_digest", lambda: "another package")
    assert chapter.own_digest() == before
    assert chapter.digest() != whole


def test_a_process_that_ends_without_a_result_is_an_error():
    with pytest.raises(measuring.NoAnswer, match=r"The Docker engine at tcp://127\.0\.0\.1:9 does not answer"):
        measuring.about(Target({"DOCKER_HOST": "tcp://127.0.0.1:9"}))
    with pytest.raises(measuring.NoAnswer, match="exit code 3: no network"):
        measuring.about(Target(inside=("sh", "-c", "echo no network; exit 3")))


# The page


def test_a_cross_has_its_reason_and_what_to_do(advice):
    where = replace(DOCKER, engine="Podman Engine 5.4.2", builder="classic")
    stop = Finding(CLAIMS[1], Verdict.NOT_RUN, reason="the --mount option requires BuildKit. Refer to …")
    html = engines.differences(
        [on("overlay2", *held(*CLAIMS)), on("podman", failed(CLAIMS[0], "3 MB"), stop, about=where)], [TOPIC], advice
    )
    assert cells(html) == {CLAIMS[0]: ["✓", "✗ 1"], CLAIMS[1]: ["✓", "– 2"]}
    for number, (verdict, text) in enumerate(
        (
            ("does not hold", 'Measured: 3 MB. <strong class="book-unexplained">Not explained yet.'),
            ("not run", "Build the image with <code>podman build"),
        )
    ):
        (line,) = re.findall(rf'<li id="reason-{NAME}-{number + 1}">(.*?)</li>', html)
        assert f"Podman, through Docker&#39;s API: {verdict}." in line
        assert text in line
        assert f'href="#reason-{NAME}-{number + 1}" aria-label="{verdict}, reason {number + 1}"' in html


def test_an_expected_difference_is_explained_only_where_it_is_expected(advice):
    claim = "All it runs is a Python prompt."
    topic = replace(TOPIC, claims=(claim,))
    without = replace(DOCKER, cgroup_version="none")
    where, about = frozenset({("cgroup_version", "none")}), frozenset({(TOPIC.name, claim)})
    known = expected.Expected(where, about, "", "It has no control groups.", "Use version 2.")
    advice = replace(advice, expected=(known,))
    explained = engines.differences([on("own", failed(claim), about=without)], [topic], advice)
    assert "It has no control groups." in explained
    assert "Not explained yet." not in explained
    assert "Not explained yet." in engines.differences([on("own", failed(claim))], [topic], advice)


def test_a_chapter_that_holds_everywhere_is_folded_and_is_not_among_the_differences(advice):
    found = [on("containerd", *held(*CLAIMS)), on("podman", *held(*CLAIMS))]
    folded = engines.agreements(found, [TOPIC], advice)
    assert "<summary>04 Call a service by its name: 2 claims on containerd, Podman</summary>" in folded
    assert "every claim holds on every engine" in engines.differences(found, [TOPIC], advice)
    found[1] = on("podman", failed(CLAIMS[0]), *held(CLAIMS[1]))
    assert "Call a service" not in engines.agreements(found, [TOPIC], advice)


@pytest.mark.parametrize("change", [{"digest": "older"}, {"engine": "Docker Engine 27.0.0"}])
def test_a_run_that_is_older_than_its_chapter_or_engine_is_out_of_date(advice, change):
    html = engines.differences([on("overlay2", failed(CLAIMS[0]), *held(CLAIMS[1]), **change)], [TOPIC], advice)
    assert 'overlay2 <span class="book-old">out of date</span>' in html
    facts = engines.summary([on("overlay2", *held(*CLAIMS), **change)], [TOPIC, replace(TOPIC, name="05-b")], advice)
    assert "chapter 04 out of date" in facts
    assert "chapter 05 not run yet. Run <code>python3 -m book engines overlay2 --chapters 05</code>" in facts
    assert "out of date" not in engines.differences([on("overlay2", failed(CLAIMS[0]), *held(CLAIMS[1]))], [TOPIC], advice)


def test_a_claim_that_is_newer_than_the_run_is_not_taken_for_one_that_holds(advice):
    html = engines.differences([on("overlay2", *held(CLAIMS[0]), digest="older")], [TOPIC], advice)
    assert cells(html)[CLAIMS[1]] == ["– 1"]
    assert "The claim is newer than the last run" in html


def test_an_engine_that_could_not_be_started_is_named_with_the_reason(advice):
    html = engines.summary(
        [on("containerd", *held(*CLAIMS)), Result("podman", "2026-11-29", reason="`podman` is <missing>")], [TOPIC], advice
    )
    assert "could not be started on 2026-11-29: <code>podman</code> is &lt;missing&gt;" in html
    assert cells(html)["Docker, images in containerd Docker Engine 28.5.2, API 1.51, x86_64"][:3] == ["2 of 2", "0", "0"]
    assert "Docker, rootless</strong>: not run yet. Run <code>python3 -m book engines rootless</code>" in html


def test_without_any_result_the_page_says_how_to_make_one(advice):
    for part in (engines.summary, engines.differences, engines.agreements):
        assert "run <code>python3 -m book engines</code>" in part([], [TOPIC], advice)


def test_text_from_a_result_is_escaped(advice):
    bad = "<script>alert(1)</script>"
    about = replace(DOCKER, engine=bad, image_store=bad)
    found = [on("own", failed(f"{bad} A."), Finding("B.", Verdict.NOT_RUN, reason=bad), failed("C.", bad * 9), about=about)]
    topic = replace(TOPIC, title=bad, claims=(f"{bad} A.", "B.", "C."))
    for part in (engines.summary, engines.differences, engines.agreements):
        assert "<script>" not in part(found, [topic], advice)


def test_the_advice_is_about_claims_that_their_chapters_make(advice):
    made = {(claim.chapter.name, claim.sentence) for claim in ledger.claims(chapters())}
    assert {claim for one in advice.expected for claim in one.claims} - made == set()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"where": {"colour": "red"}, "reason": "x", "because": "B.", "todo": "T."}, "`where` has colour"),
        ({"where": {"kind": "podman"}, "because": "B.", "todo": "T."}, "neither `claims` nor `reason`"),
        ({"where": {"kind": "podman"}, "reason": "x", "todo": "T."}, "because"),
    ],
)
def test_an_entry_of_advice_that_cannot_work_is_refused(tmp_path, row, message):
    known = {kind: {"title": kind, "short": kind, "note": ""} for kind in names.EVERY}
    file = tmp_path / "advice.yaml"
    file.write_text(json.dumps({"engines": known, "expected": [row]}))
    with pytest.raises(expected.BadAdvice, match=message):
        expected.read(file)


def test_the_page_has_every_part():
    page = (ROOT / "book/pages/where-it-holds.md").read_text()
    assert re.findall(r"```\{engines\} (\w+)\n", page) == ["summary", "differences", "agreements"]


# The command


@pytest.fixture
def on_fake_engines(monkeypatch, tmp_path):
    """The command with results in a folder of its own, without engines: `podman` cannot be started, a chapter 05 breaks on `overlay2`."""

    class Answering:
        def __init__(self, kind, todo):
            self.kind = kind

        def __enter__(self):
            if self.kind == "podman":
                raise Trouble("not installed")
            return Target({"DOCKER_HOST": self.kind})

        def __exit__(self, *_):
            pass

    def measure(target, chapter, engine, tell):
        if target.variables["DOCKER_HOST"] == "overlay2" and chapter.name.startswith("05"):
            raise measuring.NoAnswer("it was killed")
        return run_of(failed("POSTGRES_PASSWORD=hunter2", "POSTGRES_PASSWORD=hunter2"), chapter=chapter.name)

    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command.daemon, "in_use", lambda: False)
    monkeypatch.setattr(result, "place", lambda kind: tmp_path)
    monkeypatch.setattr(command, "everything_for", lambda todo: set())
    monkeypatch.setattr(command, "_answering", Answering)
    monkeypatch.setattr(measuring, "about", lambda target: DOCKER)
    monkeypatch.setattr(measuring, "measure", measure)
    return tmp_path


def test_the_others_still_stand_if_one_engine_or_one_chapter_cannot_be_run(on_fake_engines, capsys):
    chosen = options.parse(["engines", "overlay2", "podman", "own", "--chapters", "04", "05"])
    assert command.run(chosen) == 0
    out, err = capsys.readouterr()
    assert "✗ podman: not installed" in err
    assert "✗ overlay2 05-projects-that-talk: it was killed" in err
    assert [run.chapter for run in result.load("overlay2").chapters] == ["04-service-names"]
    assert [run.chapter for run in result.load("own").chapters] == ["04-service-names", "05-projects-that-talk"]
    assert result.load("podman").reason == "not installed"
    assert result.load("own").chapters[0].findings[0].measured == "POSTGRES_PASSWORD=•••"
    table = out.splitlines()[-4:]
    assert [line.split()[:4] for line in table[1:]] == [["overlay2", "0", "1", "0"], ["podman", "–", "–", "–"], ["own", "0", "2", "0"]]


def test_if_nothing_could_be_run_the_exit_code_says_so(on_fake_engines):
    assert command.run(options.parse(["engines", "podman"])) == 1


def test_a_second_command_for_one_chapter_leaves_the_results_of_the_others(on_fake_engines):
    command.run(options.parse(["engines", "own", "--chapters", "05"]))
    command.run(options.parse(["engines", "own", "--chapters", "04"]))
    assert [run.chapter for run in result.load("own").chapters] == ["04-service-names", "05-projects-that-talk"]


def test_without_names_every_kind_is_tried_and_the_engine_in_use_is_not(on_fake_engines):
    command.run(options.parse(["engines", "--chapters", "04"]))
    assert sorted(file.stem for file in on_fake_engines.glob("*.json")) == sorted(names.KINDS)


@pytest.mark.parametrize("up_to_date", [True, False])
def test_on_the_engine_of_the_record_nothing_runs_again_if_the_outputs_are_up_to_date(on_fake_engines, monkeypatch, up_to_date):
    monkeypatch.setattr(command.daemon, "in_use", lambda: True)
    monkeypatch.setattr(command.engine, "variables", lambda: {})
    monkeypatch.setattr(measuring, "about", lambda target: DOCKER)
    found = [run_of(*held("It was recorded."), chapter="04-service-names")] if up_to_date else []
    monkeypatch.setattr(command.recorded, "runs", lambda todo, about: found)
    command.run(options.parse(["engines", "containerd", "--chapters", "04"]))
    stored = result.load("containerd", on_fake_engines)
    assert ([one.sentence for one in stored.chapters[0].findings] == ["It was recorded."]) is up_to_date


def test_a_chapter_runs_in_the_network_of_its_engine_with_the_images_that_it_starts_from(monkeypatch):
    copied = []

    @contextmanager
    def started(kind, step, images):
        copied.append((kind, images))
        yield SimpleNamespace(host="unix:///second.sock", inside=("nsenter", "--net=second"), log=None)

    monkeypatch.setattr(command, "possible", lambda kind: None)
    monkeypatch.setattr(command, "started", started)
    with command._answering("overlay2", chapters(["04"])) as target:
        assert target == Target({"DOCKER_HOST": "unix:///second.sock"}, ("nsenter", "--net=second"))
    ((kind, images),) = copied
    assert kind is Kind.OVERLAY2
    assert "python:3.13-slim" in images


def test_an_engine_that_is_not_possible_here_is_not_started(monkeypatch):
    monkeypatch.setattr(command, "possible", lambda kind: "podman is not installed")
    monkeypatch.setattr(command, "started", lambda *_: pytest.fail("it was started"))
    with pytest.raises(Trouble, match="podman is not installed"), command._answering("podman", []):
        pytest.fail("it answers")
