"""This run: the labels that everything of ours carries, and the removal of what dead runs left."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import docker
import psutil
from docker.errors import APIError, NotFound

LABEL = "org.docker-recipes"


def _process(pid: int) -> str:
    return f"{pid}-{int(psutil.Process(pid).create_time())}"


MACHINE = f"{uuid.getnode():012x}"
RUN = f"{os.getpid():x}{int(datetime.now(UTC).timestamp()) & 0xFFFFF:05x}"
_PROCESS = _process(os.getpid())


def labels(recipe: str) -> dict[str, str]:
    """Labels for everything that this process makes for `recipe`."""
    return {
        LABEL: RUN,
        f"{LABEL}.recipe": recipe,
        f"{LABEL}.machine": MACHINE,
        f"{LABEL}.process": _PROCESS,
        f"{LABEL}.started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


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
    for container in client.containers.list(**listed):
        if everything or only or not _alive(container.labels):
            _quietly(container.remove, force=True, v=True)
            removed.containers.append(container.name)
    for kind, collection in (("networks", client.networks), ("volumes", client.volumes)):
        for thing in collection.list(filters=listed["filters"]):
            if everything or only or not _alive(thing.attrs.get("Labels") or {}):
                _quietly(thing.remove)
                getattr(removed, kind).append(thing.name)
    # Parents follow their children: a classic build leaves a chain of untagged images with our label.
    for image in client.images.list(**listed):
        if everything or only or not _alive(image.labels):
            _quietly(client.images.remove, image.id, force=True)
            removed.images.append(image.id)
    return removed


def _alive(found: dict[str, str]) -> bool:
    """Whether the process that made the thing still lives; on another machine nobody can tell, so it stays."""
    if found.get(f"{LABEL}.machine") != MACHINE:
        return True
    pid = found.get(f"{LABEL}.process", "0-0").partition("-")[0]
    return pid.isdigit() and psutil.pid_exists(int(pid)) and _process(int(pid)) == found[f"{LABEL}.process"]


def _quietly(remove, *arguments, **options) -> None:
    """Another run may take the same thing away first, and an image may be in use: neither is our trouble."""
    try:
        remove(*arguments, **options)
    except (NotFound, APIError):
        pass
