"""Several things in one place, of which the reader chooses one to see: without a kernel, and on the site without a script."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import ipywidgets
from markupsafe import Markup

from . import lab
from .html import Piece, joined
from .markup import apart, piece

_shown: Counter[str] = Counter()  # a page may ask the same question twice


class Choice:
    """A question, and a labelled piece for each answer to it; the first one is shown until the reader chooses.

    In JupyterLab it is a widget, on a page of the site a group of radio buttons. In print, and without a style sheet,
    all pieces are shown, each under its label.
    """

    def __init__(self, question: str, pieces: Mapping[str, object]) -> None:
        if not pieces:
            raise ValueError(f"There is nothing to choose from: {question}")
        self.question = question
        self.pieces: dict[str, Piece] = {label: piece(thing) for label, thing in pieces.items()}

    @property
    def text(self) -> str:
        """The question, and each piece as plain text under its label."""
        return "\n\n".join([self.question, *(f"[{label}]\n{shown.text}" for label, shown in self.pieces.items())])

    def _key(self) -> str:
        digest = hashlib.sha256("\0".join([self.question, *self.pieces]).encode()).hexdigest()[:8]
        _shown[digest] += 1
        return f"choice-{digest}" + (f"-{_shown[digest]}" if _shown[digest] > 1 else "")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        key = self._key()
        live = lab.view(buttons(self.question, self.pieces, key))
        return {**live, "text/html": str(radios(self.question, self.pieces, key)), "text/plain": self.text}


def choice(question: str, pieces: Mapping[str, object]) -> Choice:
    """Let the reader choose which of several things to see.

    Args:
        question: what is chosen; shown above the labels.
        pieces: label → what is shown for it: a figure, a table, a listing, or whatever else a cell can show.

    Raises:
        ValueError: there are no pieces.
    """
    return Choice(question, pieces)


def radios(question: str, pieces: Mapping[str, Piece], key: str) -> Markup:
    """A group of radio buttons, each followed by its piece: the style sheet shows the piece of the one that is chosen.

    Args:
        question: the title of the group.
        pieces: label → piece.
        key: the name of the group, unique on the page; all ids begin with it.
    """
    parts = []
    for number, (label, shown) in enumerate(pieces.items(), start=1):
        own, checked = f"{key}-{number}", " checked" if number == 1 else ""
        parts.append(
            Markup(
                '<input type="radio" name="{key}" id="{own}"{checked}><label for="{own}">{label}</label>'
                '<div class="book-choice-piece">{shown}</div>'
            ).format(key=key, own=own, checked=checked, label=label, shown=apart(shown.html, f"{own}-"))
        )
    return Markup('<fieldset class="book-choice"><legend>{}</legend>{}</fieldset>').format(question, joined(parts))


def buttons(question: str, pieces: Mapping[str, Piece], key: str) -> ipywidgets.Widget:
    """The same as a widget; buttons and pieces are joined in the browser, so that they go on working when the kernel has ended."""
    shown = [lab.piece(apart(each.html, f"{key}-{number}-")) for number, each in enumerate(pieces.values(), start=1)]
    wide = {"button_width": "auto", "description_width": "auto"}
    labels = ipywidgets.ToggleButtons(options=list(pieces), description=question, style=wide)
    stack = ipywidgets.Stack(shown, selected_index=0)
    ipywidgets.jslink((labels, "index"), (stack, "selected_index"))
    return lab.box("book-choice", labels, stack)
