"""Reads Dockerfiles: their instructions, the images they start from, their stages."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .port import Port, ports

# All blanks are those of one line: if they could be line ends, a page of empty lines would take for ever.
_FROM = re.compile(r"[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.IGNORECASE)
_DEFAULT = re.compile(r"(\w+)=[\"']?([^\s\"']+)")
_HERE_WORD = re.compile(r"<<-?[\"']?(\w+)")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
_SYNTAX = re.compile(r"\s*#\s*syntax\s*=\s*(\S+)", re.IGNORECASE)
_OPTIONS = re.compile(r"\w+((?:[ \t]+--\S+)*)")
_FROM_OPTION = re.compile(r"(?:--|,|=)from=([^\s,]+)", re.IGNORECASE)
_WHOLE_FOLDER = re.compile(r"\w+[ \t]+(?:--(?!from)\S+[ \t]+)*\[?[\"']?\./?[\"']?[\s,]")
_MODE = re.compile(r"ARG[ \t]+(\w*(?:ENV|ENVIRONMENT|MODE))\b", re.IGNORECASE)
_PORT = re.compile(r"\d{1,5}(?:-\d{1,5})?(?:/\w+)?")


@dataclass(frozen=True)
class Instruction:
    """One instruction, joined to one line, with the number of the line on which it begins."""

    line: int
    text: str

    @property
    def keyword(self) -> str:
        """Its first word in capitals, as `RUN`."""
        return self.text.split(maxsplit=1)[0].upper()

    @property
    def rest(self) -> str:
        """What follows its first word."""
        return "".join(self.text.split(maxsplit=1)[1:])

    def mentions(self, word: str) -> bool:
        """Whether it has this word in it."""
        return bool(re.search(rf"\b{re.escape(word)}\b", self.rest))


def instructions(text: str, *keywords: str) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile, in order; the content of a here-document is none.

    Args:
        text: the Dockerfile's text.
        keywords: those to return, in capitals; all if none is named.
    """
    return tuple(found for found in _instructions(text) if not keywords or found.keyword in keywords)


def last_line(found: Iterable[Instruction]) -> int:
    """The line on which the last of some instructions begins; 0 if there is none."""
    return max((one.line for one in found), default=0)


def froms(text: str, arguments: Mapping[str, str | None] | None = None) -> tuple[tuple[int, str], ...]:
    """The images that a Dockerfile starts from, each with its line: no stage of its own, and not `scratch`.

    Args:
        text: the Dockerfile's text.
        arguments: values for its `ARG`s; the defaults hold for the others.
    """
    values: dict[str, str | None] = {}
    own: set[str] = set()
    found: list[tuple[int, str]] = []
    begun = False
    for each in _instructions(text):
        if line := _FROM.match(each.text):
            begun = True
            image, stage = _filled(line[1], {**values, **(arguments or {})}), (line[2] or "").lower()
            if image.lower() not in own and image != "scratch":
                found.append((each.line, image))
            own.add(stage)
        elif not begun and each.keyword == "ARG":  # an ARG below the first FROM belongs to a stage
            values |= {name: _filled(value, values) for name, value in _DEFAULT.findall(each.text)}
    return tuple(found)


def stages(text: str) -> tuple[str, ...]:
    """The names of a Dockerfile's stages, in order.

    Args:
        text: the Dockerfile's text.
    """
    found = (_FROM.match(each.text) for each in _instructions(text))
    return tuple(line[2] for line in found if line and line[2])


def copied_from(text: str) -> tuple[str, ...]:
    """What the options `--from=` and `--mount=…,from=` of a Dockerfile name: images, stages and contexts.

    Args:
        text: the Dockerfile's text.
    """
    options = (_OPTIONS.match(each.text.lstrip()) for each in instructions(text, "COPY", "ADD", "RUN"))
    return tuple(image for found in options if found for image in _FROM_OPTION.findall(found[1]))


def copies_all(text: str) -> int:
    """The line of the last COPY or ADD that takes the whole build context; 0 if there is none.

    Args:
        text: the Dockerfile's text.
    """
    return last_line(each for each in instructions(text, "COPY", "ADD") if _WHOLE_FOLDER.match(each.text.lstrip()))


def exposed(text: str) -> tuple[Port, ...]:
    """The ports that a Dockerfile exposes with numbers of its own, not with variables.

    Args:
        text: the Dockerfile's text.
    """
    return ports(word for each in instructions(text, "EXPOSE") for word in each.rest.split() if _PORT.fullmatch(word))


def mode_argument(text: str) -> str:
    """The first `ARG` whose name ends in ENV, ENVIRONMENT or MODE; empty if there is none.

    Args:
        text: the Dockerfile's text.
    """
    found = (_MODE.match(each.text.lstrip()) for each in instructions(text, "ARG"))
    return next((line[1] for line in found if line), "")


def frontend(text: str) -> str:
    """The image that a Dockerfile's `# syntax=` names; empty if it has none.

    Args:
        text: the Dockerfile's text.
    """
    found = _SYNTAX.match(text)
    return found[1] if found else ""


def without_frontend(text: str) -> str:
    """A Dockerfile's text without its `# syntax=`, with the same lines.

    Args:
        text: the Dockerfile's text.
    """
    return _SYNTAX.sub("#", text, count=1) if frontend(text) else text


def tagged(image: str) -> str:
    """The name of an image with its tag, which is `latest` if it names none."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


def _instructions(text: str) -> Iterator[Instruction]:
    lines = text.splitlines()
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        places.setdefault(line.strip(), []).append(number)
    below, began = 0, 0  # the last line of a here-document; the first line of an instruction
    parts: list[str] = []
    for number, line in enumerate(lines, 1):
        if number <= below or not line.strip() or line.lstrip().startswith("#"):
            continue
        began = began if parts else number
        parts.append(line.rstrip().removesuffix("\\"))
        if line.rstrip().endswith("\\") and number < len(lines):
            continue
        joined, parts = " ".join(parts), []
        if not joined.strip():
            continue
        found = Instruction(began, joined)
        for word in _HERE_WORD.findall(joined) if found.keyword in ("RUN", "COPY", "ADD") else ():
            ends = places.get(word, [])
            below = next(iter(ends[bisect_right(ends, max(below, number)) :][:1]), below)
        yield found


def _filled(image: str, values: Mapping[str, str | None]) -> str:
    return _VARIABLE.sub(lambda found: str(values.get(found[1] or found[3]) or found[2] or found[0]), image)
