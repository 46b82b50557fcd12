"""A result as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from .result import Bound, Comparison, Measured, Result

_HEAD = ("", "median", "ratio", "least", "most", "runs", "failed")
_MARK = {None: "–", True: "✓", False: "✗"}


def table(result: Result) -> str:
    """Show what a work found: a table for each comparison, the bounds that were set, and the other facts."""
    machine = result.machine
    lines = [result.title]
    for comparison in result.comparisons:
        lines += ["", *_rows(comparison)]
        lines += [f"  {_MARK[comparison.met(bound)]} {describe(comparison, bound)}" for bound in comparison.bounds]
        if comparison.recommended and comparison.best not in (None, comparison.recommended):
            lines.append(f"  {comparison.best} needs less than {comparison.recommended}. {comparison.because}".rstrip())
    lines += ["", *(f"  {_MARK[fact.held]} {fact.sentence}" for fact in result.facts)]
    lines.append(f"  {machine.day}, {machine.tools}, {machine.cores} cores, load before {machine.load:g}. {result.note}".rstrip())
    return "\n".join(lines)


def describe(comparison: Comparison, bound: Bound) -> str:
    """A bound as text, and what was measured."""
    if not bound.of:
        most, found = amount(bound.most, comparison.unit), comparison.ways[bound.way].median
        measured = "not measured" if found is None else f"measured {amount(found, comparison.unit)}"
    else:
        most, found = f"{bound.most:g} × {bound.of}", comparison.ratio(bound.way, bound.of)
        measured = "not measured" if found is None else f"measured {times(found)} ×"
    return f"{bound.way}: at most {most}; {measured}"


def amount(value: float, unit: str) -> str:
    """A value with its unit: bytes as megabytes of a million bytes, seconds with as many digits as are meaningful."""
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def times(ratio: float | None) -> str:
    """A ratio with two digits behind the point, or with the first that is not 0; a dash if there is none."""
    if ratio is None:
        return "–"
    return f"{ratio:.2f}" if ratio >= 0.01 else f"{ratio:.1g}"


def median_and_spread(way: Measured, unit: str) -> tuple[str, str, str]:
    """The median, the least and the most of the samples; dashes if there are none."""
    if way.median is None or way.spread is None:
        return "–", "–", "–"
    least, most = way.spread
    return amount(way.median, unit), amount(least, unit), amount(most, unit)


def _rows(comparison: Comparison) -> Iterator[str]:
    rows = [(comparison.title, *_HEAD[1:])]
    for name, way in comparison.ways.items():
        mark = " *" if name == comparison.recommended else ""
        middle, least, most = median_and_spread(way, comparison.unit)
        rows.append((name + mark, middle, times(comparison.ratio(name)), least, most, str(way.runs), str(len(way.failed))))
    wide = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join([row[0].ljust(wide[0]), *(cell.rjust(width) for cell, width in zip(row[1:], wide[1:], strict=True))])
