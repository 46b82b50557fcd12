"""Several ways to come up, each tried several times: how many runs were answered, and after how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from markupsafe import Markup

from ..measure.timeline import Event, EventName, Timeline
from . import figure
from .html import Cell, Piece, table

_ENDS = (EventName.EXITED, EventName.UNHEALTHY, EventName.FAILED)


def race(ways: Mapping[str, Sequence[Timeline]]) -> Piece:
    """Show a race: a chart with a mark for each run, and a table with the rate of success and the times.

    A run has succeeded if its timeline contains a first answer; ask for one thing only when you record it.

    Args:
        ways: name → timelines from `Recipe.race`.
    """
    rows: list[list[str | Cell]] = []
    rates = {name: _rate(len(_first(runs, EventName.FIRST_ANSWER)), len(runs)) for name, runs in ways.items()}
    for name, runs in ways.items():
        answers, returns = _times(_first(runs, EventName.FIRST_ANSWER)), _times(_first(runs, EventName.RETURNED))
        rows.append([name, rates[name], *answers, returns[0], "; ".join(_why(runs))])
    head = ["way", "answered", "first answer", "fastest to slowest", "up returned", "what ended the others"]
    caption = "From nothing to the first answered query (medians, in seconds since the first container was created)"
    facts = table(caption, head, rows, numbers=(2, 3, 4))
    text = "\n".join(f"{name}: {rate.text}" for name, rate in rates.items())
    return Piece(_chart(ways) + facts.html, text)


def _first(runs: Sequence[Timeline], what: EventName) -> list[float]:
    return [seconds for run in runs if (seconds := run.first(what)) is not None]


def _rate(answered: int, runs: int) -> Cell:
    text = f"{answered} of {runs}"
    return Cell(text, text, "book-good" if answered == runs else "book-bad")


def _times(seconds: list[float]) -> tuple[str, str]:
    if not seconds:
        return "–", "–"
    return f"{median(seconds):.2f} s", f"{min(seconds):.2f} to {max(seconds):.2f} s"


def _why(runs: Sequence[Timeline]) -> list[str]:
    lost = [run for run in runs if not _first([run], EventName.FIRST_ANSWER)]
    ends = map(_gave_up, lost)
    reasons = (", ".join([f"{end.service} {end.what}", *end.detail.splitlines()[:1]]) if end else "no answer in time" for end in ends)
    return list(dict.fromkeys(reasons))


def _gave_up(run: Timeline) -> Event | None:
    """The first end of a service that did not end well, as a migration does."""
    return next((event for event in run.events if event.what in _ENDS and event.exit_code != 0), None)


def _chart(ways: Mapping[str, Sequence[Timeline]]) -> Markup:
    answered = {name: _first(runs, EventName.FIRST_ANSWER) for name, runs in ways.items()}
    described = "; ".join(
        f"{name}: {len(answered[name])} of {len(runs)} answered, median {_times(answered[name])[0]}" for name, runs in ways.items()
    )
    title = "Seconds to the first answered query: a mark for each run, a line at the median, and how many runs were answered"
    return figure.chart(lambda width: _draw(ways, width), title, described)


def _draw(ways: Mapping[str, Sequence[Timeline]], width: float) -> figure.Figure:
    columns = 3 if width == figure.WIDE else 1  # a telephone is too narrow for all three names beside each other
    drawing = figure.new(width, (1.0 if columns > 1 else 1.5) + 0.42 * len(ways))
    axes = drawing.add_subplot()
    marks = (
        (lambda run: run.first(EventName.FIRST_ANSWER), "o", "ours", "first answered query", 0.0),
        (lambda run: run.first(EventName.RETURNED), "|", "extra", "docker compose up returned", 0.24),
        (lambda run: end.seconds if (end := _gave_up(run)) else None, "X", "bad", "a service gave up", 0.0),
    )
    for when, mark, colour, label, lower in marks:
        found = [(when(run), row) for row, runs in enumerate(ways.values()) for run in runs]
        spots = [(seconds, row + lower) for seconds, row in found if seconds is not None]
        if spots:
            axes.scatter(
                [x for x, _ in spots], [y for _, y in spots], marker=mark, s=46, alpha=0.75, color=figure.PALETTE[colour], label=label
            )
    for row, runs in enumerate(ways.values()):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color=figure.PALETTE["base"], alpha=0.12, linewidth=0)
        answers = _first(runs, EventName.FIRST_ANSWER)
        if answers:
            axes.plot([min(answers), max(answers)], [row, row], color=figure.PALETTE["ours"], linewidth=1.5, zorder=1)
            axes.plot([median(answers)] * 2, [row - 0.3, row + 0.3], color=figure.PALETTE["ours"], linewidth=2)
        rate, well = f"{len(answers)} of {len(runs)}", len(answers) == len(runs)
        beside = axes.get_yaxis_transform()  # across: from 0 to 1; down: the rows
        axes.text(1.01, row, rate, transform=beside, va="center", color=figure.PALETTE["good" if well else "bad"])
    axes.set_yticks(range(len(ways)), list(ways))
    axes.set_ylim(len(ways) - 0.5, -0.5)
    axes.set_xlim(left=0)
    drawing.supxlabel("seconds since the first container was created", size=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    drawing.legend(loc="outside upper center", ncols=columns, frameon=False)
    return drawing
