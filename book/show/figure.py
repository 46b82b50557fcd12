"""From a matplotlib figure to SVG that lives in a page: it follows light and dark, prints, and can be read out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

# matplotlib is imported in the functions that draw: it takes 0.8 s, and `import book` must not wait for it. Its types are all that
# the modules of this package need at their top; they take them from here.
if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure

# The one palette of the book. In the page each becomes a CSS variable, so that dark mode can lighten it.
PALETTE = {
    "ours": "#2274a5",
    "ours-deep": "#16557c",
    "base": "#8d99a6",
    "good": "#2e7d4f",
    "bad": "#b3382c",
    "warn": "#b7791f",
    "extra": "#7a5ba6",
}
INK = "#123456"  # stands for the text colour of the page
PAPER = "#fedcba"  # stands for the background of the page
ON_BASE = "#14181d"  # text on the colour of the base, which is a middle grey in light and in dark
WIDE, NARROW = 7.2, 4.6  # inches: a column of text, a telephone
_SETTINGS: Any = {
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


def chart(draw: Callable[[float], Figure], title: str, description: str, tips: Mapping[str, str] | None = None) -> Markup:
    """A chart for a page, drawn twice so that its labels can be read on every screen: for a column of text, and for a telephone.

    The page shows one of the two (`book.css`); without a style sheet, as in JupyterLab, it shows the wide one.

    Args:
        draw: makes the figure, given its width in inches.
        title: as for `svg`.
        description: as for `svg`.
        tips: as for `svg`.
    """
    wide, narrow = (svg(draw(width), title, description, tips) for width in (WIDE, NARROW))
    return Markup('<figure class="book-chart"><div class="book-wide">{}</div><div class="book-narrow" hidden>{}</div></figure>').format(
        wide, narrow
    )


def svg(figure: Figure, title: str, description: str, tips: Mapping[str, str] | None = None) -> Markup:
    """The figure as inline SVG with a text alternative.

    Args:
        figure: made with `new`.
        title: what it shows.
        description: the same facts as text, for a reader who cannot see it.
        tips: the gid of a part of the figure → the tooltip of that part. The description contains all of it as well.
    """
    drawn = StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()[drawn.getvalue().index("<svg") :].rstrip()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'class="book-figure" role="img"', text, count=1)
    for gid, tip in (tips or {}).items():
        text = text.replace(f'<g id="{gid}">', f"<g><title>{escape(tip)}</title>")
    text = _with_ids_of_its_own(text)
    for name, colour in PALETTE.items():
        text = text.replace(colour, f"var(--book-{name}, {colour})")
    text = text.replace(INK, "currentColor").replace(PAPER, "var(--pst-color-background, Canvas)")
    text = re.sub(r"font: ((?:\d+ )?[\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", text)
    text = text.replace(">", Markup("><title>{}</title><desc>{}</desc>").format(title, description), 1)
    return Markup(text)  # matplotlib escapes what it draws as text, and all that was put in above is escaped


def _with_ids_of_its_own(text: str) -> str:
    """Keep the ids that something in the figure refers to, and make them differ from those of any other figure on the page."""
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    mark = sha256(text.encode()).hexdigest()[:8]
    text = re.sub(r' id="([^"]+)"', lambda found: f' id="{mark}-{found[1]}"' if found[1] in used else "", text)
    return re.sub(r'(href="|url\()#', rf"\1#{mark}-", text)
