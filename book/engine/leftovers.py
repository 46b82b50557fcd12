"""The removal of what runs that have ended left on the engine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import docker
from docker.errors import APIError, NotFound
from docker.models.networks import Network
from docker.models.volumes import Volume

from ..places import HOME
from .client import EngineMissing, connect, list_images
from .labels import LABEL, MACHINE, PROCESS, RUN, lives
from .words import OF_THE_ENGINE

_OF_A_STEP = ":container"
_CUT_OFF_SECONDS = 5  # in which the engine gives up a build whose client has ended
_NOTES = HOME / "steps"  # for each engine a folder, in it a file for each process, with the ids of the images that it made without a label


def labels(recipe: str) -> dict[str, str]:
    """Labels for everything that this process makes for `recipe`. Before the first thing is created, what dead runs left is removed."""
    _reap_once()
    return {
        LABEL: RUN,
        f"{LABEL}.recipe": recipe,
        f"{LABEL}.machine": MACHINE,
        f"{LABEL}.process": PROCESS,
        f"{LABEL}.started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def note_images(ids: Iterable[str]) -> None:
    """Record images that cannot have our label: the SDK's builder labels only the last step of the last stage."""
    _note(f"{image}\n" for image in ids)


def note_containers(ids: Iterable[str]) -> None:
    """Record the containers of a build's steps; they have no label of ours, and stay if a build is interrupted."""
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
    with suppress(EngineMissing, *OF_THE_ENGINE):  # the next request to the engine reports it
        reap(connect())


@dataclass
class Removed:
    """What was removed, by kind, and what the engine refused to remove, with its error."""

    containers: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def take(self, kind: str, name: str, remove: Callable[..., object], *arguments: object, **options: object) -> None:
        """Remove one thing, and record the result. If another run removes it first, that is no error."""
        try:
            remove(*arguments, **options)
        except NotFound:
            pass
        except APIError as problem:
            self.kept.append(f"{kind.removesuffix('s')} {name}: {problem.explanation}")
        else:
            getattr(self, kind).append(name)

    def counted(self) -> dict[str, int]:
        """How many of each kind were removed."""
        return {kind: len(things) for kind, things in vars(self).items() if kind != "kept"}


def reap(client: docker.DockerClient, everything: bool = False, only: str | None = None) -> Removed:
    """Remove what is ours and not needed by any living process of this machine.

    Args:
        client: the engine.
        everything: also what living runs use (for `make clean`).
        only: remove only what the run with this id created, living or not.
    """
    removed = Removed()
    label = f"{LABEL}={only}" if only else LABEL
    for container in client.containers.list(ignore_removed=True, all=True, filters={"label": label}):
        if everything or only or not _alive(container.labels):
            removed.take("containers", str(container.name), container.remove, force=True, v=True)
    found: dict[str, Sequence[Network | Volume]] = {
        "networks": client.networks.list(filters={"label": label}),
        "volumes": client.volumes.list(filters={"label": label}),
    }
    for kind, things in found.items():
        for thing in things:
            if everything or only or not _alive(thing.attrs.get("Labels") or {}):
                removed.take(kind, str(thing.name), thing.remove)
    # Parents follow their children: a classic build leaves a chain of untagged images with our label.
    # (The SDK's own list inspects each image again, and fails if another run has removed one in the meantime.)
    for image in list_images(client, all=True, filters={"label": label}):
        if everything or only or not _alive(image["Labels"] or {}):
            removed.take("images", image["Id"], client.images.remove, image["Id"], force=True)
    for notes in _notes_of(client).glob("*"):
        if everything or (notes.name == PROCESS if only else not lives(notes.name)):
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
            if kept:  # another build uses them: a later run removes them
                notes.write_text("".join(f"{image}\n" for image in reversed(kept)))
            else:
                notes.unlink(missing_ok=True)
    return removed


def _noted(notes: Path) -> list[str]:
    """What a process recorded; nothing if another run has already removed all of it, and the file."""
    with suppress(FileNotFoundError):
        return notes.read_text().split()
    return []


def _unnoted(client: docker.DockerClient, steps: list[str]) -> list[str]:
    """Images on top of a dead run's steps and in no notes, children first: the run ended before it recorded its last step."""
    untagged = [image for image in list_images(client, all=True) if not set(image["RepoTags"] or []) - {"<none>:<none>"}]
    untagged = [image for image in untagged if not lives((image["Labels"] or {}).get(f"{LABEL}.process", ""))]
    noted = {note for notes in _notes_of(client).glob("*") for note in _noted(notes)}
    found: list[str] = []
    parents = {image["Id"] for image in untagged if image["Id"][7:19] in steps}
    while parents:
        above = [image["Id"] for image in untagged if image.get("ParentId") in parents and image["Id"][7:19] not in noted]
        found, parents = [*above, *found], set(above)
    return found


def _remove_untagged(client: docker.DockerClient, image: str, removed: Removed) -> bool:
    """Remove a step's image, and return whether nothing is left to do; a base image is in the same log, and stays.

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
    """Whether the process that created the thing still lives; if that is unknown, the thing stays.

    It is unknown on another machine, and for a build's step with only some of our labels: each label is a step of its own.
    """
    if found.get(f"{LABEL}.machine") != MACHINE or f"{LABEL}.process" not in found:
        return True
    return lives(found.get(f"{LABEL}.process", ""))
