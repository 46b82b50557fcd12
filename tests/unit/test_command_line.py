"""The command line: options, errors in one line, exit codes, and what a command does if it cannot do its work."""

import argparse
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from docker.errors import APIError

from book import __main__ as main
from book.bench import works
from book.bench.result import Comparison, Measured
from book.chapters import chapter
from book.commands import bench, book, bootstrap, clean, clean_bare, needs, options, run
from book.engine import ChosenEngineMissing, EngineMissing, ToolMissing, leftovers
from book.offline import bases, owner, remains
from book.places import ROOT
from book.site import build
from book.trouble import Trouble

COMMANDS = {
    "book",
    "site",
    "record",
    "chapter",
    "test",
    "bench",
    "engines",
    "lab",
    "serve",
    "soak",
    "report",
    "new",
    "check",
    "clean",
    "help",
}


def book_command(*arguments, python=sys.executable):
    return subprocess.run([python, "-m", "book", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["soak", "--workers=0"], "'0' is not a whole number of 1 or more"),
        (["book", "--workers=-1"], "'-1' is not a whole number of 1 or more"),
        (["soak", "--rounds=many"], "'many' is not a whole number of 1 or more"),
        (["soak", "--at-once=-1"], "'-1' is not a whole number of 0 or more"),
        (["report", "--limit=soon"], "'soon' is not a number of seconds"),
        (["report", "--patience=nan"], "'nan' is not a number of seconds"),
        (["report", "--allow=all"], "invalid choice: 'all'"),
        (["boook"], "invalid choice: 'boook'"),
        (["site", "04"], "unrecognized arguments: 04"),
        (["book", "--round=3"], "unrecognized arguments: --round=3"),
        (["bench", "nothing"], "'nothing' is not something to measure. There are: lighthouse, sizes, "),
        (["bench", "stop", "04"], "chapters (04) can only follow books or lighthouse"),
        (["engines", "desktop"], "'desktop' is no engine to compare. There are: containerd, overlay2, "),
        (["engines", "own", "--chapters", "99"], "starts with '99'. The chapters: 01-environment-in-an-image, "),
        (["check", "99"], "no exercise for '99'. There are exercises for these chapters: 03, 06"),
        (["check", "03", "nowhere"], "'nowhere' is not a file"),
        (["new"], "the following arguments are required: name"),
        *(([name, "99"], "starts with '99'. The chapters: 01-environment-in-an-image, ") for name in ("book", "record", "chapter", "test")),
    ],
)
def test_a_wrong_word_gets_one_line_and_exit_code_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        options.parse(arguments)
    out, err = capsys.readouterr()
    assert (end.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("✗ python -m book")
    assert message in err


def test_the_program_ends_with_the_same_code():
    done = book_command("book", "99")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_the_command_line_works_without_any_package():
    """`-S` leaves out the folder of installed packages: a reader's first command runs on a Python that has none."""
    done = subprocess.run([sys.executable, "-S", "-m", "book", "help"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert f"usage: python -m book {name} " in done.stdout


def test_each_command_has_a_module_and_help():
    assert set(run.MODULES) == COMMANDS - {"help"}
    for name in run.MODULES.values():
        assert find_spec(f"book.commands.{name}"), name
    assert options.parse([]).command == "help"


def test_the_same_options_have_the_same_names():
    soak = options.parse(["soak", "04", "05", "--rounds=3", "--at-once=2", "--workers=1"])
    assert (soak.chapters, soak.rounds, soak.at_once, soak.workers) == (["04", "05"], 3, 2, 1)
    assert (options.parse(["soak"]).rounds, options.parse(["soak"]).at_once) == (20, 3)
    for name in ("book", "record", "chapter", "test"):
        asked = options.parse([name, "04", "--workers=3"])
        assert (asked.chapters, asked.workers) == (["04"], 3)
        assert (options.parse([name]).chapters, options.parse([name]).workers) == ([], 2)
    measured = options.parse(["bench", "books", "04", "--rounds=2"])
    assert (measured.works, measured.chapters, measured.rounds) == (["books"], ["04"], 2)
    assert (options.parse(["bench"]).works, options.parse(["bench"]).rounds) == ([], None)


def test_each_work_can_be_measured_by_its_name():
    assert options.WORKS == ("lighthouse", *works.NAMES)


def test_the_folder_of_the_command_is_that_of_this_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOOK_FROM", "1:/")  # as a command of another process left it
    assert options.parse(["report"]).here == tmp_path
    monkeypatch.setenv("BOOK_FROM", "")
    options.remember_folder()
    monkeypatch.chdir("/")
    assert options.parse(["report"]).here == tmp_path


class Moved(Trouble):
    """An error of ours that no list names."""


@pytest.mark.parametrize(
    ("problem", "name", "code", "message"),
    [
        (Moved("compose.yaml is not there."), "clean", 1, "✗ compose.yaml is not there.\n"),
        (Moved("compose.yaml is not there."), "report", 2, "✗ compose.yaml is not there.\n"),
        (Moved("POSTGRES_PASSWORD=hunter2"), "clean", 1, "✗ POSTGRES_PASSWORD=•••\n"),
        (APIError("409", explanation="it is in use"), "clean", 1, "✗ The Docker engine refuses."),
        (subprocess.TimeoutExpired(["/usr/bin/dockerd", "-v"], 30), "clean", 1, "✗ dockerd did not end within 30 seconds."),
        (KeyboardInterrupt(), "clean", 130, "\n✗ stopped\n"),
        (KeyError("a fault of ours"), "report", 2, "Traceback"),
    ],
)
def test_every_error_becomes_one_message_and_an_exit_code(monkeypatch, capsys, problem, name, code, message):
    def fail(options):
        raise problem

    monkeypatch.setattr(run, "import_module", lambda name, package: SimpleNamespace(run=fail))
    assert run.run(argparse.Namespace(command=name)) == code
    assert capsys.readouterr().err.startswith(message)


def test_an_environment_that_cannot_be_made_is_one_message(monkeypatch, capsys):
    def fail():
        raise bootstrap.NoEnvironment("This is Python 3.9.")

    monkeypatch.setattr(bootstrap, "inside", lambda: False)
    monkeypatch.setattr(bootstrap, "make", fail)
    for arguments, code in (["book"], 1), (["report"], 2):
        monkeypatch.setattr(sys, "argv", ["book", *arguments])
        assert main.main() == code
        assert capsys.readouterr().err == "✗ This is Python 3.9.\n"


def test_a_chapter_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(Trouble, match=r"starts with 99\. The chapters: 01-environment-in-an-image, "):
        chapter.chapters(["99"])


def test_a_chosen_engine_that_does_not_answer_is_the_error(monkeypatch):
    def refuse():
        raise ChosenEngineMissing("DOCKER_HOST=unix:///nowhere does not answer")

    monkeypatch.setattr(needs.engine, "connect", refuse)
    monkeypatch.setattr(needs.daemon, "possible", lambda: None)
    monkeypatch.setattr(needs.daemon, "start", lambda step: pytest.fail("a private engine was started"))
    with pytest.raises(ChosenEngineMissing, match="DOCKER_HOST=unix:///nowhere"):
        needs.have_engine()


def test_a_second_run_in_one_folder_waits_for_its_turn(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(needs, "ROOT", tmp_path)
    monkeypatch.setattr(needs, "_TURN_SECONDS", 0.1)
    monkeypatch.setattr(needs, "_POLL_SECONDS", 0.01)
    with needs.alone(), pytest.raises(needs.CannotGoOn, match="still runs in this folder"), needs.alone():
        pytest.fail("two runs at once")
    assert "Another `make book` runs in this folder: waiting for its end." in capsys.readouterr().out
    with needs.alone():
        pass


def test_a_result_without_samples_is_not_stored(monkeypatch):
    compared = Comparison("Stopping", "s", {"one": Measured((1.0,)), "other": Measured((), ("Trouble",))}, "one")
    monkeypatch.setattr(bench, "everything_for", lambda of: set())
    monkeypatch.setattr(leftovers, "reap", lambda client: None)
    monkeypatch.setattr(bench.engine, "connect", lambda: None)
    monkeypatch.setattr(bench.works, "measure", lambda *asked: SimpleNamespace(comparisons=[compared]))
    monkeypatch.setattr(bench, "table", lambda found: "")
    monkeypatch.setattr(bench.result, "store", lambda found: pytest.fail("it was stored"))
    with pytest.raises(needs.CannotGoOn, match=r"no sample of: other\."):
        bench._work("stop", 1, [])


def test_a_work_that_fails_does_not_stop_the_others(monkeypatch, capsys):
    measured = []

    def measure(name, rounds, chapters):
        measured.append((name, rounds))
        if name == "start":
            raise Trouble("no start")

    monkeypatch.setattr(bench, "_work", measure)
    assert bench.run(options.parse(["bench", "start", "stop", "--rounds=2"])) == 1
    assert measured == [("start", 2), ("stop", 2)]
    assert capsys.readouterr().err == "✗ start: no start\n"


@pytest.mark.parametrize(
    ("missing", "because"),
    [(EngineMissing, "no Docker engine was found"), (ToolMissing, "a tool beside the Docker engine is missing or too old")],
)
def test_a_site_of_committed_outputs_says_why_nothing_ran(monkeypatch, missing, because):
    def refuse(of):
        raise missing("…")

    built = []
    monkeypatch.setattr(book.chapter, "stale", list)
    monkeypatch.setattr(book, "everything_for", refuse)
    monkeypatch.setattr(book.build, "fresh", lambda because="": False)
    monkeypatch.setattr(book.build, "build", lambda because="": built.append(because))
    assert book._run([], 1) == 0
    assert built[-1] == because


@pytest.fixture
def folders(monkeypatch, tmp_path):
    """A clone of its own, so that `clean` removes nothing else, and no private engine."""
    for module in (clean_bare.places, owner, bases.places):
        for name, place in (("ROOT", tmp_path), ("HOME", tmp_path / ".engine")):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, place)
    monkeypatch.setattr(owner, "RUN", tmp_path / "run")
    monkeypatch.setattr(clean.daemon, "stop", lambda: None)
    return tmp_path


def test_what_the_engine_did_not_remove_is_not_called_clean(monkeypatch, folders, capsys):
    def refuse(reference):
        raise APIError("409", explanation="a container uses it")

    client = SimpleNamespace(images=SimpleNamespace(remove=refuse))
    found = leftovers.Removed(networks=["ours"], kept=["network theirs: has active endpoints"])
    monkeypatch.setattr(clean.engine, "connect", lambda: client)
    monkeypatch.setattr(clean.leftovers, "reap", lambda client, everything: found)
    monkeypatch.setattr(clean.bases, "of_ours", lambda: ["python:3.13-slim"])
    monkeypatch.setattr(clean.daemon, "is_ours", lambda: False)
    with pytest.raises(needs.CannotGoOn, match=r"(?s)did not remove these.*network theirs: .*image python:3\.13-slim: a container"):
        clean.run(options.parse(["clean"]))
    assert "1 networks" in capsys.readouterr().out
    found.kept.clear()
    monkeypatch.setattr(clean.bases, "of_ours", list)
    assert clean.run(options.parse(["clean"])) == 0


def test_images_on_an_engine_that_does_not_answer_are_not_called_removed(monkeypatch, folders):
    def refuse():
        raise EngineMissing("none answers")

    monkeypatch.setattr(clean.engine, "connect", refuse)
    monkeypatch.setattr(bases, "_PULLED", folders / ".engine/bases.txt")
    (folders / ".engine/data").mkdir(parents=True)
    (folders / ".engine/data/engine-id").write_text("private")
    (folders / ".engine/bases.txt").write_text("private python:3.13-slim\ndesktop postgres:17\n")
    with pytest.raises(needs.CannotGoOn, match=r"this clone pulled or built postgres:17 on one"):
        clean.run(options.parse(["clean"]))
    assert clean.run(options.parse(["clean"])) == 0


def test_clean_without_the_environment_ends_the_private_engine_and_installs_nothing(monkeypatch, folders, capsys):
    ended = []
    ours = owner.Owner(str(folders / ".engine"), 0, "1", False)
    (folders / "run").mkdir()
    (folders / "_build").mkdir()
    monkeypatch.setattr(sys, "argv", ["book", "clean"])
    monkeypatch.setattr(bootstrap, "VENV", folders / ".venv")
    monkeypatch.setattr(bootstrap, "make", lambda: pytest.fail("an environment was made"))
    monkeypatch.setattr(owner, "owner_of_engine", lambda: ours)
    monkeypatch.setattr(remains, "end_and_remove", ended.append)
    assert main.main() == 0
    assert ended == [ours]
    assert not (folders / "_build").exists()
    assert "✓ Clean" in capsys.readouterr().out


def test_clean_leaves_the_private_engine_of_another_clone(monkeypatch, folders, capsys):
    other = folders / "other/.engine"
    other.mkdir(parents=True)
    monkeypatch.setattr(owner, "owner_of_engine", lambda: owner.Owner(str(other), 0, "1", False))
    monkeypatch.setattr(remains, "end_and_remove", lambda owner: pytest.fail("the engine of another clone was ended"))
    assert clean_bare.run() == 0
    assert "there is nothing to remove" in capsys.readouterr().out


def test_a_site_that_was_refused_is_not_fresh(monkeypatch, tmp_path):
    def refuse(*command, **options):
        build.HTML.mkdir()
        build.INDEX.write_text("a page with a fault")
        return SimpleNamespace(returncode=1, stdout="", stderr="WARNING: a fault")

    monkeypatch.setattr(build, "HTML", tmp_path / "html")
    monkeypatch.setattr(build, "INDEX", tmp_path / "html/index.html")
    monkeypatch.setattr(build, "_STAMP", tmp_path / "stamp")
    monkeypatch.setattr(build.archives, "of_the_book", lambda root: [])
    build.HTML.mkdir()
    build.INDEX.write_text("as it was")
    build._STAMP.write_text(build._digest(""))
    assert build.fresh()
    monkeypatch.setattr(build.subprocess, "run", refuse)
    with pytest.raises(build.SiteFailed):
        build.build()
    assert not build.fresh()
