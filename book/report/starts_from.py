"""The images that a project's builds start from."""

from __future__ import annotations

from ..files import dockerfile
from ..files.dockerfile import tagged
from .project import Build, Project


def bases(project: Project, build: Build) -> tuple[str, ...]:
    """The images that a build starts from; a further context of the build with such a name is not one."""
    found = (image for _, image in dockerfile.froms(project.read(build.dockerfile), build.settings.arguments))
    return tuple(dict.fromkeys(tagged(image) for image in found if image not in build.settings.contexts and "$" not in image))


def copied_from(project: Project, build: Build) -> tuple[str, ...]:
    """The images that a build takes files from: what a `from=` names that is neither a stage nor another context."""
    text = project.read(build.dockerfile)
    own = {stage.lower() for stage in dockerfile.stages(text)} | build.settings.contexts
    found = (image for image in dockerfile.copied_from(text) if image.lower() not in own and not image.isdigit() and "$" not in image)
    return tuple(dict.fromkeys(tagged(image) for image in found))


def frontend(project: Project, build: Build) -> str:
    """The image that the Dockerfile names in its `# syntax=`; empty if it names none, and the builder's own frontend reads it."""
    found = dockerfile.frontend(project.read(build.dockerfile))
    return tagged(found) if found else ""


def without_frontend(project: Project, build: Build) -> None:
    """Let the builder's own frontend read a Dockerfile of the copy."""
    (project.folder / build.dockerfile).write_text(dockerfile.without_frontend(project.read(build.dockerfile)))
