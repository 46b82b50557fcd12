"""Pieces of a page: what a cell shows, as HTML for a browser and as plain text for a terminal and for comparison.

HTML is safe by its type: it is `Markup`, and a plain `str` is text, which is escaped when it is put into HTML. Write a template as
`Markup("<b>{}</b>").format(text)`, which escapes what it fills in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Piece:
    """What a cell shows: the same facts as HTML and as plain text, and the metadata that the site's tools read."""

    html: Markup
    text: str
    metadata: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "html", escape(self.html))  # `Markup` stays as it is

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict[str, str], dict[str, object]]:
        return {"text/html": str(self.html), "text/plain": self.text}, self.metadata


@dataclass(frozen=True)
class Cell:
    """A table cell with a class, or with a plain text other than its HTML.

    Attributes:
        html: what a browser shows; a plain `str` is escaped.
        text: what the plain text of the table shows.
        kind: the CSS class; empty for that of the column.
    """

    html: str | Markup
    text: str
    kind: str = ""


def table(caption: str, head: Sequence[str | Markup], rows: Iterable[Sequence[str | Markup | Cell]], numbers: Sequence[int] = ()) -> Piece:
    """A table with a caption and row headers; a plain `str` is escaped.

    Args:
        caption: what the table shows, read out first by a screen reader.
        head: the column titles.
        rows: the cells, the first of each row being its header.
        numbers: columns that are aligned on the right.
    """
    return grouped_table(caption, head, (), rows, numbers)


def grouped_table(
    caption: str,
    head: Sequence[str | Markup],
    groups: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[str | Markup | Cell]],
    numbers: Sequence[int] = (),
) -> Piece:
    """A table whose columns after the first are in groups, each with a title above the titles of its columns.

    Args:
        caption: as for `table`.
        head: as for `table`.
        groups: from the second column on, the title of each group and how many columns it has; none for a plain table.
        rows: as for `table`.
        numbers: as for `table`.
    """
    body = [[cell if isinstance(cell, Cell) else Cell(cell, _plain(cell)) for cell in row] for row in rows]
    kinds = ["book-number" if column in numbers else "" for column in range(len(head))]
    html = Markup(
        '<div class="book-scroll" tabindex="0" role="region" aria-label="{caption}"><table class="book-table">'
        "<caption>{caption}</caption><thead>{head}</thead><tbody>{body}</tbody></table></div>"
    ).format(caption=caption, head=_head(head, kinds, groups), body=joined(_row(row, kinds) for row in body))
    return Piece(html, _aligned([[_plain(title) for title in head], *([cell.text for cell in row] for row in body)], numbers))


def _head(head: Sequence[str | Markup], kinds: Sequence[str], groups: Sequence[tuple[str, int]]) -> Markup:
    titles = [Markup('<th scope="col" class="{}">{}</th>').format(kind, title) for title, kind in zip(head, kinds, strict=True)]
    if not groups:
        return Markup("<tr>{}</tr>").format(joined(titles))
    corner = Markup('<th rowspan="2" scope="col" class="{}">{}</th>').format(kinds[0], head[0])
    above = (Markup('<th scope="colgroup" colspan="{}">{}</th>').format(columns, title) for title, columns in groups)
    return Markup("<tr>{}{}</tr><tr>{}</tr>").format(corner, joined(above), joined(titles[1:]))


def _row(row: Sequence[Cell], kinds: Sequence[str]) -> Markup:
    rest = (Markup('<td class="{}">{}</td>').format(cell.kind or kind, cell.html) for cell, kind in zip(row[1:], kinds[1:], strict=True))
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(row[0].html, joined(rest))


def _plain(cell: str | Markup) -> str:
    return cell.striptags() if isinstance(cell, Markup) else cell


def joined(parts: Iterable[str | Markup], between: str | Markup = "") -> Markup:
    """Parts one after another as HTML; a plain `str` is escaped.

    Args:
        parts: the parts.
        between: what to put between two of them.
    """
    return escape(between).join(parts)


def volatile(text: str | Markup) -> Markup:
    """Text that differs from run to run: in an element of one class, which a comparison of outputs leaves out."""
    return Markup('<span class="book-volatile">{}</span>').format(text)


def inline_code(text: str) -> Markup:
    """Text as code inside a line."""
    return Markup("<code>{}</code>").format(text)


def code(text: str, longest: int = 110) -> Cell:
    """A cell with code; if it has more than `longest` characters, it shows the beginning, with the whole in its tooltip."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return Cell(Markup('<code title="{}">{}</code>').format(text, short), short)


def fold(summary: str, html: str | Markup) -> Markup:
    """HTML that opens with a click or by the keyboard.

    Args:
        summary: what is seen before it opens.
        html: what opens; a plain `str` is escaped.
    """
    return Markup('<details class="book-fold"><summary>{}</summary>{}</details>').format(summary, html)


def megabytes(size: float) -> str:
    """A size in bytes as megabytes of a million bytes, as Docker itself prints them."""
    return f"{size / 1e6:.1f} MB"


def amount(size: int) -> str:
    """A size in bytes as Docker itself prints it, in a unit in which a small size is not 0."""
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
