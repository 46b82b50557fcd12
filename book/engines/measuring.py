"""Run chapters on an engine, each in a process of its own, so that one that breaks leaves the others alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..chapters.chapter import Chapter
from ..places import ROOT
from ..trouble import Trouble
from . import runner
from .findings import first_line
from .result import About, ChapterRun, chapter_run

_END_SECONDS = 30  # for a chapter that has said all or was interrupted, to end its kernel
_OF_ANOTHER_ENGINE = ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
Tell = Callable[[float, float], None]  # how many cells are done, and of how many


class NoAnswer(Trouble):
    """The process of a chapter ended without a result; the message contains the end of its output."""


@dataclass(frozen=True)
class Target:
    """An engine that answers.

    Attributes:
        variables: what ties a process to it.
        inside: the start of a command that runs where its published ports are; empty on this machine's own network.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    inside: Sequence[str] = ()


def about(target: Target) -> About:
    """What the engine is.

    Raises:
        NoAnswer: if it or a tool beside it does not answer.
    """
    return About(**_ask(target, ["about"], lambda done, total: None))


def measure(target: Target, chapter: Chapter, engine: str, tell: Tell) -> ChapterRun:
    """Run a chapter to its last cell, and see what became of each claim. Nothing is written.

    Args:
        target: the engine.
        chapter: the chapter.
        engine: the engine's name and version.
        tell: called after each cell.

    Raises:
        NoAnswer: if its process ended without a result.
    """
    found = _ask(target, ["run", chapter.name, str(chapter.path.parent)], tell)
    return replace(chapter_run(found), engine=engine)


def _ask(target: Target, arguments: Sequence[str], tell: Tell) -> dict[str, Any]:
    own = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_ENGINE}
    command = [*target.inside, sys.executable, "-m", runner.__name__, *arguments]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**own, "PYTHONPATH": str(ROOT), **target.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        return _heard(process, tell)
    finally:
        _end(process)


def _heard(process: subprocess.Popen[str], tell: Tell) -> dict[str, Any]:
    last = ""
    for line in process.stdout or ():
        said = _json(line)
        if "found" in said:
            return dict(said["found"])
        if "trouble" in said:
            raise NoAnswer(said["trouble"])
        if "done" in said:
            tell(said["done"], said["total"])
        last = line if line.strip() else last
    raise NoAnswer(f"{Path(sys.executable).name} ended with exit code {process.wait()}: {first_line(last)}")


def _json(line: str) -> dict[str, Any]:
    """What a line of the process says; nothing if a library printed it."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _end(process: subprocess.Popen[str]) -> None:
    """Wait until a process has ended: after its result or Ctrl-C, by itself, since it ends its kernel first; else it is stopped."""
    for stop in (process.poll, process.terminate, process.kill):
        stop()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            break
    if process.stdout:
        process.stdout.close()
