"""What there is to draw of a topology: a box for each service, a name for each network, and each connection that was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from ..measure.knock import split
from ..measure.probe import HERE, Reach
from ..measure.topology import Topology, short
from ..measure.verdict import Verdict

NOWHERE = ""  # the network of a connection that found none


@dataclass(frozen=True)
class Box:
    """A service in the drawing.

    Attributes:
        project: which of the topologies it belongs to; -1 for a name that was tried and belongs to no service.
        name: the service, or that name.
        state: as text; empty if it has no container.
        wired: the networks it is on, by their names on the engine.
        wished: the networks that the file declares for it.
        ports: those that are published or should be → the try from this machine.
        runs: whether a container of it runs.
        differs: whether anything about it is not as the file declares it.
    """

    project: int
    name: str
    state: str = ""
    wired: frozenset[str] = frozenset()
    wished: frozenset[str] = frozenset()
    ports: Mapping[int, Reach] = field(default_factory=dict)
    runs: bool = False
    differs: bool = False


@dataclass(frozen=True)
class Connection:
    """What was found between two boxes: over which network, from which to which, in both directions or one, and the tries."""

    network: str
    source: int
    target: int
    ok: bool
    both: bool
    tries: tuple[Reach, ...]

    @property
    def label(self) -> str:
        """The milliseconds of what answered, the verdicts on what did not."""
        if not self.ok:
            return ", ".join(dict.fromkeys(reach.text for reach in self.tries))
        took = sorted({milliseconds(reach) for reach in self.tries})
        return f"{'–'.join(dict.fromkeys((str(took[0]), str(took[-1]))))} ms"


def milliseconds(reach: Reach) -> int:
    """How long a try took, at least one millisecond."""
    return round(max(reach.seconds * 1000, 1))


def state(topology: Topology, name: str) -> str:
    """The states of the containers of a service, as the engine names them."""
    states = []
    for one in topology.of(name):
        ended = f"exit code {one.exit_code}" if one.state in ("exited", "restarting") else ""
        states.append(", ".join(filter(None, (one.state, one.health, ended))))
    return "; ".join(f"{states.count(each)} × {each}" if len(states) > 1 else each for each in dict.fromkeys(states))


def boxes(topologies: Sequence[Topology]) -> list[Box]:
    """Every service that is declared or has a container, project by project, and every name that was tried and belongs to no service."""
    found = []
    for number, topology in enumerate(topologies):
        declared = {each.name: each for each in topology.declared}
        from_here = [reach for reach in topology.reaches if reach.source == HERE]
        odd = {difference.service for difference in topology.differences}
        names = {service.name for service in topology.services} | {name for name, each in declared.items() if not each.profiles}
        for name in sorted(names):
            running = topology.of(name)
            found.append(
                Box(
                    number,
                    name,
                    state(topology, name),
                    frozenset(network for service in running for network in service.addresses),
                    frozenset(declared[name].networks.values() if name in declared else ()),
                    {split(reach.target)[2]: reach for reach in from_here if split(reach.target)[1] == name},
                    any(service.state == "running" for service in running),
                    name in odd,
                )
            )
    known = {box.name for box in found} | {alias for names in _aliases(topologies).values() for alias in names}
    asked = (
        split(reach.target)[1] for topology in topologies for reach in topology.reaches if reach.source != HERE and not reach.addresses
    )
    return found + [Box(-1, name) for name in dict.fromkeys(asked) if name not in known]


def connections(topologies: Sequence[Topology], found: Sequence[Box]) -> list[Connection]:
    """What leads from which box to which; a name leads to the service that has its address, also if the name is an alias."""
    tried: dict[tuple[str, int, int, bool], list[Reach]] = {}
    for number, topology in enumerate(topologies):
        for reach in topology.reaches:
            if reach.source == HERE or reach.verdict == Verdict.NOT_RUNNING:
                continue
            source = _place(found, number, reach.source)
            for network, target in _ends(topologies, found, number, reach):
                if target != source:
                    tried.setdefault((network, source, target, reach.ok), []).append(reach)
    merged = []
    for (network, source, target, ok), tries in tried.items():
        back = tried.get((network, target, source, ok))
        if not back or source < target:
            merged.append(Connection(network, source, target, ok, bool(back), (*tries, *(back or ()))))
    return merged


def names(topologies: Sequence[Topology]) -> dict[str, str]:
    """Network on the engine → what to call it: as the files do, with the project's folder if two of them have the same name."""
    called: dict[str, str] = {}
    owner: dict[str, str] = {}
    for topology in topologies:
        for each in topology.declared:
            for name, engine in each.networks.items():
                called.setdefault(engine, name)
                owner.setdefault(engine, PurePath(topology.file).parent.name or topology.file)
        for service in topology.services:
            for engine in service.addresses:
                called.setdefault(engine, short(engine))
    plain = list(called.values())
    told = {engine: f"{name} ({owner[engine]})" if plain.count(name) > 1 and engine in owner else name for engine, name in called.items()}
    seen: list[str] = []
    for engine, name in told.items():
        seen.append(name)
        told[engine] = f"{name} {seen.count(name)}" if seen.count(name) > 1 else name
    return told


def _aliases(topologies: Sequence[Topology]) -> dict[tuple[int, str], set[str]]:
    return {
        (number, each.name): {alias for more in each.aliases.values() for alias in more}
        for number, topology in enumerate(topologies)
        for each in topology.declared
    }


def _place(found: Sequence[Box], project: int, name: str) -> int:
    return next(place for place, box in enumerate(found) if (box.project, box.name) == (project, name))


def _ends(topologies: Sequence[Topology], found: Sequence[Box], project: int, reach: Reach) -> Iterator[tuple[str, int]]:
    owners = {
        address: (network, _place(found, number, service.name))
        for number, topology in enumerate(topologies)
        for service in topology.services
        for network, address in service.addresses.items()
    }
    if reach.addresses:
        yield from dict.fromkeys(owners[address] for address in reach.addresses if address in owners)
        return
    name, aliases = split(reach.target)[1], _aliases(topologies)
    called = [place for place, box in enumerate(found) if name == box.name or name in aliases.get((box.project, box.name), ())]
    own = [place for place in called if found[place].project == project]
    yield from ((NOWHERE, place) for place in own or called)
