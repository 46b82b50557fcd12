"""A second engine beside the private one, for tests on another store of images. It ends with the block that started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import psutil

from .. import engine
from ..engine.labels import process_name
from ..places import HOME
from ..progress import Step
from . import daemon, namespace, remains
from .namespace import Namespace
from .owner import Owner, end, lives

_CGROUPS = Path("/sys/fs/cgroup")
_LOAD_SECONDS = 600
_EMPTY_SECONDS = 10  # until a control group has no more processes
_KILLED_SECONDS = 20  # until Linux has ended everything in a process namespace


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


@dataclass(frozen=True)
class Launch:
    """An engine that was started and may not respond yet.

    Attributes:
        process: the engine, or the process that is killed to end it and everything in its process namespace.
        socket: where it will respond.
        user: the rest of the start of a command that is to run in its network, if the engine is another user's.
    """

    process: subprocess.Popen[bytes]
    socket: Path
    user: tuple[str, ...] = ()


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
    daemon.fetch(step)
    with running(lambda own, home: dockerd(own, home, daemon.settings(store)), step, images) as one:
        yield one


@contextmanager
def running(launch: Callable[[Namespace, Path], Launch], step: Step, images: Iterable[str] = ()) -> Iterator[Second]:
    """Run an engine of any kind in a network namespace of its own; at the end, remove it and everything on it.

    Args:
        launch: starts the engine, and does not wait for it; takes the namespace, and the folder for its images and its `log`.
        step: shows how far it is.
        images: names of images to copy to it from the engine in use.

    Raises:
        NoEngine: if it does not start; the message includes the end of its log.
        NoNamespace: if it can have no network of its own.
        DockerException: if an image cannot be copied.
    """
    remove_dead()
    with namespace.made() as own:
        launched = None
        try:
            home = HOME / own.folder.name
            _link(own).symlink_to(home)  # so that the next run finds it if this one is killed
            home.mkdir(parents=True)
            launched = launch(own, home)
            _pid(own).write_text(process_name(launched.process.pid))
            daemon.wait(launched.process, launched.socket, log(home), step)
            _copy(images, f"unix://{launched.socket}", step)
            yield Second(f"unix://{launched.socket}", (*own.inside, *launched.user), log(home))
        finally:
            _remove(own)
            if launched:
                launched.process.kill()  # if it was interrupted before it became dockerd
                launched.process.wait()


def remove_dead() -> None:
    """Remove the second engines that runs left when they were killed."""
    for one in namespace.dead():
        _remove(one)
        namespace.remove(one)


def dockerd(own: Namespace, home: Path, settings: Mapping[str, Any], programs: Path | None = None) -> Launch:
    """Start dockerd in a network namespace.

    Args:
        own: the namespace.
        home: the folder for its images and its log.
        settings: its settings.
        programs: the folder with the programs of another version; those of the private engine by default.
    """
    options = [f"--cgroup-parent=/{own.folder.name}"]
    return Launch(daemon.spawn(own.folder, home, settings, options, own.network, programs), own.folder / "docker.sock")


def log(home: Path) -> Path:
    """The file with an engine's log."""
    return home / "dockerd.log"


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
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        _end(_pid(own).read_text(), home.parent)
    remains.end_shims(own.folder / "exec")
    for group in _groups(own.folder.name):
        _end_all(group)
    remains.unmount_below(own.folder, home)
    if _link(own).is_symlink():
        with suppress(OSError, ValueError):  # the notes on what was built on it
            shutil.rmtree(home.parent / "steps" / str(uuid.UUID((home / "data/engine-id").read_text().strip())))
        shutil.rmtree(home, ignore_errors=True)


def _end(name: str, programs: Path) -> None:
    """End an engine: dockerd with SIGTERM, so that it can clean up; the process around a process namespace with SIGKILL.

    Args:
        name: of its process, as `process_name` gives it; another process with that pid is not ended.
        programs: a folder that contains the program of a dockerd.
    """
    pid = int(name.partition("-")[0])
    if process_name(pid) != name:
        return
    owner = Owner(str(programs), pid, ip_forward="", had_chains=True)
    if lives(owner):
        end(owner)
        return
    inside = psutil.Process(pid).children()  # process 1 of the namespace: Linux ends all others with it
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs(inside, _KILLED_SECONDS)


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
