"""What a Dockerfile says: its instructions, the images it starts from, its stages."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

# All blanks are those of one line: where they could be line ends, a page of empty lines would take for ever.
_FROM = re.compile(r"[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.IGNORECASE)
_ARG = re.compile(r"[ \t]*ARG[ \t]", re.IGNORECASE)
_DEFAULT = re.compile(r"(\w+)=[\"']?([^\s\"']+)")
_HERE = re.compile(r"[ \t]*(?:RUN|COPY|ADD)[ \t]", re.IGNORECASE)
_HERE_WORD = re.compile(r"<<-?[\"']?(\w+)")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


def froms(dockerfile: str, arguments: Mapping[str, str] | None = None) -> tuple[tuple[int, str], ...]:
    """The images that a Dockerfile starts from, each with its line: no stage of its own, and not `scratch`.

    Args:
        dockerfile: its text.
        arguments: values for its `ARG`s; the defaults hold for the others.
    """
    values: dict[str, str] = {}
    stages: set[str] = set()
    found: list[tuple[int, str]] = []
    begun = False
    for number, text in _instructions(dockerfile):
        if line := _FROM.match(text):
            begun = True
            image, stage = _filled(line[1], {**values, **(arguments or {})}), (line[2] or "").lower()
            if image.lower() not in stages and image != "scratch":
                found.append((number, image))
            stages.add(stage)
        elif not begun and _ARG.match(text):  # what stands below the first FROM belongs to a stage
            values |= {name: _filled(value, values) for name, value in _DEFAULT.findall(text)}
    return tuple(found)


def _instructions(dockerfile: str) -> Iterator[tuple[int, str]]:
    """Each instruction on one line, with the number of the line on which it begins; what a here-document holds is none."""
    lines = dockerfile.splitlines()
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        places.setdefault(line.strip(), []).append(number)
    below, parts, began = 0, [], 0  # the last line of a here-document; the lines of an instruction, and its first one
    for number, line in enumerate(lines, 1):
        if number <= below or not line.strip() or line.lstrip().startswith("#"):
            continue
        began = began if parts else number
        parts.append(line.rstrip().removesuffix("\\"))
        if line.rstrip().endswith("\\") and number < len(lines):
            continue
        text, parts = " ".join(parts), []
        for word in _HERE_WORD.findall(text) if _HERE.match(text) else ():
            ends = places.get(word, [])
            below = next(iter(ends[bisect_right(ends, max(below, number)) :][:1]), below)
        yield began, text


def tagged(image: str) -> str:
    """The name of an image with the tag that it has where none is named."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


def _filled(image: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: str(values.get(found[1] or found[3]) or found[2] or found[0]), image)


STAGE = re.compile(r"^\s*FROM\s.*\sAS\s+(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
