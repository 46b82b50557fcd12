"""The works, each a module of this package with `ROUNDS` and `measure(rounds, tell)`, in the order of the page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from .interleave import Tell
from .names import NAMES as NAMES
from .names import OF_CHAPTERS
from .result import Result


def measure(name: str, rounds: int | None, tell: Tell, starting: Sequence[str] = ()) -> Result:
    """Do a work.

    Args:
        name: one of `NAMES`.
        rounds: how often each way has its turn; the work's own number where None.
        tell: called with how much is done, of how much, and what is being done.
        starting: for one of `OF_CHAPTERS`, the starts of the names of the chapters to run; all where there is none.
    """
    work = import_module(f".{name}", __package__)
    chosen = {"starting": starting} if name in OF_CHAPTERS else {}
    return work.measure(rounds or work.ROUNDS, tell, **chosen)
