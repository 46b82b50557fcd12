"""From a matplotlib figure to SVG that lives in a page: it follows light and dark, prints, and can be read out."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The one palette of the book. In the page each becomes a CSS variable, so that dark mode can lighten it.
PALETTE = {"ours": "#2274a5", "base": "#8d99a6", "good": "#2e7d4f", "bad": "#b3382c", "warn": "#b7791f", "extra": "#7a5ba6"}
INK = "#123456"  # stands for the text colour of the page
_SETTINGS = {
    "svg.hashsalt": "docker-recipes",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def new(width: float, height: float) -> Figure:
    """A figure of that many inches, in the book's style, without a screen behind it."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(_SETTINGS)
    return Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure, title: str, description: str) -> str:
    """The figure as inline SVG with a text alternative.

    Args:
        figure: made with `new`.
        title: what it shows.
        description: what there is to see in it, for a reader who cannot.
    """
    drawn = StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()[drawn.getvalue().index("<svg") :].rstrip()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'class="book-figure" role="img"', text, count=1)
    for name, colour in PALETTE.items():
        text = text.replace(colour, f"var(--book-{name}, {colour})")
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", text.replace(INK, "currentColor"))
    return text.replace(">", f"><title>{escape(title)}</title><desc>{escape(description)}</desc>", 1)
