"""A service of a Compose project, as the engine sees it now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from ..files.port import ports as read_ports
from ..trouble import Trouble

OF_PROJECT = "com.docker.compose.project"
OF_SERVICE = "com.docker.compose.service"
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # as an address to publish on: every network of this machine


class StackError(Trouble):
    """A Compose project is not as it was asked for; the message says what there is instead."""


class StackFailed(StackError):
    """Compose refused a file or could not bring it up; the message contains the last lines of its output."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Service:
    """One container of a service, as the engine sees it now.

    Attributes:
        name: the service.
        container: the container's name.
        state: `created`, `running`, `restarting`, `exited`, ….
        exit_code: of its last end; 0 if it never ended.
        health: `starting`, `healthy`, `unhealthy`; empty if it has no health check.
        restarts: how often the engine started it again.
        addresses: network → address in it.
        published: port in the container → address on this machine, as `127.0.0.1:32768`.
        command: what runs as process 1; empty if nothing does.
        uid: the number of the user who runs it, 0 for root; None if nothing runs, or if the engine only has a name of the user.
    """

    name: str
    container: str
    state: str
    exit_code: int
    health: str
    restarts: int
    addresses: Mapping[str, str]
    published: Mapping[int, str]
    command: str
    uid: int | None = None


@dataclass(frozen=True)
class Stopped:
    """How a service ended: the seconds from the request to the end, and its exit code."""

    seconds: float
    exit_code: int

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # read by IPython
        printer.text(f"ended after {self.seconds:.1f} s with exit code {self.exit_code}")


def service_of(container: Container) -> Service:
    """The service that a container belongs to, as the engine sees it now."""
    attributes = container.attrs
    state, networks = attributes["State"], attributes["NetworkSettings"]["Networks"]
    uid, command = _process_one(container)
    return Service(
        name=container.labels[OF_SERVICE],
        container=str(container.name),
        state=state["Status"],
        exit_code=state["ExitCode"],
        health=state.get("Health", {}).get("Status", ""),
        restarts=attributes["RestartCount"],
        addresses={name: network["IPAddress"] for name, network in sorted(networks.items()) if network["IPAddress"]},
        published=published(container),
        command=command,
        uid=uid,
    )


def published(container: Container) -> dict[int, str]:
    """Port in the container → address on this machine, as `127.0.0.1:32768`."""
    ports = container.attrs["NetworkSettings"]["Ports"] or {}
    udp_first = sorted(ports.items(), reverse=True)  # where both have the same number, the one that can be asked counts
    bound = {port.container: places[0] for entry, places in udp_first if places for port in read_ports([entry])}
    return {port: f"{'127.0.0.1' if at['HostIp'] in EVERYWHERE else at['HostIp']}:{at['HostPort']}" for port, at in bound.items()}


def _process_one(container: Container) -> tuple[int | None, str]:
    """User and command line of process 1: not what the file says, since there may be a shell or an init in between."""
    pid = str(container.attrs["State"]["Pid"])
    if pid == "0":
        return None, ""
    try:
        rows = container.top(ps_args="-eo pid,uid,args")["Processes"] or []  # none if it ends at that moment
    except APIError:
        rows = []
    return next(((int(row[1]), " ".join(row[2:])) for row in rows if row[0] == pid), None) or _read_inside(container)


def _read_inside(container: Container) -> tuple[int | None, str]:
    """User and command line of process 1 as `/proc` in the container shows them.

    An engine without control groups, as a rootless one may be, cannot list the processes of a container; Podman lists them with the
    numbers that they have in it.
    """
    try:
        code, output = container.exec_run(["cat", "/proc/1/cmdline", "/proc/1/status"])
    except APIError as problem:
        ended = isinstance(problem, NotFound) or problem.status_code == HTTPStatus.CONFLICT
        return (None, "") if ended else _declared(container)
    text = output.decode(errors="replace") if isinstance(output, bytes) else ""
    line, _, status = text.rpartition("\0")
    uid = re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)
    return (int(uid[1]), line.replace("\0", " ")) if code == 0 and uid else _declared(container)


def _declared(container: Container) -> tuple[int | None, str]:
    """User and command line of process 1 as the engine was told to start it, for an image without `cat`."""
    attributes = container.attrs
    init = ["/sbin/docker-init", "--"] if attributes["HostConfig"].get("Init") else []
    user = attributes["Config"].get("User", "").partition(":")[0] or "0"
    return int(user) if user.isdecimal() else None, " ".join([*init, attributes["Path"], *attributes["Args"]])
