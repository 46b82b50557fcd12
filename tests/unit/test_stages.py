"""The stages of `make test`: each one runs, and the table says how it ended."""

import subprocess
import sys

import pytest

from book.commands import stages
from book.commands.stages import Counts, Outcome, Stages
from book.trouble import Trouble


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    monkeypatch.setattr(stages, "_PLACE", tmp_path / "pytest")


def fail():
    raise Trouble("no engine answers")


def take_too_long():
    raise subprocess.TimeoutExpired(["/usr/bin/sleep", "900"], 600)


def test_a_stage_that_fails_does_not_stop_the_next_one(capsys):
    found = Stages()
    found.run("Engine", fail)
    found.run("A fault of ours", lambda: 1 / 0)
    found.run("Too slow", take_too_long)
    found.run("Units", lambda: Counts(passed=3, skipped=1))
    assert [(stage.name, stage.passed, stage.failed) for stage in found.ended] == [
        ("Engine", 0, 1),
        ("A fault of ours", 0, 1),
        ("Too slow", 0, 1),
        ("Units", 3, 0),
    ]
    assert found.exit_code == 1
    err = capsys.readouterr().err
    assert "✗ Engine: no engine answers\n" in err
    assert "✗ A fault of ours: Traceback" in err
    assert "✗ Too slow: sleep did not end within 600 seconds." in err


def test_a_stage_whose_need_failed_is_not_run_and_has_failed():
    found = Stages()
    found.run("Engine", fail)
    found.run("Chapters", lambda: pytest.fail("it ran"), needs=("Engine",))
    found.run("Site", lambda: Counts(passed=1), needs=("Ruff",))
    assert [(stage.failed, stage.not_run) for stage in found.ended] == [(1, ""), (1, "not run, because this failed: Engine"), (0, "")]


def test_all_is_well_if_nothing_failed():
    found = Stages()
    found.run("Units", lambda: Counts(passed=3, again=("a::b",)))
    assert found.exit_code == 0


def test_the_table_ends_in_the_verdict():
    found = Stages()
    found.run("Units", lambda: Counts(passed=3, skipped=1, again=("tests.a::test_b", "tests.a::test_c")))
    found.run("Types", lambda: Counts(failed=2))
    found.run("Docs", lambda: Counts(passed=1), needs=("Types",))
    head, units, types, docs, *rest = found.table().splitlines()
    assert head.split() == ["stage", "passed", "failed", "skipped", "run", "again", "seconds"]
    assert units.split()[:6] == ["✓", "Units", "3", "0", "1", "2"]
    assert types.split()[:6] == ["✗", "Types", "0", "2", "0", "0"]
    assert docs.startswith("✗ Docs")
    assert docs.endswith("not run, because this failed: Types")
    assert rest == [
        "Passed only when it was run again: tests.a::test_b",
        "Passed only when it was run again: tests.a::test_c",
        "Verdict: 3 passed, 3 failed, 1 skipped",
    ]


def test_a_program_passes_with_exit_code_0_and_is_shown_if_not(capfd):
    assert stages.command(sys.executable, "-c", "print('fine')") == Counts(passed=1)
    assert "fine" not in capfd.readouterr().out
    assert stages.command(sys.executable, "-c", "print('DB_PASSWORD=hunter2'); raise SystemExit(3)") == Counts(failed=1)
    assert capfd.readouterr().out == "DB_PASSWORD=•••\n\n"


TESTS = """
import pathlib
import pytest

@pytest.mark.parametrize("number", range(3))
def test_good(number): pass

def test_skipped(): pytest.skip("not here")

def test_slow_machine():
    here = pathlib.Path(__file__).with_name("ran")
    first = not here.exists()
    here.touch()
    assert not first
"""
BAD = "def test_bad(): assert False\n"
TEARDOWN = """
import pytest

@pytest.fixture
def left():
    yield
    assert False

def test_leaves(left): pass
"""


@pytest.mark.parametrize("processes", [0, 2])
def test_what_fails_runs_again_and_counts_as_passed_if_it_passes(tmp_path, processes):
    (tmp_path / "test_it.py").write_text(TESTS)
    counts = stages.pytest("Units", str(tmp_path), processes=processes)
    assert (counts.passed, counts.failed, counts.skipped) == (4, 0, 1)
    assert [name.rpartition("::")[2] for name in counts.again] == ["test_slow_machine"]


def test_what_fails_twice_has_failed(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "test_bad.py").write_text(BAD)
    (tmp_path / "test_teardown.py").write_text(TEARDOWN)
    counts = stages.pytest("Units", str(tmp_path))
    assert (counts.passed, counts.failed, counts.skipped, len(counts.again)) == (4, 2, 1, 1)


def test_failures_of_an_earlier_day_are_not_run_again(tmp_path):
    (tmp_path / "test_bad.py").write_text(BAD)
    assert stages.pytest("Units", str(tmp_path)).failed == 1
    (tmp_path / "test_good.py").write_text("def test_good(): pass\n")
    assert stages.pytest("Units", str(tmp_path / "test_good.py")) == Counts(passed=1)


def test_tests_that_cannot_be_collected_have_failed(tmp_path):
    (tmp_path / "test_it.py").write_text("import a_module_that_does_not_exist\n")
    assert stages.pytest("Units", str(tmp_path)).failed == 1
    assert stages.pytest("Units", str(tmp_path / "nowhere")) == Counts(failed=1)
    (tmp_path / "empty").mkdir()
    assert stages.pytest("Units", str(tmp_path / "empty")) == Counts(failed=1)


def test_a_stage_can_select_what_runs_again(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    seen = []

    def whole(first):
        seen.append(first)
        return [str(tmp_path)]

    counts = stages.pytest("Units", str(tmp_path), again=whole)
    assert (counts.passed, counts.failed, counts.skipped, len(counts.again)) == (4, 0, 1, 1)
    assert len(seen[0].failed) == 1


def test_a_notebook_with_a_failed_cell_is_found_by_the_name_in_the_report():
    notebooks = [stages.ROOT / "notebooks/04-service-names.ipynb", stages.ROOT / "notebooks/05-projects-that-talk.ipynb"]
    first = Outcome(failed=frozenset({"notebooks.05-projects-that-talk.ipynb::Cell 3"}))
    assert stages.failed_files(first, notebooks) == notebooks[1:]


def test_tests_run_inside_another_command_and_with_variables(tmp_path):
    (tmp_path / "test_it.py").write_text("import os\ndef test_it(): assert os.environ['NETWORK'] + os.environ['ENGINE'] == 'own second'\n")
    inside = ("env", "NETWORK=own ")
    assert stages.pytest("inside", str(tmp_path), inside=inside, environment={"ENGINE": "second"}) == Counts(passed=1)


def test_a_stage_that_is_skipped_says_why_in_the_table():
    found = Stages()
    found.run("Images", lambda: Counts(skipped=1, not_run="this is not Debian"))
    assert found.exit_code == 0
    row = found.table().splitlines()[1]
    assert row.startswith("✓ Images")
    assert row.endswith("this is not Debian")


ALONE = """
import os
import pytest

@pytest.mark.alone
def test_alone(): assert "PYTEST_XDIST_WORKER" not in os.environ

def test_beside(): assert "PYTEST_XDIST_WORKER" in os.environ
"""


def test_tests_with_the_marker_alone_run_without_a_second_process(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # of the run that this test is in
    (tmp_path / "test_it.py").write_text(ALONE)
    assert stages.pytest_in_two("Two", str(tmp_path)) == Counts(passed=2)


def test_why_a_stage_ended_with_an_error_is_in_the_table():
    found = Stages()
    found.run("Engine", fail)
    found.run("A fault of ours", lambda: 1 / 0)
    engine, fault = found.table().splitlines()[1:3]
    assert engine.endswith("no engine answers")
    assert fault.endswith("ZeroDivisionError: division by zero")
