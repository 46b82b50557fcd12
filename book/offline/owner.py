"""Who started the private engine of this machine, and how to end it. Standard library only."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from ..places import HOME, PRIVATE_SOCKET

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


def is_ours(owner: Owner) -> bool:
    """Whether the private engine belongs to this clone, or to a clone whose folder no longer exists."""
    return owner.home == str(HOME) or not Path(owner.home).exists()


def lives(owner: Owner) -> bool:
    """Whether the pid is still that engine's: after a crash it may be a zombie's, or another program's.

    If its folder is removed while it runs, Linux adds " (deleted)" to the end of the path: only the start is compared.
    """
    try:
        return os.readlink(f"/proc/{owner.pid}/exe").startswith(owner.home + "/")
    except OSError:
        return False


def end(owner: Owner) -> None:
    """End the engine of this owner by its pid; a no-op if it does not run."""
    if not lives(owner):
        return
    os.kill(owner.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while lives(owner) and time.monotonic() < deadline:
        time.sleep(0.1)
    if lives(owner):
        os.kill(owner.pid, signal.SIGKILL)
