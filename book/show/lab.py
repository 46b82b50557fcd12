"""What our widgets have in common in JupyterLab, which does not load the book's style sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import ipywidgets
from markupsafe import Markup, escape

_VIEW = "application/vnd.jupyter.widget-view+json"


def view(widget: ipywidgets.Widget) -> dict[str, object]:
    """The part of a MIME bundle that shows `widget` if there is a kernel."""
    return {_VIEW: widget._repr_mimebundle_()[_VIEW]}


def piece(html: str | Markup = "") -> ipywidgets.HTML:
    """HTML that looks like an output: JupyterLab's own style of tables and text, and ours of the rest. A plain `str` is escaped."""
    shown = ipywidgets.HTML(escape(html))
    shown.add_class("jp-RenderedHTMLCommon")
    shown.add_class("book-piece")
    return shown


def box(kind: str, *parts: ipywidgets.Widget) -> ipywidgets.VBox:
    """Widgets one below the other, with the style that they need."""
    style = ipywidgets.HTML(f"<style>{_style()}</style>", layout={"display": "none"})
    together = ipywidgets.VBox([style, *parts])
    together.add_class(kind)
    return together


@cache
def _style() -> str:
    return Path(__file__).with_name("lab.css").read_text()
