"""Rules on base images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from ...files.dockerfile import froms, tagged
from ..finding import Severity
from ..survey import Survey
from .rule import Seen, rule

# The last day on which each was still mended, the oldest first: https://devguide.python.org/versions/,
# https://www.postgresql.org/support/versioning/, https://nodejs.org/en/about/previous-releases, https://www.debian.org/releases/,
# https://ubuntu.com/about/release-cycle, https://alpinelinux.org/releases/
_ENDS = {
    "python": {
        "2.7": "2020-01-01",
        "3.6": "2021-12-23",
        "3.7": "2023-06-27",
        "3.8": "2024-10-07",
        "3.9": "2025-10-31",
        "3.10": "2026-10-31",
    },
    "postgres": {"10": "2022-11-10", "11": "2023-11-09", "12": "2024-11-21", "13": "2025-11-13", "14": "2026-11-12", "15": "2027-11-11"},
    "node": {"12": "2022-04-30", "14": "2023-04-30", "16": "2023-09-11", "18": "2025-04-30", "20": "2026-04-30"},
    "debian": {"8": "2020-06-30", "9": "2022-07-01", "10": "2024-06-30", "11": "2026-08-31"},
    "ubuntu": {"14.04": "2019-04-25", "16.04": "2021-04-30", "18.04": "2023-05-31", "20.04": "2025-05-31"},
    "alpine": {
        "3.16": "2024-05-23",
        "3.17": "2024-11-22",
        "3.18": "2025-05-09",
        "3.19": "2025-11-01",
        "3.20": "2026-04-01",
        "3.21": "2026-11-01",
    },
}
_NUMBERS = {
    "debian": {"jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11"},
    "ubuntu": {"trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04"},
}


@rule(
    "end-of-life",
    Severity.warning,
    "A base image is not mended any more.",
    "Take a version that is still mended.",
    "01-environment-in-an-image",
)
def end_of_life(survey: Survey) -> Iterator[Seen]:
    today = survey.provenance.day
    for file, line, reference in _references(survey):
        how, day = _mended(reference)
        if day and date.fromisoformat(day) < date.fromisoformat(today):
            yield file, line, f"{reference}: {how} until {day}, and today is {today}"


def _mended(reference: str) -> tuple[str, str]:
    """How long the version of an image is mended: in words, and the last day; empty where that is not known.

    A version that is not in the table is older than the next one that is, and was given up before.
    """
    place, _, image = reference.partition("@")[0].rpartition("/")
    name, _, tag = image.partition(":")
    word = tag.partition("-")[0]
    version = _NUMBERS.get(name, {}).get(word, word)
    if not re.fullmatch(r"\d+(?:\.\d+)*", version):
        return "", ""
    for known, day in _ENDS.get(name, {}).items():
        wanted, have = _number(known), _number(version)
        if have[: len(wanted)] == wanted:
            return "mended", day
        # Whoever else calls an image `python` may count its versions in another way.
        if len(have) >= len(wanted) and have < wanted and (not place or place.endswith("library")):
            return f"older than {known}, which was mended", day
    return "", ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@rule(
    "unpinned-image",
    Severity.warning,
    "A service takes whatever its image is today.",
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
