"""The places in the drawing of a wiring, in inches: this machine above, the services below it, and a lane for each network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ..measure.probe import HERE
from ..measure.topology import Topology
from .wiring import NOWHERE, Box, Connection, boxes, connections, names

BOX, LEVEL = 0.5, 0.25  # inches: the height of a box, an arc above the last
_LETTER, _COLUMN, _GAP = 0.085, 1.25, 0.25  # inches: a letter, the narrowest column, between two projects
_NOT_REACHED = "not reached"


@dataclass(frozen=True)
class Lane:
    """A line across the drawing.

    Attributes:
        network: its name on the engine; `NOWHERE` for the connections that found no network.
        label: what to call it.
        connections: what was tried over it.
        y: its place.
    """

    network: str
    label: str
    connections: tuple[Connection, ...]
    y: float

    @property
    def levels(self) -> list[tuple[int, bool]]:
        """The heights of its arcs, the lowest first: short arcs below long ones, and what answered below what did not."""
        return sorted({_level(connection) for connection in self.connections})

    def rise(self, connection: Connection) -> float:
        """How far the arc of a connection rises above the line."""
        return 0.2 + LEVEL * self.levels.index(_level(connection))


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        boxes: the boxes, from left to right.
        across: the middle of each box.
        lanes: the networks, from top to bottom.
        folders: of each project its folder, to be written above its boxes; empty if there is only one project.
        column: the width of a box with the space around it.
        left: where labels end and lines begin.
        middle: the middle of all boxes, from below.
        machine: the line that is this machine, from below; None if no port is or should be published.
        size: the width and the height of the drawing.
    """

    boxes: tuple[Box, ...]
    across: tuple[float, ...]
    lanes: tuple[Lane, ...]
    folders: tuple[str, ...]
    column: float
    left: float
    middle: float
    machine: float | None
    size: tuple[float, float]


def layout(topologies: Sequence[Topology]) -> Layout:
    """Find the place of each box and line."""
    found, called = boxes(topologies), names(topologies)
    tried = connections(topologies, found)
    lanes = [
        (network, name, tuple(one for one in tried if one.network == network))
        for network, name in called.items()
        if any(network in box.wired | box.wished for box in found)
    ]
    if lost := tuple(one for one in tried if one.network == NOWHERE):
        lanes.append((NOWHERE, _NOT_REACHED, lost))
    ports = max((len(box.ports) for box in found), default=0)
    labels = [*(label for _, label, _ in lanes), *([HERE] if ports else [])]
    left = 0.2 + _LETTER * 0.9 * max(map(len, labels), default=0)
    several = len({box.project for box in found} - {-1}) > 1
    folders = tuple(PurePath(topology.file).parent.name or topology.file for topology in topologies) if several else ()
    column = max(_COLUMN, 0.3 + _LETTER * max(len(box.name) for box in found), 0.3 + 0.07 * max(len(box.state) for box in found))
    column = max(column, 0.5 + 0.065 * max(map(len, folders), default=0))  # a folder's name, and the arrow to a port beside it
    gaps = [sum(found[n].project != found[n - 1].project for n in range(1, place + 1)) for place in range(len(found))]
    across = tuple(left + column * (place + 0.5) + _GAP * gap for place, gap in enumerate(gaps))
    top = (0.35 + 0.35 + 0.2 * ports if ports else 0.05) + (0.35 if several else 0.05)
    heights = [0.42 + LEVEL * len({_level(one) for one in through}) for _, _, through in lanes]
    height = top + BOX + sum(heights) + 0.3
    middle = height - top - BOX / 2
    return Layout(
        tuple(found),
        across,
        tuple(
            Lane(network, label, through, middle - BOX / 2 - sum(heights[: number + 1]))
            for number, (network, label, through) in enumerate(lanes)
        ),
        folders,
        column,
        left,
        middle,
        height - 0.17 if ports else None,
        (across[-1] + column / 2 + 0.1, height),
    )


def _level(connection: Connection) -> tuple[int, bool]:
    return abs(connection.source - connection.target), not connection.ok
