"""When things happened while a stack came up: one lane for each service, on one clock."""

from __future__ import annotations

from ..timeline import Event, Timeline
from . import figure
from .html import Piece, table

_MARKS = {
    "created": ("|", "base"),
    "started": (">", "base"),
    "port open": ("s", "ours"),
    "healthy": ("P", "good"),
    "first answer": ("o", "good"),
    "returned": ("D", "extra"),
    "failed try": ("x", "warn"),
    "unhealthy": ("X", "bad"),
    "exited": ("X", "bad"),
    "failed": ("X", "bad"),
}


def timeline(seen: Timeline) -> Piece:
    """Show a timeline: a chart with one lane for each service, and a table of all events.

    The plain text holds what happened without when, service by service, since two services seldom keep the same order.

    Args:
        seen: from `Recipe.time_up`, or one of `Recipe.race`.
    """
    lanes = list(dict.fromkeys(event.service for event in seen.events))
    rows = [
        [f"{event.seconds:.2f} s", event.service, event.what, event.detail.splitlines()[0] if event.detail else ""] for event in seen.events
    ]
    facts = table(
        "What happened when (seconds since the first container was created)", ["after", "service", "what", ""], rows, numbers=(0,)
    )
    text = "\n".join(f"{lane}: {', '.join(dict.fromkeys(event.what for event in _of(seen, lane)))}" for lane in sorted(lanes))
    return Piece(_chart(seen, lanes) + facts.html, text)


def _of(seen: Timeline, lane: str) -> list[Event]:
    return [event for event in seen.events if event.service == lane]


def _chart(seen: Timeline, lanes: list[str]) -> str:
    drawing = figure.new(7.2, 1.0 + 0.5 * len(lanes))
    axes = drawing.add_subplot()
    for row, lane in enumerate(lanes):
        events = _of(seen, lane)
        axes.plot([events[0].seconds, events[-1].seconds], [row, row], color=figure.PALETTE["base"], linewidth=2, zorder=1)
    for what, (mark, colour) in _MARKS.items():
        found = [event for event in seen.events if event.what == what]
        if found:
            places = [lanes.index(event.service) for event in found]
            axes.scatter([event.seconds for event in found], places, marker=mark, s=60, color=figure.PALETTE[colour], label=what, zorder=2)
    axes.set_yticks(range(len(lanes)), lanes)
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    axes.set_xlabel("seconds since the first container was created")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    drawing.legend(loc="outside lower center", ncols=5, frameon=False)
    said = "; ".join(f"{event.service} {event.what} after {event.seconds:.2f} s" for event in seen.events)
    return f'<figure class="book-chart">{figure.svg(drawing, "What happened when", said)}</figure>'
