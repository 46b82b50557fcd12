"""Whether a reloader sees an edit: one more line in a mounted file of the copy, and a look at the processes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError

from ..engine import connect
from ..files.config import Configuration
from ..measure.limits import NotInTime, seconds_until
from ..measure.service import Service

_RELOADS = re.compile(r"\b(?:watchmedo|watchfiles|reload\.py)\b|\s--reload\b|\bflask\s.*--debug\b")
_SECONDS = 10.0  # the slowest reloader of the book's measurements needs less than two on a quiet machine
_CALM_SECONDS = 1.5
_SKIPPED = {"__pycache__", "node_modules", ".git", ".venv"}


@dataclass(frozen=True)
class Edit:
    """An edit that a service with a reloader was given: the file, and the seconds until its processes were others; None: they stayed."""

    service: str
    command: str
    file: str
    seconds: float | None


def edits(services: tuple[Service, ...], config: Configuration, folder: Path) -> Iterator[Edit]:
    """Give each service with a reloader an edit at the top of what it mounts, and one further down.

    Args:
        services: those that run.
        config: what `docker compose config` made of the project's files.
        folder: the copy of the project; nothing outside of it is touched.
    """
    for service in services:
        running = sorted((line for _, line in _processes(service)), key=len) if service.state == "running" else []
        command = next((line for line in running if _RELOADS.search(line)), "")  # without the init before it
        if not command:
            continue
        for mount in config.services[service.name].mounts:
            source = Path(mount.source)
            if mount.is_bind and source.is_dir() and source.resolve().is_relative_to(folder.resolve()):
                for file in _files(source):
                    yield Edit(service.name, command, file.relative_to(folder).as_posix(), _seconds(service, file))


def _files(source: Path) -> list[Path]:
    """The Python file nearest to the top, and the one furthest from it."""
    found = sorted(source.rglob("*.py"), key=lambda file: (len(file.parts), file))
    found = [file for file in found if not _SKIPPED & set(file.parts) and not file.is_symlink() and file.stat().st_size]
    return list(dict.fromkeys([*found[:1], *found[-1:]]))


def _seconds(service: Service, file: Path) -> float | None:
    before, known = file.read_bytes(), file.stat()
    processes = _calm(service)
    try:
        file.write_bytes(before + b"\n")
        return seconds_until(lambda: _processes(service) != processes, _SECONDS)
    except NotInTime:
        return None
    finally:
        file.write_bytes(before)
        os.utime(file, (known.st_atime, known.st_mtime))


def _calm(service: Service) -> set[tuple[str, str]]:
    """The processes of a container, once they have stayed the same for a while: putting a file back is an edit, too."""
    deadline, since, before = time.monotonic() + 2 * _SECONDS, time.monotonic(), _processes(service)
    while time.monotonic() < min(deadline, since + _CALM_SECONDS):
        if (now := _processes(service)) != before:
            since, before = time.monotonic(), now
        time.sleep(0.1)
    return before


def _processes(service: Service) -> set[tuple[str, str]]:
    """The processes of a container: number and command line."""
    try:
        rows = connect().containers.get(service.container).top(ps_args="-eo pid,args")["Processes"] or []
    except APIError:
        return set()
    return {(row[0], " ".join(row[1:])) for row in rows}
