"""On which machine, engine and day something was measured; never its name."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .. import engine
from ..engine import Base


@dataclass(frozen=True)
class Machine:
    """Where and when.

    Attributes:
        tools: the engine, buildx and Compose with their versions.
        storage_driver: the engine's.
        kernel: the release of the kernel under the engine.
        architecture: of the engine's machine.
        cores: how many the engine has.
        memory: bytes that the engine has.
        python: its version.
        bases: the base images, and where each came from.
        day: as 2026-11-24.
        load: how many processes wanted a core in the minute before (the load average); well below one on a quiet machine.
    """

    tools: str
    storage_driver: str
    kernel: str
    architecture: str
    cores: int
    memory: int
    python: str
    bases: tuple[Base, ...]
    day: str
    load: float


def here(bases: Iterable[str] = ()) -> Machine:
    """Where and when this is; call it before the measuring begins, since measuring is a load too.

    Args:
        bases: the base images that take part.
    """
    info, run = engine.connect().info(), engine.provenance(bases)
    return Machine(
        tools=engine.preflight(),
        storage_driver=run.storage_driver,
        kernel=_number(info["KernelVersion"]),
        architecture=run.architecture,
        cores=info["NCPU"],
        memory=info["MemTotal"],
        python=platform.python_version(),
        bases=run.bases,
        day=run.day,
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def _number(release: str) -> str:
    """The number that a kernel's release begins with: what follows it may name the machine."""
    found = re.match(r"[\d.]*\d", release)
    return found[0] if found else ""
