"""Rules on builds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...files.dockerfile import copies_all, last_line
from ...show.html import amount
from ..finding import Severity
from ..images import Built
from ..survey import Survey
from .places import line_of, short
from .rule import Seen, rule

_MUCH = 1_000_000  # bytes; less than that is not reported
_INSTALLS = re.compile(
    r"\b(pip3?|pipx|poetry|uv|pdm|pipenv|conda|npm|yarn|pnpm|bundle|composer|cargo|go|gem)\b.*\b(?:install|sync|add|ci|mod download)\b"
    r"|\b(?:apt-get|apt|apk|dnf|yum)\b.*\b(?:install|add)\b"
)
# What installs only the dependencies, in a separate step; and what installs only the project.
_NEEDED = re.compile(r"\s-r\s|--requirement\b|\b(?:sync|mod download)\b|\b(?:poetry|pdm|pipenv)\b.*\binstall\b")
_ALONE = re.compile(r"--no-deps\b|--only-root\b|\bcargo\b.*--path\b|\bgo\b.*\s\./")


@rule(
    "build-fails",
    Severity.error,
    "An image cannot be built.",
    "Fix what the builder names.",
)
def build_fails(survey: Survey) -> Iterator[Seen]:
    for build, output in survey.failures:
        found = re.search(rf"{re.escape(Path(build.dockerfile).name)}:(\d+)", output)
        yield build.dockerfile, int(found[1]) if found else 0, output


@rule(
    "production-is-development",
    Severity.warning,
    "The images for production and for development are the same.",
    "Check the condition that tells the two apart: use `=` in sh, and the option that leaves out development packages.",
    "01-environment-in-an-image",
)
def production_is_development(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        if len(each.variants) != 2:
            continue
        one, other = each.variants
        if one.size == other.size or (one.packages and one.packages == other.packages):
            size = f"{one.size} bytes each" if one.size == other.size else f"{one.size} and {other.size} bytes"
            packages = f", the same {len(one.packages)} Python packages" if one.packages else ""
            chosen = (one for one in survey.project.instructions(each.build.dockerfile, "ARG", "FROM") if one.mentions(other.chosen_by))
            line = last_line(chosen)
            yield each.build.dockerfile, line, f"`{one.asked}` and `{other.asked}`: {size}{packages}"


@rule(
    "cache-hostile-order",
    Severity.warning,
    "After a change in one line of code, the build installs everything again.",
    "Copy the list of dependencies and install them first, then copy the code.",
    "01-environment-in-an-image",
)
def cache_hostile_order(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        if not each.rebuild:
            continue
        steps = each.rebuild.steps
        cached = (part for step in steps if step.seconds is None for part in _installing(step.instruction))
        kept = {tool for command, tool in cached if tool and _NEEDED.search(command)}  # these may install the project itself again
        for step in steps:
            again = any(tool not in kept and not _ALONE.search(command) for command, tool in _installing(step.instruction))
            if step.seconds is not None and step.instruction.startswith("RUN") and again:
                line = line_of(survey, each, step.instruction)
                took = f"{step.seconds:.1f} s of a build of {each.rebuild.seconds:.1f} s"
                yield (
                    each.build.dockerfile,
                    line,
                    f"after a line was added to {each.rebuild.touched}, `{short(step.instruction)}` ran again: {took}",
                )


def _installing(instruction: str) -> Iterator[tuple[str, str]]:
    """The commands of a step that install something, each with its tool; the tool is empty for system packages."""
    for command in re.split(r"&&|;", instruction):
        if found := _INSTALLS.search(command):
            yield command, found[1] or ""


@rule(
    "deleted-later",
    Severity.warning,
    "A layer contains files that a later layer deletes or overwrites: you cannot see them, but they stay in the image.",
    "Delete them in the RUN that creates them, set owner and mode with COPY, or build in a separate stage.",
    "03-smaller-images",
)
def deleted_later(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        for layer in each.contents.layers:
            if not layer.from_base and layer.wasted >= _MUCH:
                largest = layer.hidden[0]
                how = "deleted" if largest.deleted else "overwritten"
                most = f"most of it {largest.path} ({amount(largest.size)})"
                measured = f"{amount(layer.wasted)} of `{short(layer.instruction)}` are {how} later, {most}"
                yield each.build.dockerfile, line_of(survey, each, layer.instruction), measured


@rule(
    "no-dockerignore",
    Severity.warning,
    "The whole folder is copied into the image, and no .dockerignore excludes anything.",
    "Write a .dockerignore: list .git, .venv, .env, caches, and everything else that the image does not need.",
    "03-smaller-images",
)
def no_dockerignore(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        line = copies_all(survey.project.read(each.build.dockerfile))
        if line and not each.ignored:
            rest = f", including {', '.join(each.unwanted)}" if each.unwanted else ""
            yield (
                each.build.dockerfile,
                line,
                f"{amount(each.folder)} in {each.files} files of {_folder(each)} are sent to the builder{rest}",
            )


def _folder(built: Built) -> str:
    return "the folder" if built.build.context == "." else built.build.context
