"""Seconds side by side: how long the same thing took in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import figure
from .html import Piece, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def seconds(what: str, took: Mapping[str, float]) -> Piece:
    """Show how long the same thing took in several ways: a chart and a table.

    The plain text holds what was compared and not how long it took, which is another at each run.

    Args:
        what: what took that long.
        took: the way → seconds.
    """
    rows = [[way, f"{time:.2f} s"] for way, time in took.items()]
    facts = table(what, ["way", "seconds"], rows, numbers=(1,))
    return Piece(_chart(what, took) + facts.html, f"{what}: {', '.join(took)}")


def _chart(what: str, took: Mapping[str, float]) -> str:
    said = "; ".join(f"{way}: {time:.2f} s" for way, time in took.items())
    return figure.chart(lambda width: _draw(took, width), what, said)


def _draw(took: Mapping[str, float], width: float) -> Figure:
    drawing = figure.new(width, 0.4 + 0.42 * len(took))
    axes = drawing.add_subplot()
    bars = axes.barh(list(took), list(took.values()), color=figure.PALETTE["ours"])
    axes.bar_label(bars, [f"{time:.2f} s" for time in took.values()], padding=4)
    axes.invert_yaxis()
    axes.set_xlim(0, max(took.values()) * 1.14)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False, left=False)
    return drawing
