"""Bring a Compose project up."""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator

from docker.errors import APIError
from docker.models.networks import Network

from ..advice import NO_NETWORK_LEFT, advice, away, crossed
from ..engine import connect, labels, leftovers
from ..engine.plugins import tool
from ..engine.words import OF_THE_ENGINE
from ..files import compose, merge
from ..files.compose import ComposeFile
from ..trouble import TookTooLong, Trouble
from . import answer
from .limits import WAIT_SECONDS as WAIT_SECONDS
from .service import OF_SERVICE, StackFailed
from .stack import Stack

_UP_SECONDS = 900
_NETWORK_SECONDS = 120  # until another run gives a network back; the default address pools end at about 28
_AGAIN_SECONDS = 1
_LAST_LINES = 8
_count = itertools.count(1)


def name(recipe: str) -> str:
    """A name for a Compose project that nobody else has."""
    return f"{re.sub(r'[^a-z0-9_-]', '-', recipe.lower())}-{labels.RUN}-{next(_count)}".lstrip("_-")


def up(
    file: ComposeFile,
    recipe: str,
    *,
    services: Iterable[str] = (),
    profiles: Iterable[str] = (),
    project: str | None = None,
    wait: bool = True,
    free_ports: bool = True,
    heard: Callable[[str], None] = lambda line: None,
    limit: int = WAIT_SECONDS,
    seconds: float = _UP_SECONDS,
) -> Stack:
    """Bring a Compose file up through `docker compose up --build --detach`.

    A second file, made for the run, adds the labels of this run, names built images after the project, and publishes each port
    on a free one of 127.0.0.1. The file itself stays as it is.

    Args:
        file: the Compose file.
        recipe: the name that labels what is made.
        services: what to bring up, with what it depends on; all if none is named.
        profiles: the profiles to switch on.
        project: Compose's name for it; a new one if None.
        wait: until all are running and healthy (Compose's `--wait`).
        free_ports: False keeps the ports of the file.
        heard: called with each line of Compose's progress as it comes.
        limit: seconds that `wait` waits.
        seconds: how long all of it may take, builds included.

    Raises:
        StackFailed: if Compose refuses; what it had made is removed by then.
    """
    project = project or name(recipe)
    verdict, config = compose.read(file, project)
    if verdict.error:
        raise StackFailed(f"{file} is not valid.{advice(verdict.error)}\nCompose says:\n{verdict.error}", verdict.exit_code)
    added = merge.override(config, project, leftovers.labels(recipe), free_ports)
    stack = Stack(project, file, recipe, verdict.warnings, added, compose.declared(config))
    chosen = [part for profile in profiles for part in ("--profile", profile)]
    waiting = ["--wait", "--wait-timeout", str(limit)] if wait else []
    try:
        with stack._files() as files:
            command = [*files, *chosen, "up", "--build", "--detach", *waiting, *services]
            began = time.monotonic()

            def bring_up() -> subprocess.CompletedProcess[str]:
                left = max(began + seconds - time.monotonic(), 1)
                return tool("compose", *command, cwd=file.folder, timeout=left, heard=heard, environment=file.environment)

            done = bring_up()
            if done.returncode and (away(done.stdout + done.stderr) or crossed(done.stdout + done.stderr)):
                done = bring_up()
            deadline = time.monotonic() + _NETWORK_SECONDS
            while done.returncode and no_network_left(done.stderr) and time.monotonic() < deadline:
                _sweep(stack)  # keep nothing while waiting: two runs that keep one network each would wait forever
                time.sleep(_AGAIN_SECONDS)
                done = bring_up()
        if done.returncode:
            said = compose.words(done.stderr, file.folder, project, done.stdout)
            last = _last_words(stack)
            step = advice(last) or away(done.stdout + done.stderr) or advice(said)
            raise StackFailed(f"{file} does not come up.{step}\nCompose says:\n{said}{last}", done.returncode)
    except TookTooLong:
        _sweep(stack)
        raise StackFailed(f"{file} did not come up within {seconds:g} seconds.") from None
    except BaseException:
        _sweep(stack)
        raise
    return stack


def no_network_left(said: str) -> bool:
    """Whether the engine says that its address pools are used up."""
    return bool(re.search(NO_NETWORK_LEFT, said))


def network(name: str, recipe: str) -> Network:
    """Make a network with our labels; wait, within a limit, if the engine has no address range left."""
    deadline = time.monotonic() + _NETWORK_SECONDS
    while True:
        try:
            return connect().networks.create(name, labels=leftovers.labels(recipe))
        except APIError as problem:
            if not no_network_left(str(problem.explanation)) or time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_SECONDS)


def _last_words(stack: Stack) -> str:
    """The last lines of each service that is not well; nothing if the engine no longer answers."""
    try:
        return "".join(_words_of(stack))
    except OF_THE_ENGINE:
        return ""


def _words_of(stack: Stack) -> Iterator[str]:
    for container in stack._containers():
        state = container.attrs["State"]
        health = state.get("Health", {})
        if state["Status"] in ("exited", "restarting", "dead") or health.get("Status") in ("starting", "unhealthy"):
            try:
                words = container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
                why = answer.out_of_memory(container)
            except APIError:  # it was removed at that moment
                continue
            service = container.labels[OF_SERVICE]
            if health.get("Log"):
                check = health["Log"][-1]
                told = "\n".join(check["Output"].strip().splitlines()[-_LAST_LINES:])
                yield f"\n\n{service}'s health check (exit code {check['ExitCode']}) said:\n{told or '(nothing)'}"
            yield f"\n\n{service} ({state['Status']}, exit code {state['ExitCode']}) said:\n{words or '(nothing)'}"
            yield f"\n{why}" if why else ""


def _sweep(stack: Stack) -> None:
    """Remove what a failed `up` created; a failure here must not hide the error of `up`."""
    try:
        stack.down()
    except (Trouble, *OF_THE_ENGINE):
        pass
