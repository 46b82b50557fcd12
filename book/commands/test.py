"""`test`: check everything."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from .. import engine
from ..chapters import chapter, running
from ..offline import daemon, second, tools
from ..progress import step
from ..site import build, prose
from . import left, stages
from .left import Thing
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
_TERMINAL = "Terminal"
_TYPED = "tests/terminal/test_typed.py"  # its other tests need no engine
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
    _pytest(found, "Unit tests", "tests/unit", "tests/chapters", "tests/terminal", f"--ignore={_TYPED}", processes=2)


def _check_all(found: Stages, todo: Sequence[chapter.Chapter], workers: int) -> None:
    absent: set[str] = set()
    before: set[Thing] = set()
    found.run(_ENGINE, lambda: _provide(todo, absent))
    found.run(_BROWSER, lambda: Counts(passed=1) if have_browser() else Counts(skipped=1))
    chromium = any(stage.name == _BROWSER and stage.passed for stage in found.ended)
    without_page = () if chromium else ("--deselect=tests/report/test_report_page.py",)
    on_engine = partial(_pytest, found, needs=(_ENGINE,))
    found.run("Engine tests", lambda: stages.pytest_in_two("Engine tests", "tests/engine", f"--ignore={_RUNS}"), needs=(_ENGINE,))
    found.run(_OVERLAY2, _check_overlay2, needs=(_ENGINE,))
    on_engine("Runs of chapters", _RUNS)
    on_engine("Bad input", "tests/bad", processes=2)
    on_engine("Reports", "tests/report", *without_page, processes=3)
    on_engine("Faults", "tests/faults")
    found.run("Chapters", lambda: _compare(todo, absent, before, workers), needs=(_ENGINE,))
    found.run(_TERMINAL, lambda: _check_terminal(todo), needs=(_ENGINE,))
    on_engine("Exercises", "tests/exercises", processes=2)
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
    return _on_second_engine(
        "The tests on images in overlay2", "overlay2", _BASES_OF_IMAGES, partial(stages.pytest_in_two, _OVERLAY2, *_OF_IMAGES)
    )


def _check_terminal(todo: Sequence[chapter.Chapter]) -> Counts:
    """Type the commands of each page that shows them first, on a second engine that has the base images and nothing else."""
    pages = [one for one in todo if one.read().metadata.get("commands_first")]
    if not pages:
        return Counts(skipped=1, not_run="none of these chapters shows its commands first")
    other = [one.name for one in pages if _on_other_bases(one)]
    for name in other:
        print(f"  {name} was recorded on other base images than those here: the sizes of its images are not compared.", flush=True)
    typed = partial(stages.pytest, _TERMINAL, *(f"{_TYPED}::test_the_commands_of_a_page_do_what_it_shows[{one.name}]" for one in pages))
    bases = sorted({reference for one in pages for reference in one.recipe.bases()})
    return _on_second_engine("The commands of the pages", "containerd", bases, typed, BOOK_OTHER_BASES=" ".join(other))


def _on_other_bases(one: chapter.Chapter) -> bool:
    """Whether the outputs of a page are from other base images than those here, so that its images had other sizes."""
    recorded = one.read().metadata.get("book", {}).get("provenance", {}).get("bases", [])
    return {base["reference"]: dict(base) for base in recorded} != {base: asdict(engine.origin(base)) for base in one.recipe.bases()}


def _on_second_engine(what: str, store: daemon.Store, images: Sequence[str], tests: Callable[..., Counts], **variables: str) -> Counts:
    """Run tests on a second engine, which ends with them.

    Args:
        what: is tested, for the message if no second engine can be started.
        store: where it stores images.
        images: those to copy to it.
        tests: runs them; takes `inside` and `environment`.
        variables: to set for them.
    """
    if reason := second.possible():
        if IN_CI:
            raise CannotGoOn(f"{what} must be tested, too, and no second engine can be started: {reason}")
        return Counts(skipped=1, not_run=reason)
    with ExitStack() as until_the_end:
        with step("A second engine") as bar:
            engine_with = until_the_end.enter_context(second.started(store, bar, images))
        return tests(inside=engine_with.inside, environment={"DOCKER_HOST": engine_with.host, **variables})


def _check_prose() -> Counts:
    findings = prose.check()
    print("".join(f"  {finding}\n" for finding in findings), end="", flush=True)
    return Counts(passed=int(not findings), failed=len(findings))


def _provide(todo: Sequence[chapter.Chapter], absent: set[str]) -> Counts:
    absent |= everything_for(todo)
    return Counts(passed=1)


def _compare(todo: Sequence[chapter.Chapter], absent: set[str], before: set[Thing], workers: int) -> Counts:
    """Run the chapters, and compare what they show with what is stored; note in `before` what the engine has beforehand."""
    before |= left.there()
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


def _check_engine(before: set[Thing]) -> Counts:
    """Look at what the stages since `_compare` have left on the engine."""
    if not before:
        raise CannotGoOn("What is on the engine was not noted before the chapters ran, so what they leave was not checked.")
    found = left.since(before)
    if found:
        raise CannotGoOn(f"The chapters, the exercises or the commands of the pages left this on the engine: {', '.join(found)}")
    return Counts(passed=1)


def _build_site() -> Counts:
    with alone():
        build.build()
    return Counts(passed=1)
