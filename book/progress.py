"""What a command prints while it works: named steps with elapsed time, and a bar on long ones.

Standard library only: it is used before any package is installed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_WIDTH = 24
_QUIET_SECONDS = 10.0  # without a terminal that redraws the bar, one line this often is enough


class Step:
    """One running step; call it with how far the work is.

    Args:
        name: what is being done, in the reader's words.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.monotonic()
        self._live = sys.stdout.isatty()
        self._printed = self.started
        self._note = ""

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started

    def __call__(self, done: float, total: float, what: str = "") -> None:
        """Show that `done` of `total` units are finished, and what is being worked on."""
        share = min(1.0, done / total) if total else 0.0
        bar = "█" * int(share * _WIDTH) + "░" * (_WIDTH - int(share * _WIDTH))
        self._draw(f"{bar} {share:4.0%}  {what}")

    def note(self, text: str) -> None:
        """Store a remark that is shown beside the finished step."""
        self._note = text

    def _draw(self, text: str) -> None:
        line = f"  {self.name}  {text}  {self.seconds:.0f} s"
        if self._live:
            print(f"\r\033[K{line[:118]}", end="", flush=True)
        elif time.monotonic() - self._printed >= _QUIET_SECONDS:
            self._printed = time.monotonic()
            print(line, flush=True)

    def close(self, mark: str) -> None:
        """Write the step's last line, with `mark` for how it ended."""
        note = f" · {self._note}" if self._note else ""
        start = "\r\033[K" if self._live else ""
        print(f"{start}{mark} {self.name}{note}  {self.seconds:.1f} s", flush=True)


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Print the name of a step, run the block, and print how long it took and whether it succeeded."""
    running = Step(name)
    print(f"  {name} …", end="" if sys.stdout.isatty() else "\n", flush=True)
    try:
        yield running
    except BaseException:
        running.close("✗")
        raise
    running.close("✓")
