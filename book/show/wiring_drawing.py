"""The drawing of a wiring."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ..measure.probe import HERE
from ..measure.topology import Topology
from . import figure
from .wiring import NOWHERE, Box, milliseconds
from .wiring_layout import BOX, Lane, Layout, layout

_PAGE = "#fefefe"  # stands for the page's own background
_BEHIND = Markup("var(--pst-color-background, var(--jp-layout-color0, #fff))")
_LINES = ("ours", "extra", "base")
_SMALL = 8.5


def draw(topologies: Sequence[Topology], title: str, described: str) -> tuple[Markup, float]:
    """Draw it.

    Args:
        topologies: the projects.
        title: what the drawing shows.
        described: the same facts as text.

    Returns:
        The SVG, and its width in inches.
    """
    placed = layout(topologies)
    width, height = placed.size
    drawing = figure.new(width, height)
    drawing.set_layout_engine("none")
    axes = drawing.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))  # one unit is one inch
    axes.set_axis_off()
    for number, folder in enumerate(placed.folders):
        _project(axes, placed, number, folder)
    if placed.machine is not None:
        _machine(axes, placed, placed.machine)
    _stems(axes, placed)
    for number, lane in enumerate(placed.lanes):
        if lane.network == NOWHERE:
            _nowhere(axes, placed, lane)
        else:
            _network(axes, placed, lane, figure.PALETTE[_LINES[number % len(_LINES)]])
        _arcs(axes, placed, lane)
    for box, x in zip(placed.boxes, placed.across, strict=True):
        _box(axes, box, x, placed.middle, placed.column)
    return figure.svg(drawing, title, described).replace(_PAGE, _BEHIND), width


def _project(axes: figure.Axes, placed: Layout, number: int, folder: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    places = [x for box, x in zip(placed.boxes, placed.across, strict=True) if box.project == number]
    begin, length = places[0] - placed.column / 2 + 0.05, places[-1] - places[0] + placed.column - 0.1
    axes.add_patch(
        FancyBboxPatch(
            (begin, placed.middle - BOX / 2 - 0.08),
            length,
            BOX + 0.4,
            boxstyle="round,pad=0.03,rounding_size=0.08",
            color=figure.PALETTE["base"],
            alpha=0.15,
            linewidth=0,
        )
    )
    axes.text(begin + 0.03, placed.middle + BOX / 2 + 0.18, folder, fontsize=_SMALL, va="center", style="italic")


def _machine(axes: figure.Axes, placed: Layout, top: float) -> None:
    axes.plot([placed.left, placed.across[-1] + 0.4], [top, top], color=figure.PALETTE["base"], linewidth=5, solid_capstyle="round")
    axes.text(placed.left - 0.18, top, HERE, ha="right", va="center")
    for box, x in zip(placed.boxes, placed.across, strict=True):
        if not box.ports:
            continue
        # The folder's name is above the box, on the left: the arrow passes it on the right.
        place = x + (placed.column / 2 - 0.26 if placed.folders else 0)
        _arrow(axes, (place, top), (place, placed.middle + BOX / 2), all(reach.ok for reach in box.ports.values()))
        for row, (port, reach) in enumerate(sorted(box.ports.items())):
            label = f"{port}: {reach.text}" + (f", {milliseconds(reach)} ms" if reach.ok else "")
            _label(axes, x, top - 0.24 - 0.2 * row, label, reach.ok)


def _stems(axes: figure.Axes, placed: Layout) -> None:
    """From each box down to the lowest network that it is on, or, dotted, that it should be on or should not."""
    lines = {lane.network: lane.y for lane in placed.lanes}
    for box, x in zip(placed.boxes, placed.across, strict=True):
        for networks, style in ((box.wired & box.wished, "-"), (box.wired ^ box.wished, ":")):
            if networks:
                bottom = min(lines[network] for network in networks)
                axes.plot([x, x], [placed.middle - BOX / 2, bottom], style, color=figure.PALETTE["base"], zorder=1)


def _nowhere(axes: figure.Axes, placed: Layout, lane: Lane) -> None:
    axes.text(placed.left - 0.18, lane.y, lane.label, ha="right", va="center", color=figure.PALETTE["bad"])
    ends = sorted({placed.across[place] for one in lane.connections for place in (one.source, one.target)})
    axes.scatter(ends, [lane.y] * len(ends), s=40, color=_PAGE, edgecolors=figure.PALETTE["bad"], linewidths=1.5, zorder=4)


def _network(axes: figure.Axes, placed: Layout, lane: Lane, colour: str) -> None:
    network, y = lane.network, lane.y
    axes.text(placed.left - 0.18, y, lane.label, ha="right", va="center")
    on = [(box, x) for box, x in zip(placed.boxes, placed.across, strict=True) if network in box.wired | box.wished]
    axes.plot([on[0][1] - 0.35, on[-1][1] + 0.35], [y, y], color=colour, linewidth=5, solid_capstyle="round", zorder=2)
    for box, x in on:
        as_declared = (network in box.wired) == (network in box.wished)
        filled = colour if network in box.wired else _PAGE
        edge = colour if as_declared else figure.PALETTE["warn" if box.runs else "base"]
        axes.scatter([x], [y], s=85, color=filled, edgecolors=edge, linewidths=2, zorder=4)
        if box.runs and not as_declared:
            label = "≠ not declared" if network in box.wired else "≠ not on it"
            axes.text(x + 0.1, y - 0.19, label, fontsize=_SMALL, ha="left", va="center", color=figure.PALETTE["warn"], zorder=6)


def _arcs(axes: figure.Axes, placed: Layout, lane: Lane) -> None:
    for one in lane.connections:
        begin, end = placed.across[one.source], placed.across[one.target]
        rise = lane.rise(one)
        _arrow(axes, (begin, lane.y), (end, lane.y), one.ok, one.both, -2 * rise / (end - begin))
        _label(axes, (begin + end) / 2, lane.y + rise, one.label, one.ok)


def _arrow(
    axes: figure.Axes, begin: tuple[float, float], end: tuple[float, float], ok: bool, both: bool = False, bend: float = 0.0
) -> None:
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


def _label(axes: figure.Axes, x: float, y: float, label: str, ok: bool) -> None:
    behind = {"facecolor": _PAGE, "edgecolor": "none", "pad": 0.8}
    text = label if ok else f"✗ {label}"
    axes.text(x, y, text, fontsize=_SMALL, ha="center", va="center", color=figure.PALETTE["good" if ok else "bad"], bbox=behind, zorder=6)


def _box(axes: figure.Axes, box: Box, x: float, y: float, column: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    wide = column - 0.24
    colour = figure.PALETTE["warn" if box.differs else "ours"] if box.project >= 0 else figure.PALETTE["bad"]
    axes.add_patch(
        FancyBboxPatch(
            (x - wide / 2, y - BOX / 2 + 0.03),
            wide,
            BOX - 0.06,
            boxstyle="round,pad=0,rounding_size=0.06",
            fc=_PAGE,
            ec=colour,
            linestyle="-" if box.runs else (0, (3, 2)),
            linewidth=1.6,
            zorder=3,
        )
    )
    axes.text(x, y + 0.09, f"≠ {box.name}" if box.differs else box.name, ha="center", va="center", weight="bold", zorder=4)
    below = "no such service" if box.project < 0 else box.state or "no container"
    axes.text(x, y - 0.11, below, ha="center", va="center", fontsize=_SMALL, color=figure.INK if box.runs else colour, zorder=4)
