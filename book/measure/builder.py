"""Builds with BuildKit, through `docker buildx build`: what `docker build` runs today."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..advice import advice, away, crossed
from ..engine.plugins import tool
from ..trouble import TookTooLong, Trouble
from . import build_output

BUILD_SECONDS = 540  # less than a chapter's cell may take, so that the builder's error is shown and not the cell's
SILENT_SECONDS = 420  # a step that compiles may print nothing for minutes
LAST_LINES = 8
_CHECK_SECONDS = 120
_LONGEST, _TAIL = 200, 80  # characters of a line that an error shows, and how many of them are from its end


class BuildFailed(Trouble):
    """The builder refused a Dockerfile; the message contains the end of its output.

    Attributes:
        again: whether the next try may succeed: an index did not answer, or another run removed a layer or a step at that moment.
        exit_code: the builder's.
    """

    def __init__(self, message: str, again: bool = False, exit_code: int = 1) -> None:
        super().__init__(message)
        self.again = again
        self.exit_code = exit_code


@dataclass(frozen=True)
class Build:
    """What to build, and how to call it.

    Attributes:
        folder: the build context.
        dockerfile: the file's name in the folder.
        tag: the image's name.
        labels: what it is marked with.
        target: the stage to stop at; the last one if None.
        arguments: values for its `ARG`s.
        cache: whether steps may come from the builder's cache; what such a step prints is not in the output.
        heard: called with each line of the builder as it comes.
    """

    folder: Path
    dockerfile: str
    tag: str
    labels: Mapping[str, str]
    target: str | None
    arguments: Mapping[str, str]
    cache: bool
    heard: Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """An image that was built: its id on the engine, and the builder's output."""

    image: str
    printed: str


@dataclass(frozen=True)
class Advice:
    """One thing that BuildKit advises against.

    Attributes:
        rule: its name for it.
        line: the line of the Dockerfile; 0 if it names none.
        detail: what it found.
        description: what the rule asks for.
        page: the address of the rule's documentation.
    """

    rule: str
    line: int
    detail: str
    description: str
    page: str


@dataclass(frozen=True)
class Check:
    """What `docker build --check` finds in a Dockerfile: its advice, and the error, which is empty if the file can be built."""

    dockerfile: str
    found: tuple[Advice, ...]
    error: str = ""

    def __str__(self) -> str:
        listed = [f"{self.dockerfile}:{each.line} {each.rule}: {each.detail}" for each in self.found]
        listed += [f"{self.error}\n{self.dockerfile} does not build.{advice(self.error)}"] if self.error else []
        return "\n".join(listed) or f"{self.dockerfile}: no warnings found"


def build(what: Build) -> Built:
    """Build an image with BuildKit, and load it into the engine.

    Args:
        what: what to build.

    Raises:
        BuildFailed: if the builder refuses, or does not end in time.
    """
    printed: list[str] = []

    def hear(line: str) -> None:
        printed.append(line)
        what.heard(line)

    with tempfile.TemporaryDirectory(prefix="build-") as place:
        record = Path(place, "image.json")
        options = ["--load", "--progress=plain", f"--metadata-file={record}", f"--tag={what.tag}", f"--file={what.dockerfile}"]
        options += [f"--label={key}={value}" for key, value in what.labels.items()]
        options += [f"--build-arg={key}={value}" for key, value in what.arguments.items()]
        options += [f"--target={what.target}"] if what.target else []
        options += [] if what.cache else ["--no-cache"]
        try:
            done = tool("buildx", "build", *options, ".", cwd=what.folder, timeout=BUILD_SECONDS, silent=SILENT_SECONDS, heard=hear)
        except TookTooLong:
            raise not_in_time(what.dockerfile, build_output.lines("\n".join(printed)), _step(what, printed)) from None
        if done.returncode:
            shown = build_output.ending(done.stderr) or build_output.lines(done.stderr)[-LAST_LINES:]
            line = build_output.failed_line(done.stderr, what.dockerfile)
            raise refused(what.dockerfile, shown, line, done.stderr, exit_code=done.returncode)
        return Built(json.loads(record.read_text())["containerimage.digest"], "\n".join(build_output.lines(done.stderr)))


def check(folder: Path, dockerfile: str, target: str | None = None, context: str = ".") -> Check:
    """What BuildKit advises against in a Dockerfile, without building it.

    Args:
        folder: where the file is.
        dockerfile: its name there.
        target: the stage to check, with what it needs; the last one if None.
        context: the build context, from `folder`.

    Raises:
        BuildFailed: if this buildx cannot check, or if that takes too long.
    """
    options = ["--call=check,format=json", f"--file={dockerfile}", *([f"--target={target}"] if target else [])]
    try:
        done = tool("buildx", "build", *options, context, cwd=folder, timeout=_CHECK_SECONDS)
    except TookTooLong as problem:
        raise BuildFailed(f"{dockerfile} was not checked: {problem}") from None
    if not done.stdout.startswith("{"):
        raise refused(dockerfile, build_output.lines(done.stderr)[-LAST_LINES:], build_output.failed_line(done.stderr, dockerfile), "")
    answer = json.loads(done.stdout)
    error = (answer.get("buildError") or {}).get("message", "")
    return Check(dockerfile, tuple(_advice(each) for each in answer.get("warnings") or ()), error)


def _advice(found: Mapping[str, object]) -> Advice:
    location = found.get("location")
    ranges = location.get("ranges") if isinstance(location, dict) else None
    line = ranges[0]["start"]["line"] if ranges else 0
    described = str(found["description"])
    return Advice(str(found["ruleName"]), line, str(found.get("detail") or described), described, str(found.get("url") or ""))


def refused(dockerfile: str, shown: list[str], line: int, printed: str, again: bool = False, exit_code: int = 1) -> BuildFailed:
    """The error for a build that the builder refuses.

    Args:
        dockerfile: the file's name.
        shown: the end of the builder's output.
        line: the line of the file at which it stopped; 0 if that is unknown.
        printed: all of the builder's output.
        again: whether the next try may succeed.
        exit_code: the builder's.
    """
    absent = away(printed)
    step = absent or advice("\n".join(shown))
    first = f"{dockerfile} does not build{_at(line)}.{step}"
    text = f"{first}\nThe end of the builder's output:\n\n" + "\n".join(map(_clipped, shown))
    return BuildFailed(text, again or bool(absent) or crossed(printed), exit_code)


def not_in_time(dockerfile: str, printed: list[str], line: int) -> BuildFailed:
    """The error for a build that does not end.

    Args:
        dockerfile: the file's name.
        printed: the builder's output so far.
        line: the line of the file at which it was; 0 if that is unknown.
    """
    limits = f"after {BUILD_SECONDS / 60:g} minutes, or {SILENT_SECONDS / 60:g} without output, a build is stopped"
    todo = "See whether a step waits for an answer, or for a network that is not there."
    shown = "\n".join(map(_clipped, printed[-LAST_LINES:]))
    return BuildFailed(f"{dockerfile} was not built in time{_at(line)}: {limits}. {todo}\nThe end of the builder's output:\n\n{shown}")


def written_at(folder: Path, dockerfile: str, instruction: str) -> int:
    """The line of a Dockerfile on which an instruction is written as the builder prints it; 0 if that is on none, or on several.

    Args:
        folder: where the file is.
        dockerfile: its name there.
        instruction: the instruction.
    """
    written = (folder / dockerfile).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    same = [number for number, line in enumerate(written, 1) if line.strip() == instruction]
    return same[0] if len(same) == 1 else 0


def _step(what: Build, printed: list[str]) -> int:
    running = build_output.running("\n".join(printed))
    return written_at(what.folder, what.dockerfile, running[-1]) if running else 0


def _at(line: int) -> str:
    return f" (line {line})" if line else ""


def _clipped(line: str) -> str:
    """A line without its middle if it is long: BuildKit repeats the command, and the exit code comes after it."""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - _TAIL - 3]} … {line[-_TAIL:]}"
