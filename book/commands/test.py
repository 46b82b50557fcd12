"""`test`: check everything."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from .. import engine
from ..chapters import chapter, running, soak
from ..engine import leftovers
from ..offline import daemon, second, tools
from ..progress import step
from ..site import build, prose
from . import stages
from .needs import IN_CI, CannotGoOn, alone, everything_for, have_browser
from .stages import Counts, Outcome, Stages

_ENGINE, _BROWSER, _SITE = "Engine and bases", "Browser", "Site"
_RUNS = "tests/engine/test_press.py"  # alone: its soak counts all that the engine has
_OVERLAY2 = "Images in overlay2"
_OF_IMAGES = (  # the tests for which the store of the images matters
    *(f"tests/engine/test_{name}.py" for name in ("image", "contents", "leftovers", "bases", "run")),
    "tests/engine/test_engine.py::test_if_compose_is_stopped_the_builder_is_stopped_too",
)
_BASES_OF_IMAGES = ("python:3.13-alpine", "python:3.13-slim")
_PYTHON = (sys.executable, "-m")
_NBVAL = (
    "--nbval-lax",
    "--nbval-current-env",
    f"--nbval-cell-timeout={running.CELL_SECONDS}",
    "--nbval-sanitize-with=tests/chapters/sanitize.cfg",
)


def run(options: argparse.Namespace) -> int:
    """Run every stage, print a table of how they ended, and return 1 if anything failed.

    Args:
        options: `chapters`, the starts of the names of those to compare, and `workers`, how many run at the same time.
    """
    todo = chapter.chapters(options.chapters)
    found = Stages()
    try:
        _check_code(found)
        _check_all(found, todo, options.workers)
    finally:  # also after Ctrl-C
        print(found.table(), flush=True)
    return found.exit_code


def _check_code(found: Stages) -> None:
    imports = str(Path(sysconfig.get_path("scripts"), "lint-imports"))
    found.run("Ruff check", lambda: stages.command(*_PYTHON, "ruff", "check", "."))
    found.run("Ruff format", lambda: stages.command(*_PYTHON, "ruff", "format", "--check", "."))
    found.run("Import contracts", lambda: stages.command(imports, "--no-cache"))
    found.run("Types", lambda: stages.command(*_PYTHON, "mypy", "--cache-dir=_build/mypy"))
    found.run("Prose", _check_prose)
    _pytest(found, "Unit tests", "tests/unit", "tests/chapters", processes=2)


def _check_all(found: Stages, todo: Sequence[chapter.Chapter], workers: int) -> None:
    absent: set[str] = set()
    before: set[str] = set()
    found.run(_ENGINE, lambda: _provide(todo, absent))
    found.run(_BROWSER, lambda: Counts(passed=1) if have_browser() else Counts(skipped=1))
    chromium = any(stage.name == _BROWSER and stage.passed for stage in found.ended)
    without_page = () if chromium else ("--deselect=tests/report/test_report_page.py",)
    on_engine = partial(_pytest, found, needs=(_ENGINE,))
    on_engine("Engine tests", "tests/engine", f"--ignore={_RUNS}")
    found.run(_OVERLAY2, _check_overlay2, needs=(_ENGINE,))
    on_engine("Runs of chapters", _RUNS)
    on_engine("Bad input", "tests/bad")
    on_engine("Reports", "tests/report", *without_page, processes=3)
    on_engine("Faults", "tests/faults")
    found.run("Chapters", lambda: _compare(todo, absent, before, workers), needs=(_ENGINE,))
    found.run("Nothing is left", lambda: _check_engine(before), needs=(_ENGINE,))
    found.run(_SITE, _build_site)
    if chromium:
        _pytest(found, "Site in a browser", "tests/site", processes=2, needs=(_SITE,))
        on_engine("JupyterLab", "tests/lab")
    else:
        for name in ("Site in a browser", "JupyterLab"):
            found.run(name, lambda: Counts(skipped=1), needs=(_BROWSER,))


def _pytest(found: Stages, name: str, *arguments: str, processes: int = 0, needs: Sequence[str] = ()) -> None:
    found.run(name, lambda: stages.pytest(name, *arguments, processes=processes), needs)


def _check_overlay2() -> Counts:
    """Run the tests on images again, on a second engine that stores them in overlay2, as an older Docker does."""
    if reason := second.possible():
        if IN_CI:
            raise CannotGoOn(f"The tests on images must run in overlay2, too, and no second engine can be started: {reason}")
        return Counts(skipped=1, not_run=reason)
    with ExitStack() as until_the_end:
        with step("A second engine") as bar:
            engine_with = until_the_end.enter_context(second.started("overlay2", bar, _BASES_OF_IMAGES))
        return stages.pytest(_OVERLAY2, *_OF_IMAGES, inside=engine_with.inside, environment={"DOCKER_HOST": engine_with.host})


def _check_prose() -> Counts:
    findings = prose.check()
    print("".join(f"  {finding}\n" for finding in findings), end="", flush=True)
    return Counts(passed=int(not findings), failed=len(findings))


def _provide(todo: Sequence[chapter.Chapter], absent: set[str]) -> Counts:
    absent |= everything_for(todo)
    return Counts(passed=1)


def _compare(todo: Sequence[chapter.Chapter], absent: set[str], before: set[str], workers: int) -> Counts:
    """Run the chapters, and compare what they show with what is stored; note in `before` what the engine has beforehand."""
    before |= soak.holds()
    whole = [one for one in todo if absent.isdisjoint(tools.wanted([one.recipe]))]
    left_out = [one for one in todo if one not in whole]
    for one in left_out:
        print(f"  {one.name} is not compared, because a tool that it needs is missing here.")
    if not whole:  # without a path, pytest would take all that it knows
        return Counts(skipped=len(left_out))
    paths = [one.path for one in whole]

    def again(first: Outcome) -> Sequence[str]:  # a cell needs those before it: the whole notebook runs again
        return [*_NBVAL, *map(str, stages.failed_files(first, paths) or paths)]

    counts = stages.pytest("Chapters", *_NBVAL, *map(str, paths), processes=workers, distribution="loadscope", again=again)
    return Counts(counts.passed, counts.failed, counts.skipped + len(left_out), counts.again)


def _check_engine(before: set[str]) -> Counts:
    if not before:
        raise CannotGoOn("The chapters were not run, so what they leave on the engine was not checked.")
    leftovers.reap(engine.connect())
    left = soak.holds() - before
    if left and daemon.is_ours():  # on an engine that others use too, what is new need not be ours
        raise CannotGoOn(f"The chapters left this on the engine: {', '.join(sorted(left))}")
    return Counts(passed=1)


def _build_site() -> Counts:
    with alone():
        build.build()
    return Counts(passed=1)
