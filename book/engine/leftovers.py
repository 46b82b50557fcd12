"""The removal of what runs that have ended left on the engine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import docker
import psutil
from docker.errors import APIError, NotFound

from ..places import HOME
from .client import EngineMissing, connect
from .labels import LABEL, MACHINE, PROCESS, RUN, process_name
from .words import OF_THE_ENGINE

_OF_A_STEP = ":container"
_CUT_OFF_SECONDS = 5  # in which the engine gives up a build whose client is gone
_NOTES = HOME / "steps"  # for each engine a folder, in it a file for each process, with the ids of the images that it made without a label


def labels(recipe: str) -> dict[str, str]:
    """Labels for everything that this process makes for `recipe`. Before the first thing is made, what dead runs left goes."""
    _reap_once()
    return {
        LABEL: RUN,
        f"{LABEL}.recipe": recipe,
        f"{LABEL}.machine": MACHINE,
        f"{LABEL}.process": PROCESS,
        f"{LABEL}.started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def note_images(ids: Iterable[str]) -> None:
    """Write down images that cannot carry our label: the SDK's builder labels only the last step of the last stage."""
    _note(f"{image}\n" for image in ids)


def note_containers(ids: Iterable[str]) -> None:
    """Write down the containers of a build's steps; they carry no label of ours, and stay where a build is cut off."""
    _note(f"{container}{_OF_A_STEP}\n" for container in ids)


def _note(lines: Iterable[str]) -> None:
    lines = list(lines)
    if lines:
        place = _notes_of(connect())
        place.mkdir(parents=True, exist_ok=True)
        with open(place / PROCESS, "a") as notes:
            notes.writelines(lines)


@cache
def _notes_of(client: docker.DockerClient) -> Path:
    """Where the notes on an engine are: what was made on one is not looked for on another."""
    return _NOTES / re.sub(r"\W", "-", client.info()["ID"])


@cache
def _reap_once() -> None:
    with suppress(EngineMissing, *OF_THE_ENGINE):  # what is made next will tell of it
        reap(connect())


@dataclass
class Removed:
    """What was taken away, by kind, and what the engine would not give up, with its words."""

    containers: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def take(self, kind: str, name: str, remove: Callable[..., object], *arguments: object, **options: object) -> None:
        """Remove one thing, and write down how that went. Another run may take it away first: that is nobody's trouble."""
        try:
            remove(*arguments, **options)
        except NotFound:
            pass
        except APIError as problem:
            self.kept.append(f"{kind.removesuffix('s')} {name}: {problem.explanation}")
        else:
            getattr(self, kind).append(name)

    def counted(self) -> dict[str, int]:
        """How many of each kind were taken away."""
        return {kind: len(things) for kind, things in vars(self).items() if kind != "kept"}


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
            removed.take("containers", container.name, container.remove, force=True, v=True)
    for kind, collection in (("networks", client.networks), ("volumes", client.volumes)):
        for thing in collection.list(filters=listed["filters"]):
            if everything or only or not _alive(thing.attrs.get("Labels") or {}):
                removed.take(kind, thing.name, thing.remove)
    # Parents follow their children: a classic build leaves a chain of untagged images with our label.
    # (The SDK's own list looks at each image once more, and stumbles where another run has taken one away meanwhile.)
    for image in client.api.images(**listed):
        if everything or only or not _alive(image["Labels"] or {}):
            removed.take("images", image["Id"], client.images.remove, image["Id"], force=True)
    for notes in _notes_of(client).glob("*"):
        if everything or (notes.name == PROCESS if only else not _lives(notes.name)):
            made = _noted(notes)
            for step in (entry.removesuffix(_OF_A_STEP) for entry in made if entry.endswith(_OF_A_STEP)):
                with suppress(APIError):  # gone, or on its way
                    client.api.remove_container(step, force=True, v=True)
            steps = list(dict.fromkeys(entry for entry in reversed(made) if not entry.endswith(_OF_A_STEP)))
            images = steps if only else [*_unnoted(client, steps), *steps]
            deadline = time.monotonic() + _CUT_OFF_SECONDS
            while True:
                kept = [image for image in images if not _remove_untagged(client, image, removed)]
                if not kept or time.monotonic() > deadline:
                    break
                images = kept
                time.sleep(0.2)
            if kept:  # another build stands on them: a later run takes them away
                notes.write_text("".join(f"{image}\n" for image in reversed(kept)))
            else:
                notes.unlink(missing_ok=True)
    return removed


def _noted(notes: Path) -> list[str]:
    """What a process noted; nothing where another run has done what is to be done, and taken the file away."""
    with suppress(FileNotFoundError):
        return notes.read_text().split()
    return []


def _unnoted(client: docker.DockerClient, steps: list[str]) -> list[str]:
    """What stands on the steps of a dead run and in nobody's notes, children first: it was ended before it wrote its last step down."""
    untagged = [image for image in client.api.images(all=True) if not set(image["RepoTags"] or []) - {"<none>:<none>"}]
    untagged = [image for image in untagged if not _lives((image["Labels"] or {}).get(f"{LABEL}.process", ""))]
    noted = {note for notes in _notes_of(client).glob("*") for note in _noted(notes)}
    found: list[str] = []
    parents = {image["Id"] for image in untagged if image["Id"][7:19] in steps}
    while parents:
        above = [image["Id"] for image in untagged if image.get("ParentId") in parents and image["Id"][7:19] not in noted]
        found, parents = [*above, *found], set(above)
    return found


def _remove_untagged(client: docker.DockerClient, image: str, removed: Removed) -> bool:
    """Remove a step's image, and say whether nothing is left to do; a base image stands in the same log, and keeps its place.

    A base that is pinned by its digest has no tag.
    """
    try:
        found = client.images.get(image)
        pinned = [name for name in found.attrs.get("RepoDigests") or [] if not name.startswith("<none>")]
        if not found.tags and not pinned:
            client.images.remove(image)
            removed.images.append(image)
    except NotFound:
        pass
    except APIError:
        return False
    return True


def _alive(found: dict[str, str]) -> bool:
    """Whether the process that made the thing still lives; where nobody can tell, it stays.

    That is so on another machine, and of a build's step that has some of our labels and not yet all: each is a step of its own.
    """
    if found.get(f"{LABEL}.machine") != MACHINE or f"{LABEL}.process" not in found:
        return True
    return _lives(found.get(f"{LABEL}.process", ""))


def _lives(process: str) -> bool:
    try:
        return process_name(int(process.partition("-")[0])) == process
    except (ValueError, psutil.NoSuchProcess):
        return False
