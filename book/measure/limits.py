"""Time limits for work that may never end."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

from ..trouble import TookTooLong, Trouble

PATIENCE = 120.0  # seconds to wait for what comes if all is well: on a busy machine, too
WAIT_SECONDS = 120  # until all services of a project are running and healthy
_EVERY = 0.02  # seconds between two checks
_T = TypeVar("_T")


def within(seconds: float, what: str, work: Callable[[], _T]) -> _T:
    """Do what the SDK does without a limit of its own, within one.

    Raises:
        TookTooLong: if it does not end in time.
    """
    done: list[_T] = []
    failed: list[Exception] = []

    def go() -> None:
        try:
            done.append(work())
        except Exception as problem:
            failed.append(problem)

    worker = Thread(target=go, daemon=True)
    worker.start()
    worker.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TookTooLong(f"{what} did not end within {seconds:g} seconds.")
    return done[0]


class NotInTime(Trouble):
    """A condition did not hold within its limit."""


def wait_until(
    holds: Callable[[], bool],
    seconds: float,
    every: float = _EVERY,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Check again and again until something holds, and return whether it did within `seconds`. It is checked once at least."""
    deadline = clock() + seconds
    while not holds():
        if clock() > deadline:
            return False
        pause(every)
    return True


def seconds_until(holds: Callable[[], bool], limit: float = PATIENCE) -> float:
    """Wait until something holds, and return the seconds that took, to about 0.02 s and the time of one check.

    Raises:
        NotInTime: if it does not hold within `limit` seconds.
    """
    began = time.monotonic()
    if not wait_until(holds, limit):
        raise NotInTime(f"It did not come within {limit:g} seconds.")
    return time.monotonic() - began
