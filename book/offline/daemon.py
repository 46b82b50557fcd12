"""A private Docker engine, for a Debian or Ubuntu machine that has none.

There is one per machine, for all clones: two engines would overwrite each other's iptables chains. Its socket,
pid file and state are in `RUN`; its programs, images and log are in the `.engine` folder of the clone that owns it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import docker
from filelock import FileLock

from ..engine import address, storage
from ..engine.plugins import forget_tools
from ..places import HOME, PRIVATE_SOCKET
from ..progress import Step
from ..trouble import Trouble
from . import debian, remains
from .owner import RUN, Owner, end, owner_of_engine
from .owner import is_ours as belongs_here

# Room for thousands of networks; the default pool ends at about 28. In the file, because an engine that reloads its settings
# drops a pool from the command line.
SETTINGS = {
    "default-address-pools": [{"base": "172.28.0.0/14", "size": 26}],
    "builder": {"gc": {"enabled": True, "defaultKeepStorage": "10GB"}},  # the cache of Compose's builds; by default a share of the disk
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "2"},  # of each container: endless output must not fill the disk
}
Store = Literal["overlay2", "containerd"]
_STORES: Mapping[Store, Mapping[str, Any]] = {
    "overlay2": {"storage-driver": "overlay2", "features": {"containerd-snapshotter": False}},
    "containerd": {"features": {"containerd-snapshotter": True}},
}
_SUITE = "forky"  # the first Debian suite with Engine 28 and a buildx new enough for Compose 5
_ENGINE_PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini-static")
_TOOL_PACKAGES = ("docker-cli", "docker-buildx")  # those that a clone needs if another one started the engine
_SYSTEM_PACKAGES = ("runc", "iptables", "iproute2")  # from the system: newer ones need a newer C library
_START_SECONDS = 60
_LOCK = f"{RUN}.lock"  # one command at a time starts or ends the engine


class NoEngine(Trouble):
    """No private engine is available here; the message says why."""


def possible() -> str | None:
    """None if a private engine can be started here, else the reason why not."""
    if os.environ.get("BOOK_ENGINE") == "off":
        return "BOOK_ENGINE=off forbids a private engine"
    if debian.distribution() not in ("debian", "ubuntu"):
        return "a private engine is only started on Debian or Ubuntu"
    if os.geteuid() != 0:
        return "a private engine can only be started by root"
    return None


def store() -> Store:
    """Where a private engine stores its images: as a new installation of Docker does, unless `BOOK_STORE` names another store.

    Raises:
        NoEngine: if there is no store of that name.
    """
    chosen = os.environ.get("BOOK_STORE") or "containerd"
    found = next((known for known in _STORES if known == chosen), None)
    if not found:
        raise NoEngine(f"BOOK_STORE={chosen} names no image store: set it to {' or '.join(_STORES)}")
    return found


def stores_elsewhere() -> str | None:
    """Why the private engine that runs is not the one that `BOOK_STORE` asks for; None if it is."""
    if not os.environ.get("BOOK_STORE") or storage().startswith(store()):
        return None
    return f"The private engine runs with the image store {storage()}, and BOOK_STORE={store()}: run `make clean`, and then this again."


def settings(images: Store) -> dict[str, Any]:
    """The settings of the private engine, with images in a certain store."""
    return {**SETTINGS, **_STORES[images]}


def start(step: Step) -> str:
    """Start the private engine if it does not run, and return its address.

    Raises:
        NoEngine: if it does not start; the message includes the end of the engine's log.
    """
    reason = possible()
    if reason:
        raise NoEngine(reason)
    with FileLock(_LOCK):
        if not answers():
            fetch(step)
            killed = owner_of_engine()
            remains.remove_remains(killed)  # after the fetch, which may have installed iptables
            _launch(step, killed)
    return f"unix://{PRIVATE_SOCKET}"


def answers(socket: Path | None = None) -> bool:
    """Whether an engine responds now.

    Args:
        socket: its socket; that of the private engine by default.
    """
    socket = socket or PRIVATE_SOCKET
    if not socket.exists():
        return False
    try:
        client = docker.DockerClient(base_url=f"unix://{socket}", timeout=5)
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False


def in_use() -> bool:
    """Whether the engine in use is the private one, of this clone or another."""
    return address() == f"unix://{PRIVATE_SOCKET}"


def fetch_tools(step: Step) -> None:
    """Download the command-line tools into this clone, if another clone started the private engine.

    Raises:
        NoEngine: if they are not available.
    """
    _fetch_packages(_TOOL_PACKAGES, step)
    forget_tools()


def is_ours() -> bool:
    """Whether the private engine belongs to this clone, or to a clone whose folder no longer exists."""
    owner = owner_of_engine()
    return owner is not None and belongs_here(owner)


def stop() -> None:
    """End the engine of this clone, and remove everything that it put on the machine."""
    if is_ours():
        with FileLock(_LOCK):
            remains.stop()


def fetch(step: Step) -> None:
    """Download the programs of the private engine into this clone, if they are not there.

    Raises:
        NoEngine: if they are not available.
    """
    try:
        debian.install(_SYSTEM_PACKAGES, say=step.note)
    except debian.NoPackages as problem:
        raise NoEngine(str(problem)) from problem
    if not program("dockerd").exists():
        _fetch_packages(_ENGINE_PACKAGES, step)


def _fetch_packages(names: Sequence[str], step: Step) -> None:
    try:
        debian.fetch(names, HOME, _SUITE if debian.distribution() == "debian" else None, bar=step)
    except debian.NoPackages as problem:
        raise NoEngine(str(problem)) from problem


def program(name: str, programs: Path | None = None) -> Path:
    """A program of Debian's packages that were unpacked into this clone.

    Args:
        name: of the program.
        programs: the folder that they were unpacked into; that of the private engine by default.
    """
    usr = (programs or HOME / "root") / "usr"
    return next((p for p in (usr / "sbin" / name, usr / "bin" / name) if p.exists()), usr / "bin" / name)


def _launch(step: Step, killed: Owner | None) -> None:
    RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
    ip_forward, had_chains = remains.as_it_was(killed)
    remains.make_bridge()
    process = spawn(RUN, HOME, settings(store()))
    owner = Owner(str(HOME), process.pid, ip_forward, had_chains)
    (RUN / "owner.json").write_text(json.dumps(asdict(owner)))
    try:
        wait(process, PRIVATE_SOCKET, HOME / "dockerd.log", step)
    except NoEngine:
        end(owner)
        raise


def spawn(
    run: Path,
    home: Path,
    chosen: Mapping[str, Any],
    options: Sequence[str] = (),
    inside: Sequence[str] = (),
    programs: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start dockerd, and do not wait until it responds.

    Args:
        run: the folder for its socket, pid file and state.
        home: the folder for its settings, images and log.
        chosen: its settings.
        options: more options of dockerd.
        inside: the start of a command that runs in a network namespace.
        programs: the folder with the programs of another version, which may be older; those of the private engine by default.
    """
    (home / "daemon.json").write_text(json.dumps(chosen))  # instead of the machine's /etc/docker/daemon.json
    programs = programs or HOME / "root"
    command = [
        *inside,
        str(program("dockerd", programs)),
        f"--host=unix://{run / 'docker.sock'}",
        f"--config-file={home / 'daemon.json'}",
        f"--data-root={home / 'data'}",
        f"--exec-root={run / 'exec'}",
        f"--pidfile={run / 'dockerd.pid'}",
        f"--bridge={remains.BRIDGE}",
        *(["--ip-forward-no-drop"] if programs == HOME / "root" else []),  # an older engine does not know it
        f"--userland-proxy-path={program('docker-proxy', programs)}",
        f"--init-path={program('tini-static')}",
        *options,
    ]
    path = f"{programs / 'usr/sbin'}:{programs / 'usr/bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
    with open(home / "dockerd.log", "ab") as log:
        return subprocess.Popen(
            command,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal must not stop the engine
        )


def wait(process: subprocess.Popen[bytes], socket: Path, log: Path, step: Step) -> None:
    """Wait until a dockerd responds; then only its owner can use its socket.

    Raises:
        NoEngine: if it ends, or does not respond in time; the message includes the end of its log.
    """
    deadline = time.monotonic() + _START_SECONDS
    while not answers(socket):
        if process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
            raise NoEngine(f"the private engine did not start; its log ends with:\n{last}")
        step(min(step.seconds, 9), 10, "starting the engine")
        time.sleep(0.1)
    socket.chmod(0o600)
