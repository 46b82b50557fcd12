"""How a Compose project is wired: what its file declares, what runs, what reaches what, and how the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..files.compose import Declared
from .knock import split
from .probe import HERE, Reach
from .service import Service
from .verdict import Verdict

_ONCE = "service_completed_successfully"
_PROJECT = re.compile(r"^(?:.*-[0-9a-f]{6,}-\d+|[^_]*)_")  # of a run of ours, or any other


class DifferenceKind(StrEnum):
    """In which way what runs is not what the file declares."""

    NOT_DECLARED = "not declared"
    NO_CONTAINER = "no container"
    NUMBER = "number of containers"
    NOT_RUNNING = "not running"
    NETWORK_MISSING = "network missing"
    NETWORK_ADDED = "network added"
    PORT_MISSING = "port missing"
    PORT_ADDED = "port added"
    PORT_SILENT = "port silent"
    UNREACHED = "dependency not reached"


_TEXTS = {
    DifferenceKind.NOT_DECLARED: "{service} runs, and the file does not declare it",
    DifferenceKind.NO_CONTAINER: "{service} is declared, and has no container",
    DifferenceKind.NUMBER: "{service} is declared {declared} times, and has {found} containers",
    DifferenceKind.NOT_RUNNING: "{service} is declared, and does not run: it is {found}",
    DifferenceKind.NETWORK_MISSING: "{service} is not on the network {other}, which the file declares for it",
    DifferenceKind.NETWORK_ADDED: "{service} is on the network {other}, which the file does not declare for it",
    DifferenceKind.PORT_MISSING: "{service} does not publish port {port}, which the file declares",
    DifferenceKind.PORT_ADDED: "{service} publishes port {port}, which the file does not declare",
    DifferenceKind.PORT_SILENT: "{service} publishes port {port}, and does not answer there: {found}",
    DifferenceKind.UNREACHED: "{service} depends on {other}, and does not reach it: {found}",
}


@dataclass(frozen=True)
class Difference:
    """One point in which what runs is not what the file declares.

    Attributes:
        kind: which point.
        service: the service.
        other: the network, or the service that it depends on; empty for the other kinds.
        port: the port in the container; 0 for kinds without one.
        verdict: how the try ended; None for kinds without one.
        declared: what the file says, if that is a number.
        found: what was found, as a page shows it.
    """

    kind: DifferenceKind
    service: str
    other: str = ""
    port: int = 0
    verdict: Verdict | None = None
    declared: int = 0
    found: str = ""

    @property
    def text(self) -> str:
        """The difference as a sentence without its full stop."""
        return _TEXTS[self.kind].format(**vars(self))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Topology:
    """A project as it is declared, as it runs, and as it answers.

    Attributes:
        file: the Compose file.
        declared: the services of the file.
        services: the containers of the project.
        reaches: the tries, from inside the services, and from this machine at each port that is or should be published.
    """

    file: str
    declared: tuple[Declared, ...]
    services: tuple[Service, ...]
    reaches: tuple[Reach, ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """How what runs differs from what the file declares, service by service.

        The number that a published port has on this machine is no difference: a run takes free ones. Neither is a service whose
        profile is off, or one that ended with exit code 0.
        """
        files = {each.name: each for each in self.declared}
        names = dict.fromkeys([*files, *(service.name for service in self.services)])
        return tuple(dict.fromkeys(difference for name in names for difference in self._of(name, files.get(name))))

    def of(self, name: str) -> tuple[Service, ...]:
        """The containers of one service: none, one, or several if it is scaled."""
        return tuple(service for service in self.services if service.name == name)

    def _of(self, name: str, declared: Declared | None) -> Iterator[Difference]:
        running = self.of(name)
        if not declared:
            yield Difference(DifferenceKind.NOT_DECLARED, name)
            return
        if not running and not declared.profiles:
            yield Difference(DifferenceKind.NO_CONTAINER, name)
        elif 0 < len(running) != declared.replicas:
            yield Difference(DifferenceKind.NUMBER, name, declared=declared.replicas, found=str(len(running)))
        for service in running:
            if service.state == "running":
                yield from _wiring(declared, service)
            elif (service.state, service.exit_code) != ("exited", 0):
                yield Difference(DifferenceKind.NOT_RUNNING, name, found=f"{service.state}, exit code {service.exit_code}")
        if any(service.state == "running" for service in running):
            yield from self._silent_ports(declared)
            yield from self._dependencies(declared)

    def _silent_ports(self, declared: Declared) -> Iterator[Difference]:
        """Published ports at which nothing answers; those that are not published come from `_wiring`."""
        for reach in self.reaches:
            _, host, port, _ = split(reach.target)
            if (reach.source, host) == (HERE, declared.name) and not reach.ok and reach.verdict != Verdict.NOT_PUBLISHED:
                yield Difference(DifferenceKind.PORT_SILENT, declared.name, port=port, verdict=reach.verdict, found=reach.text)

    def _dependencies(self, declared: Declared) -> Iterator[Difference]:
        """Services that it depends on and reached in no try; one that has to end first no longer has a name by then."""
        for needed in (name for name, condition in declared.depends_on.items() if condition != _ONCE):
            tries = [reach for reach in self.reaches if reach.source == declared.name and split(reach.target)[1] == needed]
            if tries and not any(reach.ok for reach in tries):
                first = tries[0]
                yield Difference(DifferenceKind.UNREACHED, declared.name, needed, verdict=first.verdict, found=first.text)


def short(network: str) -> str:
    """What a file calls a network, from its name on the engine: without the project that comes before it."""
    return _PROJECT.sub("", network)


def _wiring(declared: Declared, service: Service) -> Iterator[Difference]:
    name, names = declared.name, {engine: name for name, engine in declared.networks.items()}
    for network in sorted(names.keys() - service.addresses.keys()):
        yield Difference(DifferenceKind.NETWORK_MISSING, name, names[network])
    for network in sorted(service.addresses.keys() - names.keys()):
        yield Difference(DifferenceKind.NETWORK_ADDED, name, short(network))
    for port in sorted(declared.ports.keys() - service.published.keys()):
        yield Difference(DifferenceKind.PORT_MISSING, name, port=port)
    for port in sorted(service.published.keys() - declared.ports.keys() - set(declared.udp)):
        yield Difference(DifferenceKind.PORT_ADDED, name, port=port)
