"""This run: the labels that everything of ours has."""

from __future__ import annotations

import os
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import psutil

LABEL = "org.docker-recipes"


def process_name(pid: int) -> str:
    """A name for a process that no later one gets, also where the pid comes again and the clock jumps.

    Source: proc(5). `starttime` counts from the boot of the machine; a creation time by the clock moves when the clock is set.
    """
    if sys.platform != "linux":
        return f"{pid}-{int(psutil.Process(pid).create_time())}"
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise psutil.NoSuchProcess(pid) from None
    if state == "Z":  # ended; only nobody has asked how
        raise psutil.NoSuchProcess(pid)
    return f"{pid}-{fields[18]}-{Path('/proc/sys/kernel/random/boot_id').read_text()[:8]}"


def lives(process: str) -> bool:
    """Whether a process of this machine lives, by the name that `process_name` gave it."""
    try:
        return process_name(int(process.partition("-")[0])) == process
    except (ValueError, psutil.NoSuchProcess):
        return False


def _machine() -> str:
    """An id for the set of processes that this one can see; the same at each run, whatever network cards come and go."""
    known = Path("/etc/machine-id")
    seed = (known.read_text().strip() if known.exists() else "") or f"{uuid.getnode():012x}"
    processes = os.readlink("/proc/self/ns/pid") if sys.platform == "linux" else ""  # a container sees others than its host does
    return uuid.uuid5(uuid.NAMESPACE_OID, seed + processes).hex[:12]


MACHINE = _machine()
RUN = f"{os.getpid():x}{int(datetime.now(UTC).timestamp()) & 0xFFFFF:05x}"
PROCESS = process_name(os.getpid())
