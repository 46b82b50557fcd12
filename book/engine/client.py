"""The Docker engine of this machine: find the one that answers, and connect to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import docker
from docker.errors import DockerException

from ..places import PRIVATE_SOCKET
from ..trouble import Trouble

_SILENT_SECONDS = 300  # the engine saves an image of gigabytes before its first word; longer than this is a hang
_PING_SECONDS = 30
_HOME_SOCKETS = (".docker/run/docker.sock", ".orbstack/run/docker.sock", ".colima/default/docker.sock")


class EngineMissing(Trouble):
    """No Docker engine answers; the message says what was tried and what to do."""


@cache
def connect() -> docker.DockerClient:
    """Return a client of the engine that answers.

    Tried in this order: `DOCKER_HOST` or the active context, the usual sockets, the project's private engine.

    Raises:
        EngineMissing: where none answers.
    """
    tried = []
    for host in _candidates():
        try:
            client = docker.DockerClient(base_url=host, timeout=_PING_SECONDS) if host else docker.from_env(timeout=_PING_SECONDS)
            client.ping()
            return _limited(client)
        except (DockerException, OSError) as problem:
            tried.append(f"  {host or 'DOCKER_HOST or the active context'}: {_reason(problem)}")
    raise EngineMissing(
        "No Docker engine answers. Tried:\n" + "\n".join(tried) + "\n"
        "Start Docker Desktop or your engine's service, or set DOCKER_HOST, and run this again.\n"
        "On Debian or Ubuntu as root, `make book` starts a private engine."
    )


def _limited(client: docker.DockerClient) -> docker.DockerClient:
    """The client with a limit on every silence: the SDK waits for ever at a pull, a build or a container's end, if it is not told."""
    client.api.timeout = _SILENT_SECONDS
    send = client.api.send
    client.api.send = lambda request, **options: send(request, **{**options, "timeout": options.get("timeout") or _SILENT_SECONDS})
    return client


def address() -> str:
    """The address of the engine in use, as `DOCKER_HOST` takes it."""
    url = connect().api.base_url
    return f"unix://{_socket_of(connect())}" if url.startswith("http+docker") else url.replace("http://", "tcp://")


def _candidates() -> Iterator[str | None]:
    yield None  # the SDK's own reading of DOCKER_HOST and the active context
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usual = ["/var/run/docker.sock", f"{runtime}/docker.sock" if runtime else ""]
    usual += [os.path.expanduser(f"~/{place}") for place in _HOME_SOCKETS]
    # os.path, not pathlib: a socket in a folder that is closed to us is no error
    yield from (f"unix://{socket}" for socket in [*usual, str(PRIVATE_SOCKET)] if socket and os.path.exists(socket))


def _reason(problem: BaseException) -> str:
    """The last link in a chain of wrapped errors, which names the cause."""
    while problem.__context__ is not None:
        problem = problem.__context__
    text = str(problem)
    if isinstance(problem, PermissionError):
        return "no rights on the socket: join its group, or run as root"
    return (
        f"it takes a question and does not answer within {_PING_SECONDS} seconds: restart it"
        if isinstance(problem, TimeoutError)
        else text[:160]
    )


def _socket_of(client: docker.DockerClient) -> str:
    return client.api.get_adapter(client.api.base_url).socket_path
