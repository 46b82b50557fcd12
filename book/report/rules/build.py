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

_MUCH = 1_000_000  # bytes that are worth a word
_INSTALLS = re.compile(
    r"\b(pip3?|pipx|poetry|uv|pdm|pipenv|conda|npm|yarn|pnpm|bundle|composer|cargo|go|gem)\b.*\b(?:install|sync|add|ci|mod download)\b"
    r"|\b(?:apt-get|apt|apk|dnf|yum)\b.*\b(?:install|add)\b"
)
# What the project needs, in a step of its own; and the project alone.
_NEEDED = re.compile(r"\s-r\s|--requirement\b|\b(?:sync|mod download)\b|\b(?:poetry|pdm|pipenv)\b.*\binstall\b")
_ALONE = re.compile(r"--no-deps\b|--only-root\b|\bcargo\b.*--path\b|\bgo\b.*\s\./")


# --- images -----------------------------------------------------------------------------------------------------------------


@rule(
    "build-fails",
    Severity.error,
    "An image cannot be built.",
    "Put right what the builder names.",
)
def build_fails(survey: Survey) -> Iterator[Seen]:
    for build, words in survey.failures:
        found = re.search(rf"{re.escape(Path(build.dockerfile).name)}:(\d+)", words)
        yield build.dockerfile, int(found[1]) if found else 0, words


@rule(
    "production-is-development",
    Severity.warning,
    "The image for production is the one for development.",
    "Look at the condition that should tell them apart: `=` in sh, and the option that leaves development packages out.",
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
            asked = other.asked.split()[1].partition("=")[0]
            line = last_line(one for one in survey.project.instructions(each.build.dockerfile, "ARG", "FROM") if one.mentions(asked))
            yield each.build.dockerfile, line, f"`{one.asked}` and `{other.asked}`: {size}{packages}"


@rule(
    "cache-hostile-order",
    Severity.warning,
    "One changed line of code installs everything again.",
    "Copy the list of dependencies and install them first; copy the code after that.",
    "01-environment-in-an-image",
)
def cache_hostile_order(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        steps = each.rebuild.steps if each.rebuild else ()
        cached = (part for step in steps if step.seconds is None for part in _installing(step.instruction))
        kept = {tool for words, tool in cached if tool and _NEEDED.search(words)}  # the project itself may be new for these
        for step in steps:
            again = any(tool not in kept and not _ALONE.search(words) for words, tool in _installing(step.instruction))
            if step.seconds is not None and step.instruction.startswith("RUN") and again:
                line = line_of(survey, each, step.instruction)
                took = f"{step.seconds:.1f} s of a build of {each.rebuild.seconds:.1f} s"
                yield (
                    each.build.dockerfile,
                    line,
                    f"after one more line in {each.rebuild.touched}, `{short(step.instruction)}` ran again: {took}",
                )


def _installing(instruction: str) -> Iterator[tuple[str, str]]:
    """The commands of a step that install something, each with its tool; that is empty for packages of the system."""
    for words in re.split(r"&&|;", instruction):
        if found := _INSTALLS.search(words):
            yield words, found[1] or ""


@rule(
    "deleted-later",
    Severity.warning,
    "A layer holds files that a later one deletes or overwrites: they stay in the image, and nobody can see them.",
    "Delete them in the RUN that made them, set owner and mode with COPY, or build in a stage of its own.",
    "03-smaller-images",
)
def deleted_later(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        for layer in each.contents.layers:
            if not layer.from_base and layer.wasted >= _MUCH:
                largest = layer.hidden[0]
                how = "deleted" if largest.deleted else "overwritten"
                most = f"most of it {largest.path} ({amount(largest.size)})"
                words = f"{amount(layer.wasted)} of `{short(layer.instruction)}` are {how} later, {most}"
                yield each.build.dockerfile, line_of(survey, each, layer.instruction), words


@rule(
    "no-dockerignore",
    Severity.warning,
    "The whole folder goes into the image, and no .dockerignore says what stays out.",
    "Write a .dockerignore: .git, .venv, .env, caches, and whatever else the image does not need.",
    "03-smaller-images",
)
def no_dockerignore(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        line = copies_all(survey.project.read(each.build.dockerfile))
        if line and not each.ignored:
            rest = f"; among it {', '.join(each.unwanted)}" if each.unwanted else ""
            yield (
                each.build.dockerfile,
                line,
                f"{amount(each.folder)} in {each.files} files of {_folder(each)} are sent to the builder{rest}",
            )


def _folder(built: Built) -> str:
    return "the folder" if built.build.context == "." else built.build.context
