"""The page of numbers: what the bench found, as figures and tables, and what others say beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from html import escape

import yaml

from ..bench import result
from ..bench.machine import Machine
from ..bench.result import Comparison, Result
from ..bench.table import amount, times, verdict
from ..places import ROOT
from ..show import bars
from ..show.html import Cell, Piece, table

_QUOTATIONS = ROOT / "book/pages/quotations.yaml"
_HEAD = ("way", "median", "ratio", "least", "most", "runs", "failed")
_ORIGIN = {"registry": "from its registry", "stand-in": "a stand-in", "local": "local"}
_MARK = {True: ("book-good", "✓"), False: ("book-bad", "✗"), None: ("book-volatile", "–")}
_NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Quotation:
    """What others say in figures, with its source, and what was measured here of the same."""

    source: str
    says: str
    of: str
    measured: str


def piece(work: str, found: Result | None) -> Piece:
    """What a work found: for each comparison a chart, a table, and the bounds that were set; then what else was seen, where and when.

    Args:
        work: its name, for the words that stand where it was never measured.
        found: what is stored of it.
    """
    if found is None:
        words = f"Not measured yet: python -m book bench {work}"
        return Piece(f"<p>Not measured yet: <code>python -m book bench {escape(work)}</code> does it.</p>", words)
    parts = [_comparison(comparison) for comparison in found.comparisons]
    seen = _list([_marked(fact.held, fact.sentence) for fact in found.facts])
    where = f"{found.note} {_where(found.machine)}".strip()
    html = "".join(part.html for part in parts) + seen + f'<p class="book-where">{escape(where)}</p>'
    return Piece(html, "\n\n".join([*(part.text for part in parts), where]))


def quotations() -> Iterator[Quotation]:
    """What others say, in the order of its file."""
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
    title = comparison.title.replace("`", "")  # neither a chart nor a caption can set code
    chart = bars.chart(title, drawn, say=say) if drawn else ""
    facts = table(f"{title} (ratio: to {comparison.baseline})", _HEAD, _rows(comparison), numbers=range(1, len(_HEAD)))
    lines = [_marked(comparison.met(reach), verdict(comparison, reach)) for reach in comparison.reaches]
    lines += [_coded(words[0].upper() + words[1:]) for words in _winner(comparison)]
    return Piece(chart + facts.html + _list(lines), facts.text)


def _list(lines: list[str]) -> str:
    return f'<ul class="book-verdicts">{"".join(f"<li>{line}</li>" for line in lines)}</ul>' if lines else ""


def _rows(comparison: Comparison) -> Iterator[list[str | Cell]]:
    for name, way in comparison.ways.items():
        middle, *spread = [amount(value, comparison.unit) for value in (way.median, *way.spread)] if way.samples else ["–"] * 3
        recommended = name == comparison.recommended
        shown = Cell(f"{escape(name)} <em>(recommended)</em>", f"{name} (recommended)") if recommended else name
        failed = Cell(str(len(way.failed)), str(len(way.failed)), "book-number book-bad" if way.failed else "book-number")
        yield [shown, middle, times(comparison.ratio(name)), *spread, str(way.runs), failed]


def _winner(comparison: Comparison) -> Iterator[str]:
    best, ours = comparison.best, comparison.recommended
    if ours and best == ours:
        yield f"What the book recommends, {ours}, needs the least."
    elif ours and best and comparison.ways[ours].samples:
        yield f"{best} needs {times(comparison.ratio(best, of=ours))} × what {ours} does, which the book recommends. {comparison.because}"


def _marked(held: bool | None, words: str) -> str:
    kind, mark = _MARK[held]
    return f'<span class="{kind}" aria-label="{_said(held)}" role="img">{mark}</span> {_coded(words.removeprefix(mark).lstrip())}'


def _coded(words: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def _said(held: bool | None) -> str:
    return {True: "held", False: "did not hold", None: _NOT_MEASURED}[held]


def _where(machine: Machine) -> str:
    bases = "; ".join(f"{base.reference} {_ORIGIN[base.origin]}" for base in machine.bases)
    return (
        f"Measured on {machine.day}: {machine.tools}, {machine.storage_driver}, Linux {machine.kernel}, {machine.architecture}, "
        f"{machine.cores} cores, {machine.memory / 2**30:.0f} GiB, Python {machine.python}; load in the minute before: {machine.load:g}."
        + (f" Base images: {bases}." if bases else "")
    )
