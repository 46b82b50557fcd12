"""The classic builder, through the Docker SDK, for an engine that has no BuildKit."""

from __future__ import annotations

import re
import time
from pathlib import Path

import requests
import urllib3
from docker.errors import APIError
from docker.utils import exclude_paths

from ..engine import connect, leftovers
from . import build_output
from .builder import BUILD_SECONDS, LAST_LINES, SILENT_SECONDS, Build, BuildFailed, Built, not_in_time, refused, written_at

_LARGEST_CONTEXT = 1_000_000_000  # bytes
_STEP = re.compile(r"Step \d+/\d+ : (.+)")
_STEP_IMAGE = re.compile(r"^ ---> ([0-9a-f]{12})$", re.MULTILINE)
_STEP_CONTAINER = re.compile(r"^ ---> Running in ([0-9a-f]{12})$", re.MULTILINE)
_STEP_GONE = re.compile(r"unknown parent image ID|[Nn]o such image: sha256")  # the image of a step that this build had from the cache
_PARSE_ERROR = re.compile(r"parse error on line (\d+)")
_BUILT = re.compile(r"(?:^Successfully built |sha256:)[0-9a-f]+$", re.MULTILINE)  # as the SDK looks for it


def build(what: Build) -> Built:
    """Build an image with the engine's classic builder.

    It does not read `RUN --mount`, here-documents, `COPY --link` or `COPY --chmod`, and says so.

    Args:
        what: what to build.

    Raises:
        BuildFailed: if the builder refuses, or does not end in time, or if the folder is too large to be sent.
    """
    if reason := _too_much(what.folder):
        raise BuildFailed(f"{what.dockerfile} is not built: {reason}")
    printed, rest, problem = "", "", ""
    started = time.monotonic()
    try:
        entries = connect().api.build(
            path=str(what.folder),
            dockerfile=what.dockerfile,
            tag=what.tag,
            labels=dict(what.labels),
            target=what.target or "",
            buildargs=dict(what.arguments),
            nocache=not what.cache,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=min(SILENT_SECONDS, BUILD_SECONDS),
        )
        for entry in entries:
            if time.monotonic() - started > BUILD_SECONDS:
                entries.close()  # without its reader, the engine ends the build
                raise _too_long(what, printed)
            problem = problem or entry.get("error", "")
            printed += entry.get("stream", "")
            *lines, rest = (rest + entry.get("stream", "")).split("\n")
            for line in lines:
                # At once, not at the end: if this process is ended in mid-build, the next run knows what it left.
                leftovers.note_images(_STEP_IMAGE.findall(line))
                leftovers.note_containers(_STEP_CONTAINER.findall(line))
                what.heard(line)
    except APIError as failure:
        raise _refused(what, "", str(failure.explanation)) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as failure:
        if "timed out" not in str(failure).lower():
            raise
        raise _too_long(what, printed) from None
    if problem or not _BUILT.search(printed):
        raise _refused(what, printed, problem)
    return Built(str(connect().images.get(what.tag).id), "\n".join(_lines(printed)))


def _refused(what: Build, printed: str, cause: str) -> BuildFailed:
    cause = re.sub(r"^The command '.*' returned", "The command returned", cause, flags=re.DOTALL)  # the step is above it
    lines = _lines(f"{printed.rstrip()}\n{cause}")
    stated = _PARSE_ERROR.search(cause)
    line = int(stated[1]) if stated else _line(what, lines)
    return refused(what.dockerfile, lines[-LAST_LINES:], line, "\n".join(lines), bool(_STEP_GONE.search(cause)))


def _too_long(what: Build, printed: str) -> BuildFailed:
    lines = _lines(printed)
    return not_in_time(what.dockerfile, lines, _line(what, lines))


def _line(what: Build, lines: list[str]) -> int:
    """The line of the Dockerfile of the last step that began; 0 if that is unknown."""
    step = next((found[1] for line in reversed(lines) if (found := _STEP.match(line))), "")
    return written_at(what.folder, what.dockerfile, step) if step else 0


def _lines(printed: str) -> list[str]:
    """The builder's output without its colours and the ids of its images."""
    return [line for line in build_output.lines(printed) if not line.startswith(" --->")]


def _too_much(folder: Path) -> str:
    """Why a build context should not be sent; empty if it may be: the SDK first copies all of it to a temporary file."""
    ignore = folder / ".dockerignore"
    patterns = [line.strip() for line in ignore.read_text(encoding="utf-8-sig", errors="replace").splitlines()] if ignore.is_file() else []
    paths = (folder / name for name in exclude_paths(str(folder), [line for line in patterns if line and line[0] != "#"]))
    sizes = {path: path.stat().st_size for path in paths if path.is_file() and not path.is_symlink()}
    if sum(sizes.values()) <= _LARGEST_CONTEXT:
        return ""
    most = max(sizes, key=sizes.__getitem__).relative_to(folder)
    limit = f"{_LARGEST_CONTEXT / 1e9:g} GB"
    return f"its folder holds more than {limit}, most of it in {most}. Name in .dockerignore what the image does not need."
