"""The kinds of engines on which the book is tried. Each runs beside the private one, and ends with the block that started it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..progress import Step
from . import daemon, debian_engine, podman, rootless, second
from .namespace import Namespace
from .second import Launch, Second


class Kind(StrEnum):
    """A kind of engine."""

    CONTAINERD = "containerd"  # the private engine's version, with images in containerd
    OVERLAY2 = "overlay2"  # the same version, with images in Docker's own store
    DEBIAN = "debian"  # the older version in Debian's stable release
    ROOTLESS = "rootless"  # the private engine's version, run by a user that is not root
    PODMAN = "podman"  # Podman's Docker API, which has no BuildKit


@dataclass(frozen=True)
class _Way:
    """How a kind of engine is started.

    Attributes:
        possible: None if it can be started here, else the reason why not.
        fetch: downloads its programs, if they are not there.
        launch: starts it in a network namespace, with a folder for its images and its log.
    """

    possible: Callable[[], str | None]
    fetch: Callable[[Step], None]
    launch: Callable[[Namespace, Path], Launch]


def _with_store(store: daemon.Store) -> _Way:
    return _Way(lambda: None, daemon.fetch, lambda own, home: second.dockerd(own, home, daemon.settings(store)))


_WAYS: Mapping[Kind, _Way] = {
    Kind.CONTAINERD: _with_store("containerd"),
    Kind.OVERLAY2: _with_store("overlay2"),
    Kind.DEBIAN: _Way(debian_engine.possible, debian_engine.fetch, debian_engine.launch),
    Kind.ROOTLESS: _Way(rootless.possible, rootless.fetch, rootless.launch),
    Kind.PODMAN: _Way(podman.possible, podman.fetch, podman.launch),
}


def possible(kind: Kind) -> str | None:
    """None if an engine of this kind can be started beside the engine in use, else the reason why not."""
    return second.possible() or _WAYS[kind].possible()


@contextmanager
def started(kind: Kind, step: Step, images: Iterable[str] = ()) -> Iterator[Second]:
    """Start an engine of a kind with a network of its own; at the end, remove it and everything on it.

    Its programs stay in `.engine`, so that the next start needs no download.

    Args:
        kind: of the engine.
        step: shows how far it is.
        images: names of images to copy to it from the engine in use.

    Raises:
        NoEngine: if its programs are not available, or it does not start; the message includes the end of its log.
        NoNamespace: if it can have no network of its own.
        DockerException: if an image cannot be copied.
    """
    daemon.fetch(step)  # each needs the system packages, and most a program of these
    _WAYS[kind].fetch(step)
    with second.running(_WAYS[kind].launch, step, images) as one:
        yield one
