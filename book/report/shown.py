"""What a report shows: the facts of a survey, with all secrets hidden. Pages and printed formats are only made from this."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Any

from ..engine import Provenance
from ..files.config import ServiceConfig
from ..measure.contents import Contents
from ..measure.image import Image
from ..measure.service import Service, Stopped
from ..measure.timeline import Timeline
from ..measure.topology import Topology
from ..recipe import Recipe, RecipeError
from .finding import Finding
from .images import Rebuild
from .project import Project
from .risks import Risk
from .secrets import Secrets, among
from .survey import Survey


@dataclass(frozen=True)
class ShownImage:
    """An image that the project builds: its name and Dockerfile, its measurements, its layers, and the second build, if there was one."""

    name: str
    dockerfile: str
    image: Image
    contents: Contents
    rebuild: Rebuild | None


@dataclass(frozen=True)
class ShownRun:
    """What was measured while the project ran; see `Ran` for each attribute."""

    timelines: tuple[Timeline, ...]
    failure: str
    services: tuple[Service, ...]
    topology: Topology | None
    stops: Mapping[str, Stopped]


@dataclass(frozen=True)
class Published:
    """A port that the files publish: the service, the port in its container, and the address and port on the machine."""

    service: str
    port: str
    place: str


@dataclass(frozen=True)
class Listing:
    """A file of the project: its name, its language and its text, or the reason why it cannot be read."""

    file: str
    language: str
    text: str
    problem: str = ""


@dataclass(frozen=True)
class Shown:
    """All that is shown. No text in it contains a secret of the project.

    Attributes:
        name: the project.
        findings: the findings, errors first.
        missing: why the report is not complete: images that are not available.
        remarks: what a reader must know of how the project was run.
        allowed: the risks that were allowed.
        images: the images that it builds.
        run: what was measured while it ran; None if it was not run.
        ports: the ports that its files publish.
        listings: its Compose files and Dockerfiles.
        provenance: the engine and the base images.
        seconds: the duration of the whole report.
    """

    name: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    remarks: tuple[str, ...]
    allowed: tuple[Risk, ...]
    images: tuple[ShownImage, ...]
    run: ShownRun | None
    ports: tuple[Published, ...]
    listings: tuple[Listing, ...]
    provenance: Provenance
    seconds: float


def shown(survey: Survey, findings: Iterable[Finding]) -> Shown:
    """What is shown of a survey and of its findings."""
    project, ran = survey.project, survey.ran
    images = (ShownImage(each.build.name, each.build.dockerfile, each.image, each.contents, each.rebuild) for each in survey.built)
    plain = Shown(
        name=project.name,
        findings=tuple(findings),
        missing=survey.missing,
        remarks=survey.remarks,
        allowed=survey.risks,
        images=tuple(images),
        run=ShownRun(ran.timelines, ran.failure, ran.services, ran.topology, ran.stops) if ran else None,
        ports=tuple(Published(each.name, str(port), place) for each in project.declared for port, place in each.ports.items()),
        listings=tuple(_listings(project)),
        provenance=survey.provenance,
        seconds=survey.seconds,
    )
    measured = chain(survey.seen.environment.values(), (each.environment for each in survey.built))
    hidden: Shown = _hidden(plain, secrets(project, measured))
    return hidden


def secrets(project: Project, measured: Iterable[Mapping[str, str]] = ()) -> Secrets:
    """The secrets of a project.

    Args:
        project: its files declare variables, arguments of builds, and secrets.
        measured: the variables of its images and containers.
    """
    declared = chain.from_iterable(_variables(service) for service in project.config.services.values())
    return among(chain(declared, *(variables.items() for variables in measured)), _given(project.config.raw.get("secrets") or {}))


def _variables(service: ServiceConfig) -> Iterator[tuple[str, str]]:
    for variables in (service.environment, service.build.arguments if service.build else {}):
        yield from ((name, str(value)) for name, value in variables.items() if value is not None)


def _given(declared: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The values of Compose secrets, from files and from variables."""
    for secret in declared.values():
        if name := secret.get("environment"):
            yield os.environ.get(name, "")
        elif file := secret.get("file"):
            try:
                yield Path(file).read_text(errors="replace")
            except OSError:  # Compose itself says that it is missing
                continue


def _listings(project: Project) -> Iterator[Listing]:
    recipe = Recipe(project.folder)
    for file in (*project.files, *project.dockerfiles):
        language = "yaml" if file in project.files else "dockerfile"
        try:
            yield Listing(file, language, recipe.read(file))
        except RecipeError as problem:
            yield Listing(file, language, "", str(problem))


def _hidden(value: Any, secrets: Secrets) -> Any:
    """The same value; every text in it, however deep, has its secrets hidden."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return secrets.hide(value)
    if isinstance(value, tuple | list | set | frozenset):
        return type(value)(_hidden(item, secrets) for item in value)
    if isinstance(value, Mapping):
        return {_hidden(key, secrets): _hidden(item, secrets) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _hidden(getattr(value, each.name), secrets) for each in fields(value)})
    return value
