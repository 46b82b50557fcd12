"""The commands that a page shows, and where what comes of them differs from the page."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shell import NO_CONNECTION, Result, Shell

TOLERANCE = 0.01  # of an image's size: compiled files and the clock's stamps in them differ a little from build to build
STATE_SECONDS = 60  # in which a service comes into the state that the page shows
_REMOVED_SECONDS = 20  # until the engine has removed a container that was started with `--rm`
_LOOK_SECONDS = 0.3
_STATUS = re.compile(r"^http status: (\d+)$", re.MULTILINE)
CURLRC = 'silent\nshow-error\nnoproxy = "*"\nwrite-out = "%{stderr}\\nhttp status: %{http_code}\\n"\n'  # in the home of the shell
_SIZES = "docker history --human=false --format '{{{{.Size}}}}' {tag}"
_STATES = """docker ps --all --filter label=com.docker.compose.project --format \
'{{.Label "com.docker.compose.service"}}\t{{.State}}\t{{.Status}}'"""
_LONGEST = 2_000  # characters of a text; of a longer one, a page stores the end
_HIDDEN = "•••"  # instead of a secret
_LAST_LINES = 12


class NoCommands(Exception):
    """A page shows no commands, or some that nothing is known of; the message names it and the next step."""


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: the HTTP status.
        text: the body.
    """

    status: int
    text: str


@dataclass(frozen=True)
class Outcome:
    """What came of a command, on the page or here; None is what is not known.

    Attributes:
        exit: the exit code.
        answer: of `curl`.
        size: bytes of the image that was built, unpacked.
        states: the services after it, and the state of each.
    """

    exit: int
    answer: Answer | None = None
    size: int | None = None
    states: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Shown:
    """A command as the page shows it.

    Attributes:
        command: as it is typed.
        folder: where, relative to the recipe.
        image: the tag of the image that it builds; "" if it builds none.
        outcome: what came of it.
    """

    command: str
    folder: str
    image: str
    outcome: Outcome


def read(notebook: Path) -> list[Shown]:
    """The commands of a page, in order.

    Args:
        notebook: a notebook with outputs.

    Raises:
        NoCommands: if it has none, or a command without an exit code.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    found = [entry for output in outputs for entry in output.get("metadata", {}).get("terminal", ())]
    if not found:
        raise NoCommands(f"{notebook.name} shows no commands: run the chapter (`make record`), so that it has its outputs.")
    if unknown := [entry.get("command") for entry in found if "exit" not in entry or not entry.get("command")]:
        raise NoCommands(f"{notebook.name} does not say how this ended: {unknown[0]}. Run the chapter again (`make record`).")
    return [_shown(entry) for entry in found]


def run(shown: Shown, shell: Shell) -> tuple[Outcome, Result]:
    """Run a command, and look at what the page says about it: as soon as it is as on the page, or at the latest after a limit.

    Args:
        shown: the command.
        shell: in the folder that `shown.folder` names.
    """
    is_curl = shown.command.startswith("curl ")
    came = shell.connect(shown.command) if is_curl and shown.outcome.exit == 0 else shell.run(shown.command)
    if shown.command.startswith("docker stop "):
        _wait_for_removal(shown.command.split()[-1], shell)
    status = _STATUS.search(came.stderr)
    answer = Answer(int(status[1]), came.stdout) if is_curl and status and came.exit == 0 else None
    size = _size(shown.image, shell) if shown.image and came.exit == 0 else None
    states = None if shown.outcome.states is None else _states(shown.outcome.states, shell)
    return Outcome(came.exit, answer, size, states), came


def differences(shown: Shown, here: Outcome, sizes: bool = True) -> list[str]:
    """Where a command ends in something else than the page shows, a sentence each.

    Args:
        shown: the command and what the page shows.
        here: what came of it.
        sizes: whether to compare sizes of images; on other base images they are others.
    """
    page, found = shown.outcome, []
    if page.exit != here.exit and not (shown.command.startswith("curl ") and {page.exit, here.exit} <= NO_CONNECTION):
        found.append(f"exit code: the page shows {page.exit}, and here it is {here.exit}")
    if page.answer and not (here.answer and page.answer.status == here.answer.status and _same(page.answer.text, here.answer.text)):
        found.append(f"answer: the page shows {_words(page.answer)}, and here it is {_words(here.answer)}")
    if sizes and page.size is not None and (here.size is None or abs(here.size - page.size) > TOLERANCE * page.size):
        found.append(f"size of {shown.image}: the page shows {page.size:,} bytes, and here it is {here.size or 0:,}")
    for service, state in (page.states or {}).items():
        if state != (seen := (here.states or {}).get(service, "absent")):
            found.append(f"state of {service}: the page shows {state}, and here it is {seen}")
    return found


def report(name: str, number: int, shown: Shown, found: list[str], came: Result) -> str:
    """The message about a command that does not do what its page says.

    Args:
        name: of the page.
        number: of the command on the page, from 1 on.
        shown: the command.
        found: what `differences` returned.
        came: what it printed.
    """
    last = [line for line in (came.stdout + came.stderr).splitlines() if line.strip()][-_LAST_LINES:]
    where = f" (in {shown.folder})" if shown.folder else ""
    return "\n".join([f"{name}, command {number}{where}: $ {shown.command}", *(f"  {each}" for each in found), "It printed last:", *last])


def _shown(entry: Mapping[str, Any]) -> Shown:
    answer, states = entry.get("answer"), entry.get("states")
    outcome = Outcome(entry["exit"], Answer(answer["status"], answer["text"]) if answer else None, entry.get("size"), states)
    return Shown(entry["command"], entry.get("folder", ""), entry.get("image", "") if entry.get("size") else "", outcome)


def _wait_for_removal(container: str, shell: Shell) -> None:
    """Wait until a stopped container is removed: the next one may have its name, and no reader types as fast as a test."""
    deadline = time.monotonic() + _REMOVED_SECONDS
    while shell.run(f"docker ps --all --quiet --filter name=^/{container}$").stdout.strip() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _size(tag: str, shell: Shell) -> int | None:
    sizes = shell.run(_SIZES.format(tag=tag))
    return None if sizes.exit else sum(map(int, sizes.stdout.split()))


def _states(wanted: Mapping[str, str], shell: Shell) -> dict[str, str]:
    """The states of all services, once they are those that are wanted."""
    deadline = time.monotonic() + STATE_SECONDS
    while True:
        listed = [line.split("\t") for line in shell.run(_STATES).stdout.splitlines()]
        found = {service: _state(state, status) for service, state, status in reversed(listed)}  # the newest is the first
        if all(state == found.get(service, "absent") for service, state in wanted.items()) or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_SECONDS)


def _state(state: str, status: str) -> str:
    """A state as pages name it, from what `docker ps` prints, such as `Exited (1) 2 seconds ago` or `Up 3 seconds (healthy)`."""
    inside = re.search(r"\((?:health: )?([^)]+)\)", status)
    if state == "exited" and inside:
        return f"exited ({inside[1]})"
    return inside[1] if state == "running" and inside else state


def _same(page: str, here: str) -> bool:
    """Whether a text is the one that a page stores, which can be the end of it and has no secrets."""
    pattern = ".+".join(map(re.escape, page.strip().split(_HIDDEN)))
    return bool(re.fullmatch(pattern, here[-_LONGEST:].strip(), re.DOTALL))


def _words(answer: Answer | None) -> str:
    return f"{answer.status} {answer.text.strip()!r}" if answer else "no answer"
