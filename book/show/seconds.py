"""Seconds side by side: how long the same thing took in several ways, each measured once or several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from . import bars
from .html import Piece, table


def seconds(what: str, took: Mapping[str, float | Sequence[float]]) -> Piece:
    """Show how long the same thing took in several ways: a chart and a table.

    If a way was measured several times, its bar is the median, with a dot for each time, and the quickest way comes first.
    The plain text contains what was compared and not how long it took, which differs at each run.

    Args:
        what: what took that long.
        took: the way → seconds, or the seconds of each time, at least one.
    """
    times = {way: list(time) if isinstance(time, Sequence) else [time] for way, time in took.items()}
    if all(len(each) == 1 for each in times.values()):
        facts = table(what, ["way", "seconds"], [[way, f"{time:.2f} s"] for way, (time,) in times.items()], numbers=(1,))
        return Piece(bars.chart(what, times) + facts.html, f"{what}: {', '.join(took)}")
    ordered = {way: times[way] for way in sorted(times, key=lambda way: median(times[way]))}
    rows = [[way, *(f"{of(each):.2f} s" for of in (median, min, max)), str(len(each))] for way, each in ordered.items()]
    facts = table(what, ["way", "median", "quickest", "slowest", "times"], rows, numbers=(1, 2, 3, 4))
    text = "\n".join(f"{way}: measured {len(each)} times" for way, each in times.items())
    return Piece(bars.chart(what, ordered) + facts.html, text)
