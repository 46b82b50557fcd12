"""The works, each a module of this package with `ROUNDS` and `measure(rounds, tell)`, in the order of the page that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from . import books, cold, growth, helper, rebuild, reload, sizes, start, stop
from .interleave import Tell
from .names import NAMES as NAMES
from .names import OF_CHAPTERS
from .result import Result


class Work(Protocol):
    """A module that measures something."""

    ROUNDS: int

    def measure(self, rounds: int, tell: Tell) -> Result:
        """Give each way `rounds` turns, and return what was found."""
        ...


_WORKS: Mapping[str, Work] = {
    "sizes": sizes,
    "rebuild": rebuild,
    "cold": cold,
    "start": start,
    "reload": reload,
    "stop": stop,
    "helper": helper,
    "books": books,
    "growth": growth,
}


def measure(name: str, rounds: int | None, tell: Tell, starting: Sequence[str] = ()) -> Result:
    """Do a work.

    Args:
        name: one of `NAMES`.
        rounds: how often each way has its turn; None for the work's own number.
        tell: called with how much is done, of how much, and what is being done.
        starting: for one of `OF_CHAPTERS`, the starts of the names of the chapters to run; empty for all.
    """
    work = _WORKS[name]
    turns = rounds or work.ROUNDS
    return books.measure(turns, tell, starting) if name in OF_CHAPTERS else work.measure(turns, tell)
