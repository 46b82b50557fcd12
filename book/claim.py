"""A sentence of the book, and the measurement that proves it."""

from __future__ import annotations

from IPython.display import display
from markupsafe import escape

from .trouble import Trouble


class ClaimFailed(Trouble, AssertionError):
    """A sentence of the book no longer holds."""


def claim(sentence: str, holds: bool, measured: str = "") -> None:
    """State `sentence` on the page, with a mark that it holds; fail the cell if it does not.

    Args:
        sentence: what the book says, complete and with its full stop.
        holds: the result of the test.
        measured: what was measured, with its unit; shown beside the sentence.

    Raises:
        ClaimFailed: if `holds` is false.
    """
    if not isinstance(holds, bool):
        raise TypeError(f"a claim is true or false, not {type(holds).__name__}: {sentence}")
    if not holds:
        raise ClaimFailed(f"✗ No longer true: {sentence}" + (f" Measured: {measured}." if measured else ""))
    seen = f' <span class="book-measured">{escape(measured)}</span>' if measured else ""
    data = {
        "text/plain": f"✓ {sentence}",
        "text/html": f'<p class="book-claim"><span class="book-tick">✓</span> {escape(sentence)}{seen}</p>',
    }
    display(data, raw=True, metadata={"claim": {"sentence": sentence, "measured": measured}})
