"""What reaches what: knock at addresses from inside a service's network, and from this machine."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError
from docker.models.containers import Container

from ..engine import connect, leftovers
from . import answer, knock

HERE = "this machine"
_INSIDE = Path(knock.__file__).read_text()
_PYTHON = "python:3.13-alpine"
_RUNS_IT = re.compile(r"python:3\.(?:9|[1-9]\d)(?!\d)")  # what knocks needs Python 3.9
_START_SECONDS = 60


@dataclass(frozen=True)
class Reach:
    """Whether a source reaches a target.

    Attributes:
        source: the service, or `this machine`.
        target: `service`, `service:port`, `http://service:port/path` or `postgres://service:port`.
        ok: whether it does.
        verdict: the result in plain words: `resolves`, `open`, `answers`; or `no such name`, `refused`, `no answer in time`,
            `hangs up`, `not ready`, `answers 500`, `not running` (the source), `not published`.
        seconds: how long the check took.
        error: the text of the real error; empty where there was none.
        addresses: the addresses that the target's name stands for.
    """

    source: str
    target: str
    ok: bool
    verdict: str
    seconds: float
    error: str = ""
    addresses: tuple[str, ...] = ()


def inside(container: Container, source: str, targets: Iterable[str], limit: float, recipe: str) -> tuple[Reach, ...]:
    """Knock from within the network of a running container, through a short-lived one that shares it.

    Args:
        container: the container whose network is used; nothing runs in it.
        source: what to call it.
        targets: where to knock, all at the same time.
        limit: seconds for each.
        recipe: the name that labels what is made.
    """
    targets = list(targets)
    container.reload()
    if container.status != "running":
        return silent(source, targets, "not running", f"the container is {container.status}")
    since = container.attrs["State"]["StartedAt"]
    command = ["python", "-c", _INSIDE, str(limit), *targets]
    probe = connect().containers.create(
        python_image(), command, entrypoint=[], network_mode=f"container:{container.id}", labels=leftovers.labels(recipe), init=True
    )
    try:
        probe.start()
        code = probe.wait(timeout=limit + _START_SECONDS)["StatusCode"]
        said = probe.logs(stderr=bool(code)).decode(errors="replace")
    except APIError as problem:  # the engine refuses to join the network of a container that has just died
        return silent(source, targets, "not running", str(problem.explanation))
    finally:
        probe.remove(force=True, v=True)
    container.reload()
    if container.attrs["State"]["StartedAt"] != since or container.status != "running":
        return silent(source, targets, "not running", f"the container is {container.status}: it ended while it was asked")
    if code:
        raise RuntimeError(f"the probe beside {source} ended in {code}: {said[-500:]}")
    return tuple(_reach(source, target, told) for target, told in zip(targets, json.loads(said), strict=True))


def outside(target: str, at: str | None, limit: float) -> tuple[Reach]:
    """Knock from this machine.

    Args:
        target: where to knock.
        at: the published address where it is found, as `127.0.0.1:32768`; None where its own name leads there.
        limit: seconds until there is no answer.
    """
    (told,) = knock.knock_at_all([target], limit, at)
    return (_reach(HERE, target, told),)


def ask(port: int, path: str = "/", limit: float = 30.0) -> answer.Answer:
    """Ask whatever listens on a port of 127.0.0.1 for `path` over HTTP, again and again until it answers.

    Raises:
        NoAnswer: where nothing answers within `limit` seconds.
    """
    started = time.monotonic()
    while True:
        try:
            return answer.ask(f"http://127.0.0.1:{port}{path}", started)
        except (OSError, http.client.HTTPException) as problem:
            if time.monotonic() - started > limit:
                raise answer.NoAnswer(f"Nothing answers on port {port} of this machine within {limit:g} seconds: {problem}") from None
            time.sleep(0.1)


def silent(source: str, targets: Iterable[str], verdict: str, error: str) -> tuple[Reach, ...]:
    """The same verdict for all targets, where there was nothing to try."""
    return tuple(Reach(source, target, False, verdict, 0.0, error) for target in targets)


def _reach(source: str, target: str, told: dict) -> Reach:
    return Reach(source, target, told["ok"], told["verdict"], told["seconds"], told["error"], tuple(told["addresses"]))


def python_image() -> str:
    """A Python image that is on the engine, the small one first; nothing is pulled where one is there."""
    # Not the SDK's own list: that looks at each image once more, and another run may have taken one away meanwhile.
    tags = [tag for found in connect().api.images() for tag in found["RepoTags"] or [] if _RUNS_IT.match(tag)]
    if not tags:
        connect().images.pull(_PYTHON)
    return min(tags, key=lambda tag: (tag != _PYTHON, "alpine" not in tag, "slim" not in tag, tag), default=_PYTHON)
