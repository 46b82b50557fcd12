"""How long commands took, side by side."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..tool import Said
from . import figure
from .html import Cell, Piece, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def durations(*said: Said) -> Piece:
    """Show how long each of some commands took: a chart, and a table with their exit codes.

    The plain text leaves the seconds out, since they are others at each run.

    Args:
        said: what `recipe.tool` returned.
    """
    rows = [
        [
            Cell(f"<code>{escape(one.command)}</code>", one.command),
            str(one.exit_code),
            Cell(f'<span class="book-volatile">{one.seconds:.1f} s</span>', "", "book-number"),
        ]
        for one in said
    ]
    facts = table("How long each command took, from its start to its end", ["command", "exit code", "seconds"], rows, numbers=(1, 2))
    return Piece(_chart(said) + facts.html, facts.text)


def _chart(said: tuple[Said, ...]) -> str:
    described = "; ".join(f"{one.command}: {one.seconds:.1f} s" for one in said)
    return figure.chart(lambda width: _draw(said, width), "How long each command took", described)


def _draw(said: tuple[Said, ...], width: float) -> Figure:
    drawing = figure.new(width, 0.4 + 0.42 * len(said))
    axes = drawing.add_subplot()
    places = range(len(said))
    bars = axes.barh(places, [one.seconds for one in said], color=[figure.PALETTE["bad" if one.exit_code else "ours"] for one in said])
    axes.set_yticks(places, [_short(one.command) for one in said])
    axes.bar_label(bars, [f"{one.seconds:.1f} s" for one in said], padding=4)
    axes.invert_yaxis()
    axes.set_xlim(0, max(one.seconds for one in said) * 1.14)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False, left=False)
    return drawing


def _short(command: str) -> str:
    return command if len(command) <= 32 else command[:31] + "…"
