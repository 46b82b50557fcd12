"""What reaches what: try addresses from inside a service's network, and from this machine."""

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

from ..engine import connect, leftovers, list_images
from ..trouble import Trouble
from . import answer, knock
from .limits import PATIENCE
from .verdict import Verdict

HERE = "this machine"
_INSIDE = Path(knock.__file__).read_text()
_PYTHON = "python:3.13-alpine"
# `knock.py` needs Python 3.9. Podman gives the whole name of an image.
_RUNS_IT = re.compile(r"(?:docker\.io/library/)?python:3\.(?:9|[1-9]\d)(?!\d)")
_START_SECONDS = 120
_MOST_OUTPUT = 500  # characters of a failed probe's output that an error shows


@dataclass(frozen=True)
class Reach:
    """Whether a source reaches a target.

    Attributes:
        source: the service, or `this machine`.
        target: `service`, `service:port`, `http://service:port/path` or `postgres://service:port`.
        ok: whether it does.
        verdict: how the try ended, to decide by.
        seconds: how long the check took.
        error: the text of the real error; empty if there was none.
        addresses: the addresses that the target's name resolves to.
        status: the HTTP status of an answer that is an error; 0 otherwise.
    """

    source: str
    target: str
    ok: bool
    verdict: Verdict
    seconds: float
    error: str = ""
    addresses: tuple[str, ...] = ()
    status: int = 0

    @property
    def text(self) -> str:
        """The verdict as a page shows it, with the HTTP status or the number of addresses."""
        if self.verdict == Verdict.ERROR_STATUS:
            return f"answers {self.status}"
        if self.verdict == Verdict.RESOLVES and len(self.addresses) > 1:
            return f"{self.verdict} to {len(self.addresses)} addresses"
        return str(self.verdict)


def inside(container: Container, source: str, targets: Iterable[str], limit: float, recipe: str) -> tuple[Reach, ...]:
    """Try targets from within the network of a running container, through a short-lived one that shares it.

    Args:
        container: the container whose network is used; nothing runs in it.
        source: what to call it.
        targets: what to reach, all at the same time.
        limit: seconds for each.
        recipe: the name for the labels of what is created.
    """
    targets = list(targets)
    container.reload()
    if container.status != "running":
        return silent(source, targets, Verdict.NOT_RUNNING, f"the container is {container.status}")
    since = container.attrs["State"]["StartedAt"]
    command = ["python", "-c", _INSIDE, str(limit), *targets]
    probe = connect().containers.create(
        python_image(), command, entrypoint=[], network_mode=f"container:{container.id}", labels=leftovers.labels(recipe), init=True
    )
    try:
        probe.start()
        code = probe.wait(timeout=limit + _START_SECONDS)["StatusCode"]
        output = probe.logs(stderr=bool(code)).decode(errors="replace")
    except APIError as problem:  # the engine refuses to join the network of a container that has just died
        return silent(source, targets, Verdict.NOT_RUNNING, str(problem.explanation))
    finally:
        probe.remove(force=True, v=True)
    container.reload()
    if container.attrs["State"]["StartedAt"] != since or container.status != "running":
        return silent(source, targets, Verdict.NOT_RUNNING, f"the container is {container.status}: it ended during the try")
    if code:
        raise Trouble(f"The probe beside {source} ended with exit code {code}. It printed:\n{output[-_MOST_OUTPUT:]}")
    return tuple(_reach(source, target, tried) for target, tried in zip(targets, json.loads(output), strict=True))


def outside(target: str, at: str | None, limit: float) -> Reach:
    """Try a target from this machine.

    Args:
        target: what to reach.
        at: the published address that leads to it, as `127.0.0.1:32768`; None if its own name does.
        limit: seconds until there is no answer.
    """
    (tried,) = knock.attempt_all([target], limit, at)
    return _reach(HERE, target, tried)


def ask(port: int, path: str = "/", limit: float = PATIENCE) -> answer.Answer:
    """Request `path` over HTTP from a port of 127.0.0.1, again and again until there is an answer.

    Raises:
        NoAnswer: if nothing answers within `limit` seconds.
    """
    started = time.monotonic()
    while True:
        try:
            return answer.ask(f"http://127.0.0.1:{port}{path}", started)
        except (OSError, http.client.HTTPException) as problem:
            if time.monotonic() - started > limit:
                raise answer.NoAnswer(f"Nothing answers on port {port} of this machine within {limit:g} seconds: {problem}") from None
            time.sleep(0.1)


def silent(source: str, targets: Iterable[str], verdict: Verdict, error: str) -> tuple[Reach, ...]:
    """The same verdict for all targets, if there was nothing to try."""
    return tuple(Reach(source, target, False, verdict, 0.0, error) for target in targets)


def _reach(source: str, target: str, tried: knock.Tried) -> Reach:
    verdict, addresses = Verdict(tried["verdict"]), tuple(tried["addresses"])
    return Reach(source, target, tried["ok"], verdict, tried["seconds"], tried["error"], addresses, tried["status"])


def python_image() -> str:
    """A Python image that is on the engine, the small one first; nothing is pulled if there is one."""
    # Not the SDK's own list: it inspects each image again, and another run may have removed one in the meantime.
    tags = [tag for found in list_images(connect()) for tag in found["RepoTags"] or [] if _RUNS_IT.match(tag)]
    if not tags:
        connect().images.pull(_PYTHON)
    return min(tags, key=lambda tag: (not tag.endswith(_PYTHON), "alpine" not in tag, "slim" not in tag, tag), default=_PYTHON)
