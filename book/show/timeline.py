"""When things happened while a stack came up: one lane for each service, on one clock."""

from __future__ import annotations

from markupsafe import Markup

from ..measure.timeline import Event, EventName, Timeline
from . import figure
from .html import Piece, table

_MARKS = {  # of every event, its mark and its colour
    EventName.CREATED: ("o", "base"),
    EventName.STARTED: (">", "ours"),
    EventName.PORT_OPEN: ("s", "ours"),
    EventName.HEALTHY: ("P", "good"),
    EventName.FIRST_ANSWER: ("*", "good"),
    EventName.RETURNED: ("D", "extra"),
    EventName.FAILED_TRY: ("x", "warn"),
    EventName.UNHEALTHY: ("X", "bad"),
    EventName.EXITED: ("X", "bad"),
    EventName.FAILED: ("X", "bad"),
}
_LETTER, _LEVEL, _LANE = 0.078, 0.19, 0.42  # inches: a letter, a row of labels, a lane without labels
_GAP = 0.12


def timeline(seen: Timeline) -> Piece:
    """Show a timeline: a chart with one lane for each service, and a table of all events.

    The plain text contains what happened without when, service by service, since the order between two services differs from run to run.

    Args:
        seen: from `Recipe.time_up`, or one of `Recipe.race`.
    """
    lanes = sorted(dict.fromkeys(event.service for event in seen.events), key=lambda lane: lane == "up")  # the command comes last
    rows = [
        [f"{event.seconds:.2f}\N{NO-BREAK SPACE}s", event.service, event.what, event.detail.splitlines()[0] if event.detail else ""]
        for event in seen.events
    ]
    facts = table(
        "What happened when (seconds since the first container was created)", ["after", "service", "what", ""], rows, numbers=(0,)
    )
    text = "\n".join(f"{lane}: {', '.join(dict.fromkeys(event.what for event in _of(seen, lane)))}" for lane in sorted(lanes))
    return Piece(_chart(seen, lanes) + facts.html, text)


def _of(seen: Timeline, lane: str) -> list[Event]:
    return [event for event in seen.events if event.service == lane]


def _label(event: Event) -> str:
    return f"✗ {event.detail}" if event.what == EventName.FAILED_TRY and event.detail else event.what


def _labels(events: list[Event]) -> list[str]:
    """The label of each event in a lane; of one that happens again and again only the first and the last have one."""
    names = [_label(event) for event in events]
    return ["" if name in names[:place] and name in names[place + 1 :] else name for place, name in enumerate(names)]


def _chart(seen: Timeline, lanes: list[str]) -> Markup:
    described = "; ".join(f"{event.service} {event.what} after {event.seconds:.2f} s" for event in seen.events)
    return figure.chart(lambda width: _draw(seen, lanes, width), "What happened when", described)


def _draw(seen: Timeline, lanes: list[str], width: float) -> figure.Figure:
    inches = width - 0.3 - _LETTER * max(map(len, lanes))
    widths = {_label(event): _LETTER * len(_label(event)) for event in seen.events}
    room = {label: max(inches - width - _GAP, inches / 4) for label, width in widths.items()}  # before a label; a very long one is cut
    end = max(max(event.seconds, 0.1) * inches / room[_label(event)] for event in seen.events)
    levels = {lane: _levels(_of(seen, lane), inches / end) for lane in lanes}
    heights = {lane: _LANE + _LEVEL * (1 + max(levels[lane])) for lane in lanes}
    drawing = figure.new(width, 0.6 + sum(heights.values()))
    axes = drawing.add_subplot()
    bottom, places = 0.0, []
    for number, lane in enumerate(lanes):
        bottom -= heights[lane]
        places.append(bottom + _LANE / 2)
        if number % 2 == 0:
            axes.axhspan(bottom, bottom + heights[lane], color=figure.PALETTE["base"], alpha=0.12, linewidth=0)
        _lane(axes, _of(seen, lane), levels[lane], places[-1], end)
    axes.set_yticks(places, lanes)
    axes.set_ylim(bottom, 0)
    axes.set_xlim(-0.02 * end, end)
    drawing.supxlabel("seconds since the first container was created", size=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    return drawing


def _levels(events: list[Event], scale: float) -> list[int]:
    """The level of each label: the last one lowest, and each earlier one clear of those after it and of the lines that lead up to them."""
    begins: list[float] = []  # for each level, where its leftmost label begins
    found = []
    for event, label in zip(reversed(events), reversed(_labels(events)), strict=True):
        at = event.seconds * scale
        ends = at + _LETTER * len(label) + _GAP
        level = next((level for level in range(len(begins)) if ends <= min(begins[level:])), len(begins)) if label else 0
        if label:
            begins[level : level + 1] = [at]
        found.append(level)
    return found[::-1]


def _lane(axes: figure.Axes, events: list[Event], levels: list[int], y: float, end: float) -> None:
    axes.plot([events[0].seconds, events[-1].seconds], [y, y], color=figure.PALETTE["base"], linewidth=2, zorder=1)
    for event, label, level in zip(events, _labels(events), levels, strict=True):
        mark, colour = _MARKS[event.what]
        top = y + 0.14 + _LEVEL * level
        if label:
            axes.plot([event.seconds] * 2, [y, top + 0.1], color=figure.PALETTE["base"], linewidth=0.8, zorder=1)
            axes.text(event.seconds + 0.006 * end, top, label, fontsize=9, va="bottom")
        place = y - 0.11 if event.what == EventName.FAILED_TRY else y  # a try often fails at the moment of the start
        axes.scatter([event.seconds], [place], marker=mark, s=100 if mark == "*" else 50, color=figure.PALETTE[colour], zorder=2)
