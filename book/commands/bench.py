"""`bench`: measure the book's recommendations against the alternatives."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from .. import engine
from ..bench import result, works
from ..bench.table import table
from ..chapters import chapter
from ..engine import leftovers
from ..engine.words import OF_THE_ENGINE
from ..places import ROOT
from ..progress import step
from ..report.secrets import hide
from ..site import build, lighthouse
from ..trouble import Trouble
from .needs import CannotGoOn, everything_for, have_browser
from .options import LIGHTHOUSE, WORKS
from .run import in_trouble

_VISITS = 5


def run(options: argparse.Namespace) -> int:
    """Measure each work, print what was found, and store it. If one fails, the others are still measured.

    Args:
        options: `works`, the names of those to measure, all if empty; `chapters`, the starts of the names of chapters for those
            works that take them; `rounds`, how often each alternative is measured.
    """
    failed = False
    for name in WORKS:
        if options.works and name not in options.works:
            continue
        try:
            if name == LIGHTHOUSE:
                _lighthouse(options.chapters)
            else:
                _work(name, options.rounds, options.chapters)
        except (Trouble, RuntimeError, subprocess.TimeoutExpired, *OF_THE_ENGINE) as problem:  # the others take an hour
            message = problem if isinstance(problem, RuntimeError) else in_trouble(problem)
            print(f"✗ {name}: {hide(str(message))}", file=sys.stderr, flush=True)
            failed = True
    return 1 if failed else 0


def _work(name: str, rounds: int | None, starting: Sequence[str]) -> None:
    everything_for(chapter.chapters())
    try:
        with step(name) as bar:
            found = works.measure(name, rounds, bar, starting)
    finally:
        leftovers.reap(engine.connect())
    print(table(found))
    if empty := sorted({way for one in found.comparisons for way, turns in one.ways.items() if not turns.samples}):
        raise CannotGoOn(f"Nothing is stored, because there is no sample of: {', '.join(empty)}. The last stored result stays.")
    print(result.store(found).relative_to(ROOT))


def _lighthouse(starting: Sequence[str]) -> None:
    if not build.fresh():
        raise CannotGoOn("The site is missing or out of date: `make book` builds it.")
    if not have_browser():
        raise CannotGoOn("Lighthouse needs chromium.")
    with step("Lighthouse") as bar:
        scores = lighthouse.score(lighthouse.pages(starting), _VISITS, bar)
    print(lighthouse.table(scores))
    print(lighthouse.REPORT)
