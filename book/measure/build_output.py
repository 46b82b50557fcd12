"""Reads what BuildKit prints with `--progress=plain`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # what sets colours, or moves about in a terminal
_PREFIX = re.compile(r"^#\d+ (?:[\d.]+ )?")  # the number of the step, and the seconds since it began
_PROGRESS = re.compile(r"^#\d+ ")  # how each line begins until the build ends
_ERROR = re.compile(r"^#(\d+) ERROR: ")
_RULE = "------"  # above and below the output of the step that failed
_STEP_LINES = 10  # how many of them BuildKit shows
_BLANK = re.compile(r"^[\d.]+$")  # a blank line of a step, with its time
_DETAILS = "View build details:"  # an address of Docker Desktop, different at each build
_TITLE = re.compile(r"^#(\d+) \[(?!internal\])[^\]]*\] (.+)$")
_CACHED = re.compile(r"^#(\d+) CACHED$")
_DONE = re.compile(r"^#(\d+) DONE ([\d.]+)s$")


@dataclass(frozen=True)
class Step:
    """One step of a build: the instruction, and the seconds it took; None if the builder had it in its cache."""

    instruction: str
    seconds: float | None


def lines(printed: str) -> list[str]:
    """What a builder printed, without colours, empty lines, numbers of steps and times.

    Args:
        printed: its output.
    """
    bare = (_PREFIX.sub("", ANSI.sub("", line)).rstrip() for line in printed.splitlines())
    return [line for line in bare if line and not line.startswith(_DETAILS)]


def ending(printed: str) -> list[str]:
    """How BuildKit ends a build that fails: the output of the step, the Dockerfile with the line marked, the error.

    Args:
        printed: its output.

    Returns:
        The lines, without the progress that comes before them.
    """
    plain = [ANSI.sub("", line) for line in printed.splitlines()]
    last = max((number for number, line in enumerate(plain) if _PROGRESS.match(line)), default=-1)
    end = [line for line in lines("\n".join(plain[last + 1 :])) if not _BLANK.match(line)]
    if end.count(_RULE) == 2 and end.index(_RULE, 1) == 2:  # BuildKit at times leaves out what the step printed just before it failed
        end[2:2] = _printed_by_failed(plain)[-_STEP_LINES:]
    return end


def _printed_by_failed(plain: Sequence[str]) -> list[str]:
    step = next((found[1] for line in plain if (found := _ERROR.match(line))), "")
    printed = (found[1] for line in plain if (found := re.match(rf"#{step} ([\d.]+ .+)", line)))
    return [line.rstrip() for line in printed]


def failed_line(printed: str, dockerfile: str) -> int:
    """The line of the Dockerfile at which BuildKit stopped, as it prints it; 0 if it names none.

    Args:
        printed: its output.
        dockerfile: the name of the file.
    """
    marked = rf"parse error on line (\d+)|^{re.escape(dockerfile)}:(\d+)$"
    found = re.search(marked, "\n".join(lines(printed)), re.MULTILINE)
    return int(found[1] or found[2]) if found else 0


def steps(printed: str) -> tuple[Step, ...]:
    """The steps of a build, in order, with the seconds of each.

    Args:
        printed: the output of `docker buildx build` or `docker compose build`.
    """
    titles: dict[str, str] = {}
    took: dict[str, float | None] = {}
    for line in printed.splitlines():
        if found := _TITLE.match(line):
            titles.setdefault(found[1], found[2])
        elif found := _CACHED.match(line):
            took[found[1]] = None
        elif found := _DONE.match(line):
            took[found[1]] = float(found[2])
    return tuple(Step(title, took[number]) for number, title in titles.items() if number in took)


def running(printed: str) -> tuple[str, ...]:
    """The instructions of the steps that have begun and not ended, in the order in which they began.

    Args:
        printed: the output of BuildKit so far.
    """
    begun: dict[str, str] = {}
    for line in printed.splitlines():
        if found := _TITLE.match(line):
            begun[found[1]] = found[2]
        elif found := _CACHED.match(line) or _DONE.match(line):
            begun.pop(found[1], None)
    return tuple(begun.values())
