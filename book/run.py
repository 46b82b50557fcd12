"""This run: the labels that everything of ours carries, and the removal of what dead runs left."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import docker
import psutil
from docker.errors import APIError, NotFound

from .engine import HOME

LABEL = "org.docker-recipes"


def _process(pid: int) -> str:
    return f"{pid}-{int(psutil.Process(pid).create_time())}"


MACHINE = f"{uuid.getnode():012x}"
RUN = f"{os.getpid():x}{int(datetime.now(UTC).timestamp()) & 0xFFFFF:05x}"
_PROCESS = _process(os.getpid())
_NOTES = HOME / "made"  # one file for each process, with the ids of the images that it made without a label


def labels(recipe: str) -> dict[str, str]:
    """Labels for everything that this process makes for `recipe`."""
    return {
        LABEL: RUN,
        f"{LABEL}.recipe": recipe,
        f"{LABEL}.machine": MACHINE,
        f"{LABEL}.process": _PROCESS,
        f"{LABEL}.started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def note_images(ids: Iterable[str]) -> None:
    """Write down images that cannot carry our label: the SDK's builder labels only the last step of the last stage."""
    _NOTES.mkdir(parents=True, exist_ok=True)
    with open(_NOTES / _PROCESS, "a") as notes:
        notes.writelines(f"{image}\n" for image in ids)


@dataclass
class Removed:
    """What was taken away, by kind."""

    containers: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)


def reap(client: docker.DockerClient, everything: bool = False, only: str | None = None) -> Removed:
    """Remove what is ours and no living process of this machine needs.

    Args:
        client: the engine.
        everything: also what living runs hold (for `make clean`).
        only: remove just what the run with this id holds, living or not.
    """
    removed = Removed()
    listed = {"all": True, "filters": {"label": f"{LABEL}={only}" if only else LABEL}}
    for container in client.containers.list(ignore_removed=True, **listed):
        if everything or only or not _alive(container.labels):
            _quietly(container.remove, force=True, v=True)
            removed.containers.append(container.name)
    for kind, collection in (("networks", client.networks), ("volumes", client.volumes)):
        for thing in collection.list(filters=listed["filters"]):
            if everything or only or not _alive(thing.attrs.get("Labels") or {}):
                _quietly(thing.remove)
                getattr(removed, kind).append(thing.name)
    # Parents follow their children: a classic build leaves a chain of untagged images with our label.
    # (The SDK's own list looks at each image once more, and stumbles where another run has taken one away meanwhile.)
    for image in client.api.images(**listed):
        if everything or only or not _alive(image["Labels"] or {}):
            _quietly(client.images.remove, image["Id"], force=True)
            removed.images.append(image["Id"])
    for notes in _NOTES.glob("*"):
        if everything or (notes.name == _PROCESS if only else not _lives(notes.name)):
            removed.images += [image for image in reversed(notes.read_text().split()) if _remove_untagged(client, image)]
            notes.unlink(missing_ok=True)
    return removed


def _remove_untagged(client: docker.DockerClient, image: str) -> bool:
    """Remove a step's image; a base image stands in the same log, and keeps its name and its place."""
    try:
        if not client.images.get(image).tags:
            client.images.remove(image)
            return True
    except (NotFound, APIError):
        pass
    return False


def _alive(found: dict[str, str]) -> bool:
    """Whether the process that made the thing still lives; on another machine nobody can tell, so it stays."""
    if found.get(f"{LABEL}.machine") != MACHINE:
        return True
    return _lives(found.get(f"{LABEL}.process", ""))


def _lives(process: str) -> bool:
    try:
        return _process(int(process.partition("-")[0])) == process
    except (ValueError, psutil.NoSuchProcess):
        return False


def _quietly(remove: Callable[..., object], *arguments: object, **options: object) -> None:
    """Another run may take the same thing away first, and an image may be in use: neither is our trouble."""
    try:
        remove(*arguments, **options)
    except (NotFound, APIError):
        pass
