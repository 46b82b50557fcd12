"""The engine of Debian's stable release, which is older than the private one."""

from __future__ import annotations

from pathlib import Path

from ..places import HOME
from ..progress import Step
from . import daemon, debian, second
from .namespace import Namespace
from .second import Launch

_SUITE = "trixie"  # Engine 26.1
_PACKAGES = ("docker.io", "docker-cli", "containerd")
_HOME = HOME / "debian"


def possible() -> str | None:
    """None if this engine can be started here, else the reason why not."""
    return None if debian.distribution() == "debian" else f"the packages of Debian {_SUITE} are only used on Debian"


def fetch(step: Step) -> None:
    """Download its programs into this clone, if they are not there.

    Raises:
        NoEngine: if they are not available.
    """
    if daemon.program("dockerd", _HOME / "root").exists():
        return
    try:
        debian.fetch(_PACKAGES, _HOME, _SUITE, bar=step)
    except debian.NoPackages as problem:
        raise daemon.NoEngine(str(problem)) from problem


def launch(own: Namespace, home: Path) -> Launch:
    """Start the engine in a network namespace, and do not wait for it."""
    return second.dockerd(own, home, daemon.settings("overlay2"), _HOME / "root")
