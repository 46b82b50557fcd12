"""`book`: run the chapters that changed, and build the site."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .. import engine
from ..chapters import chapter, running
from ..progress import step
from ..site import build
from .needs import alone, everything_for, remove_leftovers


def _book(starting: Sequence[str], workers: int) -> int:
    with alone():
        return _make_book(starting, workers)


def _make_book(starting: Sequence[str], workers: int) -> int:
    todo = chapter.stale(chapter.chapters(starting))
    because = ""
    if todo:
        try:
            everything_for(todo)
        except engine.EngineMissing as problem:
            print(f"{problem}\n  The site is built from the outputs that came with the book.", flush=True)
            of_a_tool = isinstance(problem, engine.ToolMissing)
            because = "a tool beside the Docker engine is missing or too old" if of_a_tool else "no Docker engine was found"
            todo = []
    if todo and not run_all(todo, workers):
        return 1
    if not build.fresh(because):
        with step("Site"):
            build.build(because)
    print(build.INDEX)
    return 0


def run_all(todo: Sequence[chapter.Chapter], workers: int) -> bool:
    """Run these chapters, say which of them fail, and leave nothing; True where all ran to their end."""
    try:
        with step(f"Chapters ({len(todo)} to run)") as bar:
            failures = running.run(todo, workers, bar)
    finally:  # also where Ctrl-C ended it
        remove_leftovers()
    for failure in failures:
        print(f"✗ {failure.chapter}: {failure.words}", file=sys.stderr)
    return not failures
