"""The page of numbers: what the bench found, as figures and tables, beside figures from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import yaml
from markupsafe import Markup, escape

from ..bench import result
from ..bench.machine import Machine
from ..bench.result import Comparison, Result
from ..bench.table import amount, describe, median_and_spread, times
from ..places import ROOT
from ..show import bars
from ..show.html import Cell, Piece, joined, table

_QUOTATIONS = ROOT / "book/pages/quotations.yaml"
_HEAD = ("way", "median", "ratio", "least", "most", "runs", "failed")
_ORIGIN = {"registry": "from its registry", "stand-in": "a stand-in", "local": "local"}
_NOT_MEASURED = "not measured"
_MARK = {
    True: ("book-good", "✓", "held"),
    False: ("book-bad", "✗", "did not hold"),
    None: ("book-volatile", "–", _NOT_MEASURED),
}


@dataclass(frozen=True)
class Quotation:
    """Figures from elsewhere, with their source, and what was measured here of the same."""

    source: str
    says: str
    of: str
    measured: str


def piece(work: str, found: Result | None) -> Piece:
    """What a work found: for each comparison a chart, a table, and the bounds that were set; then the other facts, where and when.

    Args:
        work: its name, for the message if it was never measured.
        found: what is stored of it.
    """
    if found is None:
        command = f"python -m book bench {work}"
        return Piece(Markup("<p>Not measured yet: run <code>{}</code>.</p>").format(command), f"Not measured yet: run {command}.")
    parts = [_comparison(comparison) for comparison in found.comparisons]
    seen = _list([_marked(fact.held, fact.sentence) for fact in found.facts])
    where = f"{found.note} {_where(found.machine)}".strip()
    html = joined([*(part.html for part in parts), seen, Markup('<p class="book-where">{}</p>').format(where)])
    return Piece(html, "\n\n".join([*(part.text for part in parts), where]))


def quotations() -> Iterator[Quotation]:
    """Figures from elsewhere, in the order of their file."""
    for row in yaml.safe_load(_QUOTATIONS.read_text(encoding="utf-8")):
        yield Quotation(row["source"], row["says"], row["of"], _beside(row["work"], row["comparison"], row["ways"]))


def _beside(work: str, title: str, ways: list[str]) -> str:
    found = result.load(work)
    comparison = next((one for one in found.comparisons if one.title == title), None) if found else None
    if comparison is None:
        return _NOT_MEASURED
    values = [comparison.ways[way].median for way in ways]
    return " → ".join(_NOT_MEASURED if value is None else amount(value, comparison.unit) for value in values)


def _comparison(comparison: Comparison) -> Piece:
    say = partial(amount, unit=comparison.unit)
    drawn = {name: way.samples for name, way in comparison.ways.items() if way.samples}
    title = comparison.title.replace("`", "")  # neither a chart nor a caption can contain code
    chart = bars.chart(title, drawn, say=say) if drawn else Markup()
    facts = _table(f"{title} (ratio: to {comparison.baseline})", comparison)
    lines = [_marked(comparison.met(bound), describe(comparison, bound)) for bound in comparison.bounds]
    lines += [coded(sentence[0].upper() + sentence[1:]) for sentence in _winner(comparison)]
    return Piece(chart + facts.html + _list(lines), facts.text)


def _table(caption: str, comparison: Comparison) -> Piece:
    """Its numbers; where every way was measured once, that one number and no median, least and most of it."""
    rows = list(_rows(comparison))
    if any(way.runs != 1 for way in comparison.ways.values()):
        return table(caption, _HEAD, rows, numbers=range(1, len(_HEAD)))
    failed = any(way.failed for way in comparison.ways.values())
    columns = [0, 1, 2, *([len(_HEAD) - 1] if failed else [])]
    head = ["measured once" if place == 1 else _HEAD[place] for place in columns]
    return table(caption, head, [[row[place] for place in columns] for row in rows], numbers=range(1, len(head)))


def _list(lines: list[Markup]) -> Markup:
    items = joined(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup('<ul class="book-verdicts">{}</ul>').format(items) if lines else Markup()


def _rows(comparison: Comparison) -> Iterator[list[str | Cell]]:
    for name, way in comparison.ways.items():
        middle, *spread = median_and_spread(way, comparison.unit)
        recommended = name == comparison.recommended
        shown: str | Cell = Cell(Markup("{} <em>(recommended)</em>").format(name), f"{name} (recommended)") if recommended else name
        failed = Cell(str(len(way.failed)), str(len(way.failed)), "book-number book-bad" if way.failed else "book-number")
        yield [shown, middle, times(comparison.ratio(name)), *spread, str(way.runs), failed]


def _winner(comparison: Comparison) -> Iterator[str]:
    best, ours = comparison.best, comparison.recommended
    if ours and best == ours:
        limit = f" of all but {comparison.floor}, which is a limit and no choice" if comparison.floor in comparison.ways else ""
        yield f"What the book recommends, {ours}, needs the least{limit}."
    elif ours and best and comparison.ways[ours].samples:
        yield f"{best} needs {times(comparison.ratio(best, of=ours))} × what {ours} does, which the book recommends. {comparison.because}"


def _marked(held: bool | None, sentence: str) -> Markup:
    kind, mark, label = _MARK[held]
    return Markup('<span class="{}" aria-label="{}" role="img">{}</span> {}').format(kind, label, mark, coded(sentence))


def coded(sentence: str) -> Markup:
    """A sentence, with code between backticks."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # `re` would escape what it puts into a `Markup`


def _where(machine: Machine) -> str:
    bases = "; ".join(f"{base.reference} {_ORIGIN[base.origin]}" for base in machine.bases)
    return (
        f"Measured on {machine.day}: {machine.tools}, {machine.storage_driver}, Linux {machine.kernel}, {machine.architecture}, "
        f"{machine.cores} cores, {machine.memory / 2**30:.0f} GiB, Python {machine.python}; load in the minute before: {machine.load:g}."
        + (f" Base images: {bases}." if bases else "")
    )
