"""`book`: run the chapters that changed, and build the site."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import engine
from ..chapters import chapter, running
from ..progress import step
from ..site import build
from .needs import alone, everything_for, remove_leftovers


def run(options: argparse.Namespace) -> int:
    """Run the chapters that changed, build the site, and print its path; on a fresh clone, first build it from the committed outputs.

    Args:
        options: `chapters`, the starts of the names of those to run, and `workers`, how many run at the same time.
    """
    with alone():
        return _run(options.chapters, options.workers)


def _run(starting: Sequence[str], workers: int) -> int:
    todo = chapter.stale(chapter.chapters(starting))
    if todo and not build.INDEX.exists():
        _build_first()
    because = ""
    if todo:
        try:
            everything_for(todo)
        except engine.ChosenEngineMissing:
            raise  # the reader chose an engine: a site of old outputs would hide that it does not answer
        except engine.EngineMissing as problem:
            print(f"{problem}\n  The site shows the outputs that came with the book.", flush=True)
            of_a_tool = isinstance(problem, engine.ToolMissing)
            because = "a tool beside the Docker engine is missing or too old" if of_a_tool else "no Docker engine was found"
            todo = []
    if todo and not run_all(todo, workers):
        return 1
    build_site(because)
    return 0


def build_site(because: str = "") -> None:
    """Build the site if it is not up to date, and print its path.

    Args:
        because: why the chapters could not be run on this machine.
    """
    if not build.fresh(because):
        with step("Site"):
            build.build(because)
    print(build.INDEX, flush=True)


def run_all(todo: Sequence[chapter.Chapter], workers: int) -> bool:
    """Run these chapters, print which of them fail and why, and leave nothing on the engine; True if all ran to their end."""
    try:
        with step(f"Chapters ({len(todo)} to run)") as bar:
            failures = running.run(todo, workers, bar)
    finally:  # also after Ctrl-C or SIGTERM
        remove_leftovers()
    for failure in failures:
        print(f"✗ {failure.chapter}: {failure.message}", file=sys.stderr)
    return not failures


def _build_first() -> None:
    """Give the reader something to read while the chapters run. If pages and outputs do not match, only a run can fix that."""
    try:
        build_site()
    except build.SiteFailed as problem:
        print(f"  There is no site yet from the outputs that came with the book; it is built after the run. {problem}", flush=True)
    else:
        print("  The site shows the outputs that came with the book. Now the chapters run, and the site is built again.", flush=True)
