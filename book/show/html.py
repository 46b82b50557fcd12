"""Pieces of a page: what a cell shows, as HTML for a browser and as plain text for a terminal and for comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Piece:
    """What a cell shows: the same facts as HTML and as plain text, and what the site's tools should know of it."""

    html: str
    text: str
    metadata: dict[str, object] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, str], dict[str, object]]:
        return {"text/html": self.html, "text/plain": self.text}, self.metadata


@dataclass(frozen=True)
class Cell:
    """A table cell that is more than text: HTML that is already safe, the text it stands for, and its class."""

    html: str
    text: str
    kind: str = ""


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str | Cell]], numbers: Sequence[int] = ()) -> Piece:
    """A table with a caption and row headers; everything that is plain text is escaped.

    Args:
        caption: what the table shows, read out first by a screen reader.
        head: the column titles.
        rows: the cells, the first of each row being its header.
        numbers: columns that are set flush right.
    """
    body = [[cell if isinstance(cell, Cell) else Cell(escape(cell), cell) for cell in row] for row in rows]
    kinds = ["book-number" if column in numbers else "" for column in range(len(head))]
    titles = "".join(f'<th scope="col" class="{kind}">{escape(title)}</th>' for title, kind in zip(head, kinds, strict=True))
    lines = []
    for row in body:
        first = f'<th scope="row">{row[0].html}</th>'
        rest = (f'<td class="{cell.kind or kind}">{cell.html}</td>' for cell, kind in zip(row[1:], kinds[1:], strict=True))
        lines.append(f"<tr>{first}{''.join(rest)}</tr>")
    html = (
        f'<div class="book-scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="book-table">'
        f"<caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
    return Piece(html, _aligned([list(head), *([cell.text for cell in row] for row in body)], numbers))


def code(text: str, longest: int = 110) -> Cell:
    """A cell with code; of more than `longest` characters it shows the beginning, and the whole in its tooltip."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return Cell(f'<code title="{escape(text)}">{escape(short)}</code>', short)


def fold(summary: str, html: str) -> str:
    """HTML that opens with a click or by the keyboard.

    Args:
        summary: what is seen before, as plain text.
        html: what opens, already safe.
    """
    return f'<details class="book-fold"><summary>{escape(summary)}</summary>{html}</details>'


def megabytes(size: float) -> str:
    """A size in bytes as megabytes of a million bytes, as Docker itself prints them."""
    return f"{size / 1e6:.1f} MB"


def amount(size: int) -> str:
    """A size in bytes as Docker itself prints it, in a unit that leaves something to see of a small one."""
    return megabytes(size) if size >= 1e6 else f"{size / 1e3:.1f} kB" if size >= 1e3 else f"{size} B"


def _aligned(rows: list[list[str]], numbers: Sequence[int]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
