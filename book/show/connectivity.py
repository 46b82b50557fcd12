"""Who reaches whom: one row for each source, one column for each target."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ..probe import Reach
from .html import Cell, Piece, table


def connectivity(reaches: Iterable[Reach]) -> Piece:
    """Show what each source reaches, as verdicts; the real error of a failed try opens on a click or by the keyboard.

    The plain text holds the verdicts only, so that it is the same at each run.

    Args:
        reaches: the tries, of one stack or of several together.
    """
    tries = {(reach.source, reach.target): reach for reach in reaches}
    sources, targets = (list(dict.fromkeys(names)) for names in zip(*tries, strict=True))
    rows = [[source, *(_verdict(tries.get((source, target))) for target in targets)] for source in sources]
    return table("Who reaches whom (rows: from; columns: to)", ["from \\ to", *targets], rows)


def _verdict(reach: Reach | None) -> Cell:
    if reach is None:
        return Cell("", "not tried")
    mark, kind = ("✓", "book-good") if reach.ok else ("✗", "book-bad")
    text = f"{mark} {reach.verdict}"
    # What differs from run to run stands in elements of one class, which a comparison of outputs leaves out.
    took = f' <span class="book-volatile">{reach.seconds * 1000:.0f} ms{"".join(f" · {escape(at)}" for at in reach.addresses)}</span>'
    if reach.error:
        words = f'<span class="book-volatile">{escape(reach.error)}</span>'
        return Cell(f"<details><summary>{escape(text)}{took}</summary>{words}</details>", text, kind)
    return Cell(escape(text) + took, text, kind)
