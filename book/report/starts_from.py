"""The images that a project's builds start from."""

from __future__ import annotations

import re

from ..files.dockerfile import STAGE, froms, tagged
from .project import Build, Project

_SYNTAX = re.compile(r"\s*#\s*syntax\s*=\s*(\S+)", re.IGNORECASE)
_FROM_IMAGE = re.compile(r"^\s*(?:COPY|ADD|RUN)\s(?:.*[\s,])?(?:--)?from=([^\s,]+)", re.IGNORECASE | re.MULTILINE)


def bases(project: Project, build: Build) -> tuple[str, ...]:
    """The images that a build starts from; a context that has such a name is none."""
    contexts = build.settings.contexts
    found = (image for _, image in froms(project.read(build.dockerfile), build.settings.arguments) if image not in contexts)
    return tuple(dict.fromkeys(tagged(image) for image in found if "$" not in image))


def copied_from(project: Project, build: Build) -> tuple[str, ...]:
    """The images that a build takes files from: those behind `--from=` that are neither a stage nor another context."""
    text = project.read(build.dockerfile)
    own = {stage.lower() for stage in STAGE.findall(text)} | build.settings.contexts
    found = (image for image in _FROM_IMAGE.findall(text) if image.lower() not in own and not image.isdigit() and "$" not in image)
    return tuple(dict.fromkeys(tagged(image) for image in found))


def frontend(project: Project, build: Build) -> str:
    """The image that the Dockerfile wants to be read by; empty where the builder's own will do."""
    found = _SYNTAX.match(project.read(build.dockerfile))
    return tagged(found[1]) if found else ""


def without_frontend(project: Project, build: Build) -> None:
    """Let the builder's own frontend read a Dockerfile of the copy."""
    file = project.folder / build.dockerfile
    file.write_text(_SYNTAX.sub("#", project.read(build.dockerfile), count=1))
