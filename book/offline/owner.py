"""Who started the private engine of this machine, and how it is ended."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass

from ..places import PRIVATE_SOCKET

RUN = PRIVATE_SOCKET.parent
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Owner:
    """Who started the engine, and what the machine was like before."""

    home: str
    pid: int
    ip_forward: str
    had_chains: bool


def owner_of_engine() -> Owner | None:
    """Who started the private engine of this machine; None if nobody did."""
    try:
        return Owner(**json.loads((RUN / "owner.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _lives(owner: Owner) -> bool:
    """Whether its pid still is that dockerd: after a crash the number may be a zombie's, or another program's."""
    try:
        return os.readlink(f"/proc/{owner.pid}/exe").startswith(owner.home + "/")
    except OSError:
        return False


def end(owner: Owner) -> None:
    """End the engine of this owner by its pid; a no-op if it does not run."""
    if not _lives(owner):
        return
    os.kill(owner.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _lives(owner) and time.monotonic() < deadline:
        time.sleep(0.1)
    if _lives(owner):
        os.kill(owner.pid, signal.SIGKILL)
