"""A result as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from .result import Comparison, Reach, Result

_HEAD = ("", "median", "ratio", "least", "most", "runs", "failed")


def table(result: Result) -> str:
    """Say what a work found: a table for each comparison, the bounds that were set, and what else was seen."""
    machine = result.machine
    lines = [result.title]
    for comparison in result.comparisons:
        lines += ["", *_rows(comparison), *(f"  {verdict(comparison, reach)}" for reach in comparison.reaches)]
        if comparison.recommended and comparison.best not in (None, comparison.recommended):
            lines.append(f"  {comparison.best} needs less than {comparison.recommended}. {comparison.because}".rstrip())
    lines += ["", *(f"  {'✓' if fact.held else '✗'} {fact.sentence}" for fact in result.facts)]
    lines.append(f"  {machine.day}, {machine.tools}, {machine.cores} cores, load before {machine.load:g}. {result.note}".rstrip())
    return "\n".join(lines)


def verdict(comparison: Comparison, reach: Reach) -> str:
    """A bound in words, what was measured, and whether it was met."""
    met = comparison.met(reach)
    mark = {None: "–", True: "✓", False: "✗"}[met]
    if not reach.of:
        wished, found = amount(reach.most, comparison.unit), comparison.ways[reach.way].median
        measured = "not measured" if found is None else f"measured {amount(found, comparison.unit)}"
    else:
        wished, found = f"{reach.most:g} × {reach.of}", comparison.ratio(reach.way, reach.of)
        measured = "not measured" if found is None else f"measured {times(found)} ×"
    return f"{mark} {reach.way}: at most {wished}; {measured}"


def amount(value: float, unit: str) -> str:
    """A value with its unit: bytes as megabytes of a million bytes, seconds with as many digits as say something."""
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def times(ratio: float | None) -> str:
    """A ratio with two digits behind the point, or with the first that is not 0; a dash where there is none."""
    if ratio is None:
        return "–"
    return f"{ratio:.2f}" if ratio >= 0.01 else f"{ratio:.1g}"


def _rows(comparison: Comparison) -> Iterator[str]:
    rows = [(comparison.title, *_HEAD[1:])]
    for name, way in comparison.ways.items():
        mark = " *" if name == comparison.recommended else ""
        ratio = comparison.ratio(name)
        middle, *spread = [amount(value, comparison.unit) for value in (way.median, *way.spread)] if way.samples else ["–"] * 3
        rows.append((name + mark, middle, times(ratio), *spread, str(way.runs), str(len(way.failed))))
    wide = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join([row[0].ljust(wide[0]), *(cell.rjust(width) for cell, width in zip(row[1:], wide[1:], strict=True))])
