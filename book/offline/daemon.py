"""A private Docker engine, for a Debian or Ubuntu machine that has none.

One per machine, whichever clone started it: two engines would fight over the same iptables chains. Its socket,
pid file and state are in `RUN`; its programs, images and log are in the `.engine` folder of the clone that owns it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import docker

from ..engine import address
from ..engine.plugins import forget_tools
from ..places import HOME, PRIVATE_SOCKET
from ..progress import Step
from . import debian
from .owner import RUN, Owner, end, owner_of_engine
from .remains import BRIDGE, as_it_was, make_bridge, remove_remains, restore_network

# Room for thousands of networks; the default pool ends at about 28. In the file, not on the command line: an engine that
# reloads its settings forgets a pool that was given there.
SETTINGS = {
    "default-address-pools": [{"base": "172.28.0.0/14", "size": 26}],
    "builder": {"gc": {"enabled": True, "defaultKeepStorage": "10GB"}},  # what Compose's builds keep; by default a share of the disk
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "2"},  # of each container: one that prints without end fills no disk
}
_SUITE = "forky"  # the first Debian suite with Engine 28 and a buildx new enough for Compose 5
_ENGINE_PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini-static")
_TOOL_PACKAGES = ("docker-cli", "docker-buildx")  # of these, what a clone needs that did not start the engine
_SYSTEM_PACKAGES = ("runc", "iptables", "iproute2")  # the system's own: newer ones want a newer C library
_START_SECONDS = 60


class NoEngine(Exception):
    """No private engine can be had here; the message says why."""


def possible() -> str | None:
    """None where a private engine can be started here, else the reason why not."""
    if os.environ.get("BOOK_ENGINE") == "off":
        return "BOOK_ENGINE=off forbids a private engine"
    if debian.distribution() not in ("debian", "ubuntu"):
        return "a private engine is only started on Debian or Ubuntu"
    if os.geteuid() != 0:
        return "a private engine can only be started by root"
    return None


def start(step: Step) -> str:
    """Start the private engine, or find it running, and return its address.

    Raises:
        NoEngine: where it cannot be had; the message carries the end of the engine's own log.
    """
    reason = possible()
    if reason:
        raise NoEngine(reason)
    with _lock():
        if not answers():
            _fetch(step)
            killed = owner_of_engine()
            remove_remains(killed)  # only now: iptables may have come with what was fetched
            _launch(step, killed)
    return f"unix://{PRIVATE_SOCKET}"


def answers() -> bool:
    """Whether the private engine answers on its socket now."""
    if not PRIVATE_SOCKET.exists():
        return False
    try:
        client = docker.DockerClient(base_url=f"unix://{PRIVATE_SOCKET}", timeout=5)
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False


def in_use() -> bool:
    """Whether the engine in use is the private one, whichever clone started it."""
    return address() == f"unix://{PRIVATE_SOCKET}"


def fetch_tools(step: Step) -> None:
    """Fetch the tools beside the private engine into this clone, which found it running and has none of its programs.

    Raises:
        NoEngine: where they cannot be had.
    """
    _fetch_packages(_TOOL_PACKAGES, step)
    forget_tools()


def is_ours() -> bool:
    """Whether the private engine belongs to this clone, or to one whose folder is gone."""
    owner = owner_of_engine()
    return owner is not None and (owner.home == str(HOME) or not Path(owner.home).exists())


def stop() -> None:
    """End the engine of this clone by its pid, and take away all that it put on the machine."""
    owner = owner_of_engine()
    if owner is None or not is_ours():
        return
    with _lock():
        end(owner)
        remove_remains(owner)
        restore_network(owner)
        shutil.rmtree(RUN, ignore_errors=True)


def _fetch(step: Step) -> None:
    try:
        debian.install(_SYSTEM_PACKAGES, say=step.note)
    except debian.NoPackages as problem:
        raise NoEngine(str(problem)) from problem
    if not _program("dockerd").exists():
        _fetch_packages(_ENGINE_PACKAGES, step)


def _fetch_packages(names: Sequence[str], step: Step) -> None:
    try:
        debian.fetch(names, HOME, _SUITE if debian.distribution() == "debian" else None, bar=step)
    except debian.NoPackages as problem:
        raise NoEngine(str(problem)) from problem


def _program(name: str) -> Path:
    usr = HOME / "root/usr"
    return next((p for p in (usr / "sbin" / name, usr / "bin" / name) if p.exists()), usr / "bin" / name)


def _launch(step: Step, killed: Owner | None) -> None:
    RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
    ip_forward, had_chains = as_it_was(killed)
    make_bridge()
    (HOME / "daemon.json").write_text(json.dumps(SETTINGS))  # and the machine's own /etc/docker/daemon.json stays out of it
    command = [
        str(_program("dockerd")),
        f"--host=unix://{PRIVATE_SOCKET}",
        f"--config-file={HOME / 'daemon.json'}",
        f"--data-root={HOME / 'data'}",
        f"--exec-root={RUN / 'exec'}",
        f"--pidfile={RUN / 'dockerd.pid'}",
        f"--bridge={BRIDGE}",
        "--ip-forward-no-drop",
        f"--userland-proxy-path={_program('docker-proxy')}",
        f"--init-path={_program('tini-static')}",
    ]
    path = f"{HOME / 'root/usr/sbin'}:{HOME / 'root/usr/bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
    with open(HOME / "dockerd.log", "ab") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in our terminal is not meant for the engine
        )
    owner = Owner(str(HOME), process.pid, ip_forward, had_chains)
    (RUN / "owner.json").write_text(json.dumps(asdict(owner)))
    deadline = time.monotonic() + _START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            end(owner)
            raise NoEngine(f"the private engine did not start; its log ends with:\n{_log_tail()}")
        step(min(step.seconds, 9), 10, "starting the engine")
        time.sleep(0.1)
    PRIVATE_SOCKET.chmod(0o600)


def _log_tail() -> str:
    return "\n".join((HOME / "dockerd.log").read_text(errors="replace").splitlines()[-8:])


@contextmanager
def _lock() -> Iterator[None]:
    """One command at a time starts or ends the engine."""
    with open(f"{RUN}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
