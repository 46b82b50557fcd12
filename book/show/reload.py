"""How long a saved file took to show: one row for each way of reloading, one dot for each save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from . import figure
from .html import Piece, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reload(seconds: Mapping[str, Sequence[float]]) -> Piece:
    """Show save-to-response times, the quickest way first: a chart, and a table with the median and the extremes.

    The plain text holds the ways in the order given and how often each was measured, since the times move from run to run.

    Args:
        seconds: way → seconds from each save to the first answer that shows it; none may be empty.
    """
    ordered = sorted(seconds, key=lambda way: median(seconds[way]))
    rows = [[way, *(f"{value:.2f} s" for value in _summary(seconds[way])), str(len(seconds[way]))] for way in ordered]
    head = ["way", "median", "quickest", "slowest", "saves"]
    facts = table("From the save to the first answer that shows it", head, rows, numbers=(1, 2, 3, 4))
    text = "\n".join(f"{way}: measured {len(times)} times" for way, times in seconds.items())
    return Piece(_chart(seconds, ordered) + facts.html, text)


def _summary(times: Sequence[float]) -> tuple[float, float, float]:
    return median(times), min(times), max(times)


def _chart(seconds: Mapping[str, Sequence[float]], ordered: Sequence[str]) -> str:
    said = "; ".join(f"{way}: median {median(seconds[way]):.2f} s" for way in ordered)
    return figure.chart(lambda width: _draw(seconds, ordered, width), "From the save to the answer", said)


def _draw(seconds: Mapping[str, Sequence[float]], ordered: Sequence[str], width: float) -> Figure:
    drawing = figure.new(width, 0.9 + 0.42 * len(ordered))
    axes = drawing.add_subplot()
    middles = [median(seconds[way]) for way in ordered]
    bars = axes.barh(ordered, middles, height=0.5, color=figure.PALETTE["base"], alpha=0.5, label="median")
    axes.bar_label(bars, [f"{middle:.2f} s" for middle in middles], label_type="center")
    dots = [(value, way) for way in ordered for value in seconds[way]]
    axes.scatter(*zip(*dots, strict=True), s=28, color=figure.PALETTE["ours"], label="one save", zorder=2)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    drawing.supxlabel("seconds from the save to the first answer that shows it", size=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    drawing.legend(loc="outside upper center", ncols=2, frameon=False)
    return drawing
