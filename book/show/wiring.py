"""The drawing of a topology: this machine above, the services below it, a line for each network, and an arc for each way that was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..knock import split
from ..probe import HERE, Reach
from ..topology import Topology, short
from . import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOWHERE = ""  # the network of a way that found none
_PAGE = "#fefefe"  # stands for the page's own background
_BEHIND = "var(--pst-color-background, var(--jp-layout-color0, #fff))"
_LINES = ("ours", "extra", "base")
_LETTER, _COLUMN, _BOX, _LEVEL = 0.085, 1.25, 0.5, 0.25  # inches: a letter, the narrowest column, a box, an arc above the last
_SMALL, _GAP = 8.5, 0.25


@dataclass(frozen=True)
class Box:
    """A service in the drawing.

    Attributes:
        project: which of the topologies it belongs to; -1 for a name that was asked for and is nobody's.
        name: the service, or that name.
        state: in words; empty where it has no container.
        wired: the networks it is on, by their names on the engine.
        wished: the networks that the file declares for it.
        ports: those that are published or should be → the try from this machine.
        runs: whether a container of it does.
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
class Way:
    """What was found between two boxes: over which network, from which to which, both ways or one, and the tries."""

    network: str
    source: int
    target: int
    ok: bool
    both: bool
    tries: tuple[Reach, ...]

    @property
    def words(self) -> str:
        """The milliseconds of what answered, the reasons of what did not."""
        if not self.ok:
            return ", ".join(dict.fromkeys(reach.verdict for reach in self.tries))
        found = sorted({f"{max(reach.seconds * 1000, 1):.0f}" for reach in self.tries}, key=int)
        return f"{'–'.join(dict.fromkeys((found[0], found[-1])))} ms"


def state(topology: Topology, name: str) -> str:
    """What the containers of a service are doing, in the engine's words."""
    said = []
    for one in topology.of(name):
        ended = f"exit code {one.exit_code}" if one.state in ("exited", "restarting") else ""
        said.append(", ".join(filter(None, (one.state, one.health, ended))))
    return "; ".join(f"{said.count(words)} × {words}" if len(said) > 1 else words for words in dict.fromkeys(said))


def boxes(topologies: Sequence[Topology]) -> list[Box]:
    """Every service that is declared or has a container, project by project, and every name that was asked for and is nobody's."""
    found = []
    for number, topology in enumerate(topologies):
        declared = {each.name: each for each in topology.declared}
        doors = [reach for reach in topology.reaches if reach.source == HERE]
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
                    {split(reach.target)[2]: reach for reach in doors if split(reach.target)[1] == name},
                    any(service.state == "running" for service in running),
                    name in odd,
                )
            )
    known = {box.name for box in found} | {alias for names in _aliases(topologies).values() for alias in names}
    asked = (
        split(reach.target)[1] for topology in topologies for reach in topology.reaches if reach.source != HERE and not reach.addresses
    )
    return found + [Box(-1, name) for name in dict.fromkeys(asked) if name not in known]


def ways(topologies: Sequence[Topology], found: Sequence[Box]) -> list[Way]:
    """What leads from which box to which; a name is followed to the service that has its address, whatever the name was."""
    tried: dict[tuple[str, int, int, bool], list[Reach]] = {}
    for number, topology in enumerate(topologies):
        for reach in topology.reaches:
            if reach.source == HERE or reach.verdict == "not running":
                continue
            source = _place(found, number, reach.source)
            for network, target in _ends(topologies, found, number, reach):
                if target != source:
                    tried.setdefault((network, source, target, reach.ok), []).append(reach)
    merged = []
    for (network, source, target, ok), tries in tried.items():
        back = tried.get((network, target, source, ok))
        if not back or source < target:
            merged.append(Way(network, source, target, ok, bool(back), (*tries, *(back or ()))))
    return merged


def names(topologies: Sequence[Topology]) -> dict[str, str]:
    """Network on the engine → what to call it: as the files do, with the project's folder where two of them have the same name."""
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


def draw(topologies: Sequence[Topology], title: str, described: str) -> tuple[str, float]:
    """Draw it.

    Returns:
        The SVG, and its width in inches.
    """
    found, called = boxes(topologies), names(topologies)
    tried = ways(topologies, found)
    used = [network for network in called if any(network in box.wired | box.wished for box in found)]
    lanes = [(network, [way for way in tried if way.network == network]) for network in used]
    if lost := [way for way in tried if way.network == NOWHERE]:
        lanes.append((NOWHERE, lost))
    doors = max((len(box.ports) for box in found), default=0)
    labels = [*(called[network] for network in used), *(["not reached"] if lost else []), *([HERE] if doors else [])]
    left = 0.2 + _LETTER * 0.9 * max(map(len, labels), default=0)
    column = max(_COLUMN, 0.3 + _LETTER * max(len(box.name) for box in found), 0.3 + 0.07 * max(len(box.state) for box in found))
    gaps = [sum(found[n].project != found[n - 1].project for n in range(1, place + 1)) for place in range(len(found))]
    across = [left + column * (place + 0.5) + _GAP * gap for place, gap in enumerate(gaps)]
    several = len({box.project for box in found} - {-1}) > 1
    top = (0.35 + 0.35 + 0.2 * doors if doors else 0.05) + (0.35 if several else 0.05)
    heights = [0.42 + _LEVEL * len(_levels(lane)) for _, lane in lanes]
    height = top + _BOX + sum(heights) + 0.3
    width = across[-1] + column / 2 + 0.1
    drawing = figure.new(width, height)
    drawing.set_layout_engine("none")
    axes = drawing.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))  # one unit is one inch
    axes.set_axis_off()
    middle = height - top - _BOX / 2
    if several:
        _projects(axes, topologies, found, across, column, middle)
    if doors:
        _machine(axes, found, across, height - 0.17, middle + _BOX / 2, left)
    bottoms = [middle - _BOX / 2 - sum(heights[: number + 1]) for number in range(len(lanes))]
    _stems(axes, found, across, middle - _BOX / 2, {network: y for (network, _), y in zip(lanes, bottoms, strict=True)})
    for number, ((network, lane), y) in enumerate(zip(lanes, bottoms, strict=True)):
        colour = figure.PALETTE[_LINES[number % len(_LINES)]]
        if network:
            axes.text(left - 0.18, y, called[network], ha="right", va="center")
            _network(axes, network, found, across, y, colour)
        else:
            axes.text(left - 0.18, y, "not reached", ha="right", va="center", color=figure.PALETTE["bad"])
            ends = sorted({across[place] for way in lane for place in (way.source, way.target)})
            axes.scatter(ends, [y] * len(ends), s=40, color=_PAGE, edgecolors=figure.PALETTE["bad"], linewidths=1.5, zorder=4)
        _arcs(axes, lane, across, y)
    for box, x in zip(found, across, strict=True):
        _box(axes, box, x, middle, column)
    return figure.svg(drawing, title, described).replace(_PAGE, _BEHIND), width


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


def _levels(lane: Sequence[Way]) -> list[tuple[int, bool]]:
    return sorted({_level(way) for way in lane})


def _level(way: Way) -> tuple[int, bool]:
    return abs(way.source - way.target), not way.ok


def _projects(
    axes: Axes, topologies: Sequence[Topology], found: Sequence[Box], across: Sequence[float], column: float, middle: float
) -> None:
    from matplotlib.patches import FancyBboxPatch

    for number, topology in enumerate(topologies):
        places = [x for box, x in zip(found, across, strict=True) if box.project == number]
        begin, length, style = places[0] - column / 2 + 0.05, places[-1] - places[0] + column - 0.1, "round,pad=0.03,rounding_size=0.08"
        size = {"width": length, "height": _BOX + 0.4, "boxstyle": style}
        axes.add_patch(FancyBboxPatch((begin, middle - _BOX / 2 - 0.08), **size, color=figure.PALETTE["base"], alpha=0.15, linewidth=0))
        folder = PurePath(topology.file).parent.name or topology.file
        axes.text(begin + 0.03, middle + _BOX / 2 + 0.18, folder, fontsize=_SMALL, va="center", style="italic")


def _machine(axes: Axes, found: Sequence[Box], across: Sequence[float], top: float, bottom: float, left: float) -> None:
    axes.plot([left, across[-1] + 0.4], [top, top], color=figure.PALETTE["base"], linewidth=5, solid_capstyle="round")
    axes.text(left - 0.18, top, HERE, ha="right", va="center")
    for box, x in zip(found, across, strict=True):
        if not box.ports:
            continue
        _arrow(axes, (x, top), (x, bottom), all(reach.ok for reach in box.ports.values()))
        for row, (port, reach) in enumerate(sorted(box.ports.items())):
            words = f"{port}: {reach.verdict}" + (f", {max(reach.seconds * 1000, 1):.0f} ms" if reach.ok else "")
            _label(axes, x, top - 0.24 - 0.2 * row, words, reach.ok)


def _stems(axes: Axes, found: Sequence[Box], across: Sequence[float], top: float, lines: Mapping[str, float]) -> None:
    for box, x in zip(found, across, strict=True):
        for networks, style in ((box.wired & box.wished, "-"), (box.wired ^ box.wished, ":")):
            if networks:
                axes.plot([x, x], [top, min(lines[network] for network in networks)], style, color=figure.PALETTE["base"], zorder=1)


def _network(axes: Axes, network: str, found: Sequence[Box], across: Sequence[float], y: float, colour: str) -> None:
    on = [(box, x) for box, x in zip(found, across, strict=True) if network in box.wired | box.wished]
    axes.plot([on[0][1] - 0.35, on[-1][1] + 0.35], [y, y], color=colour, linewidth=5, solid_capstyle="round", zorder=2)
    for box, x in on:
        as_declared = (network in box.wired) == (network in box.wished)
        filled = colour if network in box.wired else _PAGE
        edge = colour if as_declared else figure.PALETTE["warn" if box.runs else "base"]
        axes.scatter([x], [y], s=85, color=filled, edgecolors=edge, linewidths=2, zorder=4)
        if box.runs and not as_declared:
            words = "≠ not declared" if network in box.wired else "≠ not on it"
            axes.text(x + 0.1, y - 0.19, words, fontsize=_SMALL, ha="left", va="center", color=figure.PALETTE["warn"], zorder=6)


def _arcs(axes: Axes, lane: Sequence[Way], across: Sequence[float], y: float) -> None:
    levels = _levels(lane)
    for way in lane:
        begin, end = across[way.source], across[way.target]
        rise = 0.2 + _LEVEL * levels.index(_level(way))
        _arrow(axes, (begin, y), (end, y), way.ok, way.both, -2 * rise / (end - begin))
        _label(axes, (begin + end) / 2, y + rise, way.words, way.ok)


def _arrow(axes: Axes, begin: tuple[float, float], end: tuple[float, float], ok: bool, both: bool = False, bend: float = 0.0) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            begin,
            end,
            arrowstyle="<|-|>" if both else "-|>",
            connectionstyle=f"arc3,rad={bend:.3f}",
            color=figure.PALETTE["good" if ok else "bad"],
            linestyle="-" if ok else (0, (4, 2)),
            linewidth=1.5,
            mutation_scale=10,
            shrinkA=6 if bend else 3,
            shrinkB=6 if bend else 1,
            zorder=5,
        )
    )


def _label(axes: Axes, x: float, y: float, words: str, ok: bool) -> None:
    behind = {"facecolor": _PAGE, "edgecolor": "none", "pad": 0.8}
    text = words if ok else f"✗ {words}"
    axes.text(x, y, text, fontsize=_SMALL, ha="center", va="center", color=figure.PALETTE["good" if ok else "bad"], bbox=behind, zorder=6)


def _box(axes: Axes, box: Box, x: float, y: float, column: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    wide = column - 0.24
    colour = figure.PALETTE["warn" if box.differs else "ours"] if box.project >= 0 else figure.PALETTE["bad"]
    style = "-" if box.runs else (0, (3, 2))
    place = (x - wide / 2, y - _BOX / 2 + 0.03)
    axes.add_patch(
        FancyBboxPatch(
            place,
            wide,
            _BOX - 0.06,
            boxstyle="round,pad=0,rounding_size=0.06",
            fc=_PAGE,
            ec=colour,
            linestyle=style,
            linewidth=1.6,
            zorder=3,
        )
    )
    axes.text(x, y + 0.09, f"≠ {box.name}" if box.differs else box.name, ha="center", va="center", weight="bold", zorder=4)
    below = "nobody's name" if box.project < 0 else box.state or "no container"
    axes.text(x, y - 0.11, below, ha="center", va="center", fontsize=_SMALL, color=figure.INK if box.runs else colour, zorder=4)
