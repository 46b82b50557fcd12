"""Several ways of doing a thing that take turns, so that a busy moment of the machine affects all of them alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from .result import Measured

Tell = Callable[[float, float, str], None]
_log = logging.getLogger(__name__)


def interleave(ways: Mapping[str, Callable[[], float]], rounds: int, tell: Tell) -> dict[str, Measured]:
    """Give each way a turn, `rounds` times: A B C A B C ….

    If a way fails, the kind of its error is stored, its message goes to the log, and the others go on.

    Args:
        ways: name → does it once, and returns what was measured.
        rounds: how often.
        tell: called before each turn with how many are done, of how many, and whose it is.
    """
    samples: dict[str, list[float]] = {name: [] for name in ways}
    failed: dict[str, list[str]] = {name: [] for name in ways}
    for turn in range(rounds):
        for place, (name, once) in enumerate(ways.items()):
            tell(turn * len(ways) + place, rounds * len(ways), name)
            try:
                samples[name].append(round(once(), 4))
            except Exception as problem:
                failed[name].append(type(problem).__name__)
                _log.warning("%s, turn %d: %s", name, turn + 1, problem)
    return {name: Measured(tuple(samples[name]), tuple(failed[name])) for name in ways}


def part(tell: Tell, number: int, of: int, prefix: str = "") -> Tell:
    """A `tell` for one part of a work that has several.

    Args:
        tell: the one for the whole work.
        number: which part it is, from 0.
        of: how many parts there are; each counts as much as another.
        prefix: put before what is being done.
    """

    def tell_whole(done: float, total: float, what: str) -> None:
        tell(done + number * total, of * total, f"{prefix}{what}")

    return tell_whole
