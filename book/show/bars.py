"""Bars of seconds or of another unit, one for each row, with an axis and a dot for each time if a row was measured several times."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import median

from markupsafe import Markup

from . import figure

_LONGEST = 32  # characters of a label; the table beside the chart has all of it


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def chart(title: str, rows: Mapping[str, Sequence[float]], failed: Collection[str] = (), say: Callable[[float], str] = _seconds) -> Markup:
    """Draw them.

    Args:
        title: what took that long, or is that large.
        rows: label → seconds of each time; the bar is their median.
        failed: the labels of what did not succeed.
        say: a value with its unit.
    """
    several = any(len(times) > 1 for times in rows.values())
    described = "; ".join(f"{label}: {'median ' if several else ''}{say(median(times))}" for label, times in rows.items())
    return figure.chart(lambda width: _draw(rows, failed, several, say, width), title, described)


def _draw(
    rows: Mapping[str, Sequence[float]], failed: Collection[str], several: bool, say: Callable[[float], str], width: float
) -> figure.Figure:
    from matplotlib.ticker import MaxNLocator

    drawing = figure.new(width, (1.15 if several else 0.4) + 0.42 * len(rows))
    axes = drawing.add_subplot()
    middles = [median(times) for times in rows.values()]
    colours = [figure.PALETTE["bad" if label in failed else "base" if several else "ours"] for label in rows]
    drawn = axes.barh(range(len(rows)), middles, height=0.6, color=colours, alpha=0.5 if several else 1.0, label="median")
    axes.set_yticks(range(len(rows)), [label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…" for label in rows])
    most = max(max(times) for times in rows.values())
    if several:
        dots = [(time, place) for place, times in enumerate(rows.values()) for time in times]
        axes.scatter(
            [time for time, _ in dots], [place for _, place in dots], s=28, color=figure.PALETTE["ours"], label="each time", zorder=2
        )
        drawing.legend(loc="outside lower center", ncols=2, frameon=False)
        beside = axes.get_yaxis_transform()  # across: from 0 to 1; down: the rows
        axes.text(1.02, -0.75, "median", transform=beside, va="center", weight="bold")
        for place, middle in enumerate(middles):  # in a column of its own: beside the last dot it would seem to be that dot's
            axes.text(1.02, place, say(middle), transform=beside, va="center")
    else:
        axes.bar_label(drawn, [say(middle) for middle in middles], padding=4)
    axes.invert_yaxis()
    axes.set_xlim(0, most * (1.03 if several else 1.14) or 1)
    axes.spines[["top", "right", *([] if several else ["bottom"])]].set_visible(False)
    axes.tick_params(bottom=several, labelbottom=several, left=False)
    if several:
        axes.xaxis.set_major_locator(MaxNLocator(4 if width == figure.WIDE else 3))
        axes.xaxis.set_major_formatter(lambda value, _: say(value))
    return drawing
