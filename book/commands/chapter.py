"""`chapter`: run chapters, and build no site."""

from __future__ import annotations

import argparse

from ..chapters import chapter
from .book import run_all
from .needs import alone, everything_for


def run(options: argparse.Namespace) -> int:
    """Run chapters, whether they changed or not, and build no site.

    Args:
        options: `chapters`, the starts of their names, and `workers`, how many run at the same time.
    """
    with alone():
        todo = chapter.chapters(options.chapters)
        everything_for(todo)
        return 0 if run_all(todo, options.workers) else 1
