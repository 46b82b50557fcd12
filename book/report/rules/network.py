"""Rules on ports and connections."""

from __future__ import annotations

from collections.abc import Iterator

from ...files.port import Port
from ...measure.probe import HERE
from ...measure.service import EVERYWHERE
from ...measure.topology import DifferenceKind
from ...measure.verdict import Verdict
from ..finding import Severity
from ..survey import Survey
from .places import of_service
from .rule import Seen, rule
from .start import PROMPT


@rule(
    "listens-on-loopback",
    Severity.error,
    "A service listens on 127.0.0.1 of its own container, where nobody else can reach it.",
    "Let it listen on 0.0.0.0; what may reach it from outside is decided under `ports`.",
    "05-projects-that-talk",
)
def listens_on_loopback(survey: Survey) -> Iterator[Seen]:
    for service, ports in _loopback(survey).items():
        for port in ports:
            yield *of_service(survey, service, "command"), f"inside {service}, 127.0.0.1:{port} is open, and {service}:{port} is refused"


@rule(
    "port-silent",
    Severity.error,
    "A published port leads to nothing.",
    "Publish the port at which the service listens.",
    "05-projects-that-talk",
)
def port_silent(survey: Survey) -> Iterator[Seen]:
    topology = survey.seen.topology
    idle = {service.name for service in survey.seen.services if PROMPT.match(service.command)}
    for reach in topology.reaches if topology else ():
        service, _, port = reach.target.partition(":")
        ups = [one for one in topology.of(service) if one.state == "running" and not one.restarts]
        if reach.source == HERE and not reach.ok and ups and service not in idle and int(port) not in _loopback(survey).get(service, ()):
            yield *of_service(survey, service, "ports"), f"{service} publishes {port}, and a knock there: {reach.text}"


@rule(
    "localhost-for-another",
    Severity.error,
    "A variable says localhost and means another service: in a container, localhost is the container itself.",
    "Write the name of the service.",
    "04-service-names",
)
def localhost_for_another(survey: Survey) -> Iterator[Seen]:
    for alone in survey.seen.alone:
        place = of_service(survey, alone.service, "environment", alone.variable)
        words = f"{alone.variable} leads {alone.service} to itself: localhost:{alone.port} is {alone.reach.text} there"
        yield *place, f"{words}; {' and '.join(alone.others)} {'has' if len(alone.others) == 1 else 'have'} that port"


@rule(
    "unreached-dependency",
    Severity.error,
    "A service does not reach what it depends on.",
    "Put both on one network.",
    "05-projects-that-talk",
)
def unreached_dependency(survey: Survey) -> Iterator[Seen]:
    topology = survey.seen.topology
    silent = {service.name for service in survey.seen.services if service.state != "running" or service.restarts}
    for difference in topology.differences if topology else ():
        apart = difference.kind == DifferenceKind.UNREACHED and difference.verdict in (Verdict.NO_NAME, Verdict.NO_ANSWER)
        if apart and difference.other not in {*silent, *_loopback(survey)}:
            yield *survey.project.line("services", difference.service, "depends_on"), difference.text


# --- what is published ------------------------------------------------------------------------------------------------------


@rule(
    "port-on-all-interfaces",
    Severity.warning,
    "A port is published on every network of the machine.",
    'Write the address before it: `"127.0.0.1:8000:8000"`.',
    "04-service-names",
)
def port_on_all_interfaces(survey: Survey) -> Iterator[Seen]:
    for service, port in _published(survey):
        if (port.host or "") in EVERYWHERE:
            yield *survey.project.line("services", service, "ports"), f"{service} publishes {port.container} on 0.0.0.0"


@rule(
    "port-taken-twice",
    Severity.error,
    "Two services publish the same port of the machine: the second one cannot start.",
    "Give each a port of its own.",
    "05-projects-that-talk",
)
def port_taken_twice(survey: Survey) -> Iterator[Seen]:
    taken: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for service, port in _published(survey):
        at, place = port.host or "", (port.published, port.protocol)
        before = taken.setdefault(place, [])
        other = next((name for name, there in before if name != service and (there == at or EVERYWHERE & {there, at})), None)
        if place[0] and other:
            yield *survey.project.line("services", service, "ports"), f"{other} and {service} both publish {place[0]}"
        before.append((service, at))


def _published(survey: Survey) -> Iterator[tuple[str, Port]]:
    """Every port that the files publish, with its service; one port of a container may be published several times."""
    for service in survey.project.services:
        yield from ((service.name, port) for port in service.ports)


def _loopback(survey: Survey) -> dict[str, list[int]]:
    """The ports that answer a service at 127.0.0.1 and at no other address of its own."""
    known = {(reach.source, reach.target): reach for reach in survey.seen.doors}
    found: dict[str, list[int]] = {}
    for (source, target), reach in known.items():
        host, _, port = target.rpartition(":")
        own = known.get((source, f"{source}:{port}"))
        if host == "127.0.0.1" and reach.ok and own and own.verdict == Verdict.REFUSED:
            found.setdefault(source, []).append(int(port))
    return found
