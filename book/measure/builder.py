"""The builders: the engine's own through the SDK, and buildx for the instructions that only BuildKit reads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from docker.errors import APIError
from docker.utils import exclude_paths

from ..advice import advice, away
from ..engine import connect, leftovers
from ..engine.plugins import tool
from ..files.dockerfile import needs_buildkit
from ..trouble import TookTooLong, Trouble

_LAST_LINES = 8
_LONGEST = 200  # characters of a line that the builder printed last
_BUILD_SECONDS = 540  # less than a chapter's cell may take, so that the builder's error is shown and not the cell's
_SILENT_SECONDS = 420  # a step that compiles may print nothing for minutes
_LARGEST_CONTEXT = 1_000_000_000  # bytes
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # what sets colours, or moves about in a terminal
_STEP_PREFIX = re.compile(r"^#\d+ (?:[\d.]+ )?")  # how buildx marks the lines of a step
_STEP = re.compile(r"(?:Step \d+/\d+ : |\[(?:\S+ +)?\d+/\d+\] )(.+)")  # how each of the builders names a step
_STEP_IMAGE = re.compile(r"^ ---> ([0-9a-f]{12})$", re.MULTILINE)  # how the SDK's builder names the image of a step
_STEP_CONTAINER = re.compile(r"^ ---> Running in ([0-9a-f]{12})$", re.MULTILINE)  # and the container that makes it
_STEP_GONE = re.compile(r"unknown parent image ID|[Nn]o such image: sha256")  # the image of a step that this build had from the cache
_BUILT = re.compile(r"(?:^Successfully built |sha256:)[0-9a-f]+$", re.MULTILINE)  # as the SDK looks for it


class BuildFailed(Trouble):
    """The builder refused a Dockerfile; the message contains its last lines.

    Attributes:
        again: whether the next try may do it: an index did not answer, or another run took a step away that this one had in its cache.
    """

    def __init__(self, message: str, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


@dataclass(frozen=True)
class Build:
    """What to build, and how to call it.

    Attributes:
        folder: the build context.
        dockerfile: the file's name in the folder.
        text: what is in it.
        tag: the image's name.
        labels: what it is marked with.
        target: the stage to stop at; the last one where None.
        arguments: values for its `ARG`s.
        heard: called with each line of the builder as it comes.
    """

    folder: Path
    dockerfile: str
    text: str
    tag: str
    labels: Mapping[str, str]
    target: str | None
    arguments: Mapping[str, str]
    heard: Callable[[str], None]

    def do(self) -> str:
        """Build it, and return what the builder said.

        The SDK's builder does it, and buildx where the Dockerfile has what only BuildKit reads (`RUN --mount`, here-documents,
        `COPY --link` or `--chmod`).

        Raises:
            BuildFailed: where the builder refuses.
        """
        build = self._with_buildx
        if not needs_buildkit(self.text):
            if reason := _too_much(self.folder):
                raise BuildFailed(f"{self.dockerfile} is not built: {reason}")
            build = self._with_sdk
        try:
            return "\n".join(_lines(build()))
        except BuildFailed as problem:
            if not problem.again:
                raise
            return "\n".join(_lines(build()))

    def _with_sdk(self) -> str:
        said, rest, refused = "", "", ""
        started = time.monotonic()
        try:
            entries = connect().api.build(
                path=str(self.folder),
                dockerfile=self.dockerfile,
                tag=self.tag,
                labels=dict(self.labels),
                target=self.target or "",
                buildargs=dict(self.arguments),
                rm=True,
                forcerm=True,
                decode=True,
                timeout=min(_SILENT_SECONDS, _BUILD_SECONDS),
            )
            for entry in entries:
                if time.monotonic() - started > _BUILD_SECONDS:
                    entries.close()  # without its reader, the engine ends the build
                    raise _too_long(self.folder, self.dockerfile, said)
                refused = refused or entry.get("error", "")
                said += entry.get("stream", "")
                *lines, rest = (rest + entry.get("stream", "")).split("\n")
                for line in lines:
                    # At once, not at the end: if this process is ended in mid-build, the next run knows what it left.
                    leftovers.note_images(_STEP_IMAGE.findall(line))
                    leftovers.note_containers(_STEP_CONTAINER.findall(line))
                    self.heard(line)
        except APIError as problem:
            raise _refused(self.folder, self.dockerfile, "", str(problem.explanation)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as problem:
            if "timed out" not in str(problem).lower():
                raise
            raise _too_long(self.folder, self.dockerfile, said) from None
        if refused or not _BUILT.search(said):
            raise _refused(self.folder, self.dockerfile, said, refused)
        return said

    def _with_buildx(self) -> str:
        options = ["--load", "--progress=plain", f"--tag={self.tag}", f"--file={self.dockerfile}"]
        options += [f"--label={key}={value}" for key, value in self.labels.items()]
        options += [f"--build-arg={key}={value}" for key, value in self.arguments.items()]
        options += [f"--target={self.target}"] if self.target else []
        said: list[str] = []

        def hear(line: str) -> None:
            said.append(line)
            self.heard(line)

        try:
            done = tool("buildx", "build", *options, ".", cwd=self.folder, timeout=_BUILD_SECONDS, heard=hear)
        except TookTooLong:
            raise _too_long(self.folder, self.dockerfile, "\n".join(said)) from None
        if done.returncode:
            raise _refused(self.folder, self.dockerfile, done.stderr)
        return done.stderr


def _too_long(folder: Path, dockerfile: str, said: str) -> BuildFailed:
    lines = _lines(said)
    number = _line(folder, dockerfile, lines)
    where = f" (line {number})" if number else ""
    limits = f"after {_BUILD_SECONDS / 60:g} minutes, or {_SILENT_SECONDS / 60:g} without a word, a build is stopped"
    cause = (
        f"{dockerfile} was not built in time{where}: {limits}. See whether a step waits for an answer, or for a network that is not there."
    )
    return BuildFailed(f"{cause}\nThe last lines of the builder:\n\n" + "\n".join(_clipped(lines)))


def _clipped(lines: list[str]) -> list[str]:
    return [line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…" for line in lines[-_LAST_LINES:]]


def _refused(folder: Path, dockerfile: str, said: str, cause: str = "") -> BuildFailed:
    cause = re.sub(r"^The command '.*' returned", "The command returned", cause, flags=re.DOTALL)  # the step is above it
    lines = _lines(f"{said.rstrip()}\n{cause}")
    number = _line(folder, dockerfile, lines)
    where = f" (line {number})" if number else ""
    absent = away("\n".join(lines))
    wrong = f"{dockerfile} does not build{where}.{absent or advice(chr(10).join(lines[-_LAST_LINES:]))}"
    again = bool(absent or _STEP_GONE.search(cause))
    return BuildFailed(f"{wrong}\nThe last lines of the builder:\n\n" + "\n".join(_clipped(lines)), again)


def _line(folder: Path, dockerfile: str, lines: list[str]) -> str:
    """The line of the Dockerfile that the builder stopped at, as it says itself, or else as its last step is written there; or empty."""
    text = "\n".join(lines)
    if found := re.search(rf"parse error on line (\d+)|^{re.escape(dockerfile)}:(\d+)$", text, re.MULTILINE):
        return found[1] or found[2]
    step = next((found[1] for line in reversed(lines) if (found := _STEP.match(line))), "")
    written = (folder / dockerfile).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    same = [number for number, line in enumerate(written, 1) if line.strip() == step]
    return str(same[0]) if len(same) == 1 else ""


def _too_much(folder: Path) -> str:
    """Why a build context should not be sent to the builder; empty if it may be: the SDK first copies all of it to a temporary file."""
    ignore = folder / ".dockerignore"
    patterns = [line.strip() for line in ignore.read_text(encoding="utf-8-sig", errors="replace").splitlines()] if ignore.is_file() else []
    paths = (folder / name for name in exclude_paths(str(folder), [line for line in patterns if line and line[0] != "#"]))
    sizes = {path: path.stat().st_size for path in paths if path.is_file() and not path.is_symlink()}
    if sum(sizes.values()) <= _LARGEST_CONTEXT:
        return ""
    most = max(sizes, key=sizes.__getitem__).relative_to(folder)
    limit = f"{_LARGEST_CONTEXT / 1e9:g} GB"
    return f"its folder holds more than {limit}, most of it in {most}. Name in .dockerignore what the image does not need."


def _lines(said: str) -> list[str]:
    """What the builder said, without its colours, the numbers of its steps and the ids of its images."""
    lines = (_STEP_PREFIX.sub("", ANSI.sub("", line)).rstrip() for line in said.splitlines())
    return [line for line in lines if line and not line.startswith(" --->")]
