"""`bench`: measure the book's ways against the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .. import engine
from ..bench import result, works
from ..bench.table import table
from ..chapters import chapter
from ..engine import leftovers
from ..engine.words import OF_THE_ENGINE, in_words
from ..places import ROOT
from ..progress import step
from ..site import build, lighthouse
from ..trouble import Trouble
from .needs import CannotGoOn, everything_for, have_browser

_VISITS = 5


def _bench(chosen: Sequence[str], workers: int) -> int:
    every = (lighthouse.WORK, *works.NAMES)  # it visits the site as it is, and what the others find makes that one old
    named = [name for name in chosen if name in every] or list(every)
    starting = [name for name in chosen if name not in every]
    if starting and not set(named) <= {*works.OF_CHAPTERS, lighthouse.WORK}:
        raise CannotGoOn(f"No work is called {', '.join(starting)}. There are: {', '.join(every)}.")
    rounds = int(os.environ.get("ROUNDS", 0)) or None
    missed = []
    for name in named:
        try:
            _lighthouse(starting) if name == lighthouse.WORK else _work(name, rounds, starting)
        except (CannotGoOn, Trouble, RuntimeError, lighthouse.NoLighthouse, *OF_THE_ENGINE) as problem:  # the others take an hour
            print(f"✗ {name}: {in_words(problem) if isinstance(problem, OF_THE_ENGINE) else problem}", file=sys.stderr, flush=True)
            missed.append(name)
    return 1 if missed else 0


def _work(name: str, rounds: int | None, starting: Sequence[str]) -> None:
    everything_for(chapter.chapters())
    try:
        with step(name) as bar:
            found = works.measure(name, rounds, bar, starting)
    finally:
        leftovers.reap(engine.connect())
    print(table(found))
    if silent := sorted({way for one in found.comparisons for way, turns in one.ways.items() if not turns.samples}):
        raise CannotGoOn(f"Nothing is stored, since there is no sample of: {', '.join(silent)}. The last stored result stays.")
    print(result.store(found).relative_to(ROOT))


def _lighthouse(starting: Sequence[str]) -> None:
    if not build.fresh():
        raise CannotGoOn("There is no site of what lies here now: `make book` builds it.")
    if not have_browser():
        raise CannotGoOn("Lighthouse needs chromium.")
    with step("Lighthouse") as bar:
        scores = lighthouse.score(lighthouse.pages(starting), _VISITS, bar)
    print(lighthouse.table(scores))
    print(lighthouse.REPORT)
