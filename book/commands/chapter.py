"""`chapter`: run chapters, and build no site."""

from __future__ import annotations

from collections.abc import Sequence

from ..chapters import chapter
from .book import run_all
from .needs import alone, everything_for


def _chapter(starting: Sequence[str], workers: int) -> int:
    """Run chapters, stale or not, and build no site."""
    with alone():
        todo = chapter.chapters(starting)
        everything_for(todo)
        return 0 if run_all(todo, workers) else 1
