"""The Docker engine: find the one that answers, and connect to it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import docker
import requests
from docker.errors import DockerException, NotFound
from docker.utils import kwargs_from_env

from ..places import PRIVATE_SOCKET
from ..trouble import Trouble
from .choice import Choice, choice

_SILENT_SECONDS = 300  # before the engine sends the first byte of an image of gigabytes; longer than this is a hang
_PING_SECONDS = 30
_LIST_TRIES, _AGAIN_SECONDS = 20, 0.2
_LONGEST_REASON = 160  # characters
_HOME_SOCKETS = (".docker/run/docker.sock", ".orbstack/run/docker.sock", ".colima/default/docker.sock")


class EngineMissing(Trouble):
    """No Docker engine answers; the message says what was tried and what to do."""


class ChosenEngineMissing(EngineMissing):
    """The engine that the reader chose does not answer. No other one is used, and none is started."""


class _Api(docker.APIClient):
    """The SDK's way to the engine with a limit on each silence: by default it waits forever at a pull, a build or a container's end."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send one request."""
        return super().send(request, **{**options, "timeout": options.get("timeout") or _SILENT_SECONDS})


class Client(docker.DockerClient):
    """A client of the engine in use.

    Attributes:
        variables: what ties another process to the same engine.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        options = kwargs_from_env(environment=dict(variables))
        self.api = _Api(version="auto", timeout=_PING_SECONDS, **options)
        self.variables = variables
        self.ping()
        self.api.timeout = _SILENT_SECONDS


@cache
def connect() -> Client:
    """Return a client of the engine that answers; within one process it is always the same engine.

    If `DOCKER_HOST` or the active context names an engine, only that one is tried. Otherwise the usual sockets are tried, then the
    private engine, unless `BOOK_ENGINE=off`.

    Raises:
        ChosenEngineMissing: if the engine that the reader chose does not answer.
        EngineMissing: if none answers.
    """
    if chosen := choice():
        return _connect_to(chosen)
    tried = []
    for host in _candidates():
        try:
            return Client({"DOCKER_HOST": host})
        except (DockerException, OSError) as problem:
            tried.append(f"  {host}: {_reason(problem)}")
    raise EngineMissing(
        "No Docker engine answers. Tried:\n" + ("\n".join(tried) or "  no socket is in any of the usual places") + "\n"
        "Start Docker Desktop or your engine's service, or set DOCKER_HOST, and run this again.\n"
        "On Debian or Ubuntu as root, `make book` starts a private engine."
    )


def _connect_to(chosen: Choice) -> Client:
    if not chosen.host:
        raise ChosenEngineMissing(f"There is no Docker engine for {chosen.source}: `docker context ls` lists the contexts. {chosen.step}.")
    try:
        return Client({"DOCKER_HOST": chosen.host, **chosen.certificates})
    except (DockerException, OSError) as problem:
        raise ChosenEngineMissing(
            f"The Docker engine at {chosen.host} does not answer: {_reason(problem)}\n"
            f"It was chosen by {chosen.source}, so no other engine is used. {chosen.step}, and run this again."
        ) from None


def address() -> str:
    """The address of the engine in use, as `DOCKER_HOST` takes it."""
    return connect().variables["DOCKER_HOST"]


def variables() -> dict[str, str]:
    """The variables that tie another process to the engine in use."""
    return dict(connect().variables)


def list_images(client: docker.DockerClient, **options: Any) -> list[dict[str, Any]]:
    """The images of an engine, as its API lists them.

    With containerd's image store, Engine 28 answers with 404 if another run removes an image meanwhile: then it is asked again.

    Args:
        client: the engine.
        options: as for the SDK's `api.images`.
    """
    for _ in range(_LIST_TRIES):
        with suppress(NotFound):
            return list(client.api.images(**options))
        time.sleep(_AGAIN_SECONDS)
    return list(client.api.images(**options))


def cached_bytes(client: docker.DockerClient) -> int:
    """The bytes of an engine's build cache.

    The SDK's own `df` also adds up the images: with containerd's store, Engine 28 answers that with 404 if another run removes one
    meanwhile.

    Args:
        client: the engine.
    """
    api = client.api
    answer = api.get(f"{api.base_url}/v{api.api_version}/system/df", params={"type": "build-cache"})
    answer.raise_for_status()
    return sum(entry["Size"] for entry in answer.json()["BuildCache"] or [])


@cache
def has_buildkit() -> bool:
    """Whether the engine in use builds with BuildKit; Podman, for example, has only the classic builder's API.

    Source: the header `Builder-Version` of Docker's API, `GET /_ping`: 2 is BuildKit.
    """
    api = connect().api
    return api.get(f"{api.base_url}/_ping").headers.get("Builder-Version") == "2"


def _candidates() -> Iterator[str]:
    """The sockets that exist here, if the reader chose no engine."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usual = ["/var/run/docker.sock", f"{runtime}/docker.sock" if runtime else ""]
    usual += [os.path.expanduser(f"~/{place}") for place in _HOME_SOCKETS]
    usual += [] if os.environ.get("BOOK_ENGINE") == "off" else [str(PRIVATE_SOCKET)]
    # os.path, not pathlib: a socket in a folder without permission for us is no error
    yield from (f"unix://{socket}" for socket in usual if socket and os.path.exists(socket))


def _reason(problem: BaseException) -> str:
    """The last link in a chain of wrapped errors, which names the cause."""
    while problem.__context__ is not None:
        problem = problem.__context__
    if isinstance(problem, PermissionError):
        return "no permission for the socket: join its group, or run as root"
    if isinstance(problem, TimeoutError):
        return f"it accepts the connection but does not respond within {_PING_SECONDS} seconds: restart it"
    return str(problem)[:_LONGEST_REASON]
