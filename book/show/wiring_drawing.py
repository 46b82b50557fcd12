"""The drawing of a wiring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..measure.probe import HERE
from ..measure.topology import Topology
from . import figure
from .wiring import NOWHERE, Box, Way, boxes, names, ways

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAGE = "#fefefe"  # stands for the page's own background
_BEHIND = "var(--pst-color-background, var(--jp-layout-color0, #fff))"
_LINES = ("ours", "extra", "base")
_LETTER, _COLUMN, _BOX, _LEVEL = 0.085, 1.25, 0.5, 0.25  # inches: a letter, the narrowest column, a box, an arc above the last
_SMALL, _GAP = 8.5, 0.25


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
            words = f"{port}: {reach.text}" + (f", {max(reach.seconds * 1000, 1):.0f} ms" if reach.ok else "")
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
