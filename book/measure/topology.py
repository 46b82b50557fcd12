"""How a Compose project is wired: what its file declares beside what runs, what reaches what, and where the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..files.compose import Declared
from .knock import split
from .probe import HERE, Reach
from .service import Service

_ONCE = "service_completed_successfully"
_PROJECT = re.compile(r"^(?:.*-[0-9a-f]{6,}-\d+|[^_]*)_")  # of a run of ours, or any other


@dataclass(frozen=True)
class Difference:
    """One point in which what runs is not what the file declares: the service, and the rest of the sentence."""

    service: str
    words: str

    def __str__(self) -> str:
        return f"{self.service} {self.words}"


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
        """Where what runs is not what the file declares, service by service.

        The number that a published port has on this machine is none: a run takes free ones. Neither is a service whose profile
        is off, or one that ended with exit code 0.
        """
        files = {each.name: each for each in self.declared}
        names = dict.fromkeys([*files, *(service.name for service in self.services)])
        found = (Difference(name, words) for name in names for words in self._of(name, files.get(name)))
        return tuple(dict.fromkeys(found))

    def of(self, name: str) -> tuple[Service, ...]:
        """The containers of one service: none, one, or several where it is scaled."""
        return tuple(service for service in self.services if service.name == name)

    def _of(self, name: str, declared: Declared | None) -> Iterator[str]:
        running = self.of(name)
        if not declared:
            yield "runs, and the file does not declare it"
            return
        if not running and not declared.profiles:
            yield "is declared, and has no container"
        elif 0 < len(running) != declared.replicas:
            yield f"is declared {declared.replicas} times, and has {len(running)} containers"
        for service in running:
            if service.state == "running":
                yield from _wiring(declared, service)
            elif (service.state, service.exit_code) != ("exited", 0):
                yield f"is declared, and does not run: it is {service.state}, exit code {service.exit_code}"
        if any(service.state == "running" for service in running):
            yield from self._doors(declared)
            yield from self._needs(declared)

    def _doors(self, declared: Declared) -> Iterator[str]:
        """Published ports at which nothing answers; those that are not published are told by `_wiring`."""
        for reach in self.reaches:
            _, host, port, _ = split(reach.target)
            if (reach.source, host) == (HERE, declared.name) and not reach.ok and reach.verdict != "not published":
                yield f"publishes port {port}, and does not answer there: {reach.verdict}"

    def _needs(self, declared: Declared) -> Iterator[str]:
        """Services that it depends on and did not reach in any try; one that has to end first has no name by then."""
        for needed in (name for name, condition in declared.depends_on.items() if condition != _ONCE):
            tries = [reach for reach in self.reaches if reach.source == declared.name and split(reach.target)[1] == needed]
            if tries and not any(reach.ok for reach in tries):
                yield f"depends on {needed}, and does not reach it: {tries[0].verdict}"


def short(network: str) -> str:
    """What a file calls a network, from its name on the engine: without the project that stands before it."""
    return _PROJECT.sub("", network)


def _wiring(declared: Declared, service: Service) -> Iterator[str]:
    names = {engine: name for name, engine in declared.networks.items()}
    for network in sorted(names.keys() - service.addresses.keys()):
        yield f"is not on the network {names[network]}, which the file declares for it"
    for network in sorted(service.addresses.keys() - names.keys()):
        yield f"is on the network {short(network)}, which the file does not declare for it"
    for port in sorted(declared.ports.keys() - service.published.keys()):
        yield f"does not publish port {port}, which the file declares"
    for port in sorted(service.published.keys() - declared.ports.keys() - set(declared.udp)):
        yield f"publishes port {port}, which the file does not declare"
