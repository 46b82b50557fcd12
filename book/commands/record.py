"""`record`: write outputs into the notebooks under git, and the picture in README.md, for maintainers of the book."""

from __future__ import annotations

import argparse

from ..chapters import chapter, running
from ..places import ROOT
from ..site import picture
from ..trouble import Trouble
from .book import build_site, run_all
from .needs import alone, everything_for


def run(options: argparse.Namespace) -> int:
    """Run the chapters whose committed outputs are out of date, write their outputs into `notebooks/`, and take the picture in README.md.

    A chapter that ran on this machine and has not changed since then is not run again. A chapter that is named is always written.

    Args:
        options: `chapters`, the starts of names, and `workers`, how many run at the same time.
    """
    with alone():
        named = chapter.chapters(options.chapters)
        todo = named if options.chapters else chapter.outdated(named)
        if not todo:
            print("✓ All outputs in notebooks/ are up to date. To write a chapter all the same, name it: python -m book record 04")
            _take_picture()
            return 0
        to_run = chapter.stale(todo)
        if to_run:
            everything_for(to_run)
        whole = not to_run or run_all(to_run, options.workers)
        for one in todo:
            if chapter.executed_here(one):
                running.record(one)
                print(f"  wrote {one.path.relative_to(ROOT)}")
        _take_picture()
        return 0 if whole else 1


def _take_picture() -> None:
    """Take the picture of the site as it is now. Without it, what was recorded is complete: README.md keeps its old picture."""
    try:
        build_site()
        if picture.take():
            print(f"  wrote {picture.PICTURE.relative_to(ROOT)}")
    except Trouble as problem:
        print(f"  README.md keeps its old picture. {problem}", flush=True)
