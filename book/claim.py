"""A sentence of the book, and the measurement that proves it."""

from __future__ import annotations

import os

from IPython.display import display
from markupsafe import escape

from .trouble import Trouble

HELD, FAILED = "claim", "failed_claim"  # keys of an output's metadata; not one key, so that a cross is never taken for a claim that held
GO_ON = "BOOK_CLAIMS_GO_ON"  # a variable: with 1, a claim that does not hold shows a cross, and its chapter goes on


class ClaimFailed(Trouble, AssertionError):
    """A sentence of the book no longer holds."""


def claim(sentence: str, holds: bool, measured: str = "") -> None:
    """State `sentence` on the page, with a mark that it holds; fail the cell if it does not.

    While `python -m book engines` compares engines, a claim that does not hold shows a cross instead, so that the rest is measured too.

    Args:
        sentence: what the book says, complete and with its full stop.
        holds: the result of the test.
        measured: what was measured, with its unit; shown beside the sentence.

    Raises:
        ClaimFailed: if `holds` is false.
    """
    if not isinstance(holds, bool):
        raise TypeError(f"a claim is true or false, not {type(holds).__name__}: {sentence}")
    if not holds and os.environ.get(GO_ON) != "1":
        raise ClaimFailed(f"✗ No longer true: {sentence}" + (f" Measured: {measured}." if measured else ""))
    mark, kind = ("✓", "book-tick") if holds else ("✗", "book-cross")
    seen = f' <span class="book-measured">{escape(measured)}</span>' if measured else ""
    data = {
        "text/plain": f"{mark} {sentence}",
        "text/html": f'<p class="book-claim"><span class="{kind}">{mark}</span> {escape(sentence)}{seen}</p>',
    }
    display(data, raw=True, metadata={HELD if holds else FAILED: {"sentence": sentence, "measured": measured}})
