"""A second engine beside the private one, for tests on another store of images. It ends with the block that started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from .. import engine
from ..places import HOME
from ..progress import Step
from . import daemon, namespace, remains
from .namespace import Namespace
from .owner import Owner, end

_CGROUPS = Path("/sys/fs/cgroup")
_LOAD_SECONDS = 600
_EMPTY_SECONDS = 10  # until a control group has no more processes


@dataclass(frozen=True)
class Second:
    """A second engine that runs.

    Attributes:
        host: its address, as `DOCKER_HOST` takes it.
        inside: the start of a command that is to run in its network: there, 127.0.0.1 has the ports that it publishes.
        log: the log of its dockerd.
    """

    host: str
    inside: tuple[str, ...]
    log: Path


def possible() -> str | None:
    """None if a second engine can be started beside the engine in use, else the reason why not."""
    if reason := daemon.possible():
        return reason
    return None if daemon.in_use() else "the engine in use is not this project's private one"


@contextmanager
def started(store: daemon.Store, step: Step, images: Iterable[str] = ()) -> Iterator[Second]:
    """Start a second engine with a network of its own; at the end, remove it and everything on it.

    Args:
        store: where it stores images.
        step: shows how far it is.
        images: names of images to copy to it from the engine in use.

    Raises:
        NoEngine: if it does not start; the message includes the end of its log.
        NoNamespace: if it can have no network of its own.
        DockerException: if an image cannot be copied.
    """
    remove_dead()
    daemon.fetch(step)
    with namespace.made() as own:
        process = None
        try:
            process = _spawn(own, store)
            socket, log = own.folder / "docker.sock", _link(own).resolve() / "dockerd.log"
            daemon.wait(process, socket, log, step)
            _copy(images, f"unix://{socket}", step)
            yield Second(f"unix://{socket}", own.inside, log)
        finally:
            _remove(own)
            if process:
                process.kill()  # if it was interrupted before it became dockerd
                process.wait()


def remove_dead() -> None:
    """Remove the second engines that runs left when they were killed."""
    for one in namespace.dead():
        _remove(one)
        namespace.remove(one)


def _spawn(own: Namespace, store: daemon.Store) -> subprocess.Popen[bytes]:
    home = HOME / own.folder.name
    _link(own).symlink_to(home)  # so that the next run finds it if this one is killed
    home.mkdir(parents=True)
    options = [f"--cgroup-parent=/{own.folder.name}"]
    process = daemon.spawn(own.folder, home, daemon.settings(store), options, own.network)
    _pid(own).write_text(str(process.pid))
    return process


def _copy(images: Iterable[str], host: str, step: Step) -> None:
    client = docker.DockerClient(base_url=host, timeout=_LOAD_SECONDS)
    for reference in images:
        step(9, 10, f"copying {reference}")
        stream: Any = engine.connect().images.get(reference).save(named=True)  # the SDK can load it, only its types do not say so
        client.images.load(stream)
    client.close()


def _link(own: Namespace) -> Path:
    return own.folder / "home"


def _pid(own: Namespace) -> Path:
    return own.folder / "pid"


def _remove(own: Namespace) -> None:
    """End an engine and its containers, and remove its mounts, control groups and folders."""
    home = Path(os.path.realpath(_link(own)))
    with suppress(OSError, ValueError):
        pid = int(_pid(own).read_text())
        end(Owner(str(home.parent), pid, ip_forward="", had_chains=True))  # the folder that contains its programs, too
    remains.end_shims(own.folder / "exec")
    for group in _groups(own.folder.name):
        _end_all(group)
    remains.unmount_below(own.folder, home)
    if _link(own).is_symlink():
        with suppress(OSError, ValueError):  # the notes on what was built on it
            shutil.rmtree(home.parent / "steps" / str(uuid.UUID((home / "data/engine-id").read_text().strip())))
        shutil.rmtree(home, ignore_errors=True)


def _groups(name: str) -> list[Path]:
    """The control groups of an engine: one for each kind of limit, or a single one in a newer Linux."""
    return [group for group in (_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")) if group.is_dir()]


def _end_all(group: Path) -> None:
    """Kill what still runs in a control group and in those below it, and remove them."""
    deadline = time.monotonic() + _EMPTY_SECONDS
    while group.exists() and time.monotonic() < deadline:
        for listed in group.rglob("cgroup.procs"):
            with suppress(OSError):
                for pid in map(int, listed.read_text().split()):
                    os.kill(pid, signal.SIGKILL)
        for folder in sorted((path for path in (group, *group.rglob("*")) if path.is_dir()), key=lambda path: -len(path.parts)):
            with suppress(OSError):  # it still has a process, or a group below it
                folder.rmdir()
        if group.exists():
            time.sleep(0.1)
