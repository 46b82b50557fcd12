"""Rules on base images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from ...files.dockerfile import froms, tagged
from ..end_of_life import support
from ..finding import Severity
from ..survey import Survey
from .rule import Seen, rule


@rule(
    "end-of-life",
    Severity.warning,
    "A base image is no longer supported.",
    "Use a version that is still supported.",
    "01-environment-in-an-image",
)
def end_of_life(survey: Survey) -> Iterator[Seen]:
    today = date.fromisoformat(survey.provenance.day)
    for file, line, reference in _references(survey):
        known = support(reference)
        if known and known.ends < today:
            version = f"older than {known.before}, which was supported" if known.before else "supported"
            yield file, line, f"{reference}: {version} until {known.ends}, and today is {today}"


@rule(
    "unpinned-image",
    Severity.warning,
    "A service uses whatever version its image has today.",
    "Name a version in the tag.",
    "03-smaller-images",
)
def unpinned_image(survey: Survey) -> Iterator[Seen]:
    for file, line, reference in _references(survey):
        if file in survey.project.files and re.fullmatch(r"(?:.*/)?[^:@]+(?::latest)?", reference):
            yield file, line, f"{reference.removesuffix(':latest')} has no version"


def _references(survey: Survey) -> Iterator[Seen]:
    """Every image that the project starts from: file, line, name."""
    arguments = {build.dockerfile: build.settings.arguments for build in survey.project.builds}
    for file in survey.project.dockerfiles:
        yield from ((file, line, image) for line, image in froms(survey.project.read(file), arguments.get(file)))
    own = survey.project.own_images
    for service in survey.project.config.services.values():
        if service.image and not service.build and tagged(service.image) not in own:
            yield *survey.project.line("services", service.name, "image"), service.image
