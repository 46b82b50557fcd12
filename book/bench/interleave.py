"""Several ways of doing a thing that take turns, so that a busy moment of the machine hits all of them alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from .result import Way

Tell = Callable[[float, float, str], None]
_log = logging.getLogger(__name__)


def interleave(ways: Mapping[str, Callable[[], float]], rounds: int, tell: Tell) -> dict[str, Way]:
    """Let each way have a turn, `rounds` times: A B C A B C ….

    Where a way fails, the kind of its error is kept, its words go to the log, and the others go on.

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
    return {name: Way(tuple(samples[name]), tuple(failed[name])) for name in ways}
