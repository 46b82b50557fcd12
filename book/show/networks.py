"""Which service is on which network: a line for each network, a stem for each service, a dot where they meet."""

from __future__ import annotations

from collections.abc import Iterable

from ..stack import Service
from . import figure
from .html import Piece

_COLOURS = ("ours", "extra", "good", "warn")


def networks(services: Iterable[Service]) -> Piece:
    """Draw the networks of one stack, or of several together. Networks are named without the project they belong to.

    Args:
        services: from `stack.services()`, those of several stacks one after the other; only what runs is on a network.
    """
    services = tuple(services)
    joined = [sorted(service.addresses, key=_short) for service in services]
    names = list(dict.fromkeys(name for each in joined for name in each))
    text = "\n".join(
        f"{service.name}: {', '.join(map(_short, each)) or 'on no network'}" for service, each in zip(services, joined, strict=True)
    )
    drawing = figure.new(1.6 + 1.3 * len(services), 0.9 + 0.45 * len(names))
    axes = drawing.add_subplot()
    for row, name in enumerate(names):
        colour = figure.PALETTE[_COLOURS[row % len(_COLOURS)]]
        on = [place for place, each in enumerate(joined) if name in each]
        axes.plot([on[0] - 0.3, on[-1] + 0.3], [row, row], color=colour, linewidth=5, solid_capstyle="round", zorder=1)
        axes.scatter(on, [row] * len(on), s=90, color=colour, zorder=3)
    for place, each in enumerate(joined):
        lowest = max(map(names.index, each), default=-0.7)
        axes.plot([place, place], [-0.7, lowest], color=figure.PALETTE["base"], linewidth=1.5, zorder=2)
    axes.set_yticks(range(len(names)), map(_short, names))
    axes.set_xticks(range(len(services)), [service.name for service in services])
    axes.set_ylim(len(names) - 0.5, -0.7)
    axes.set_xlim(-0.6, len(services) - 0.4)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    return Piece(
        f'<figure class="book-chart">{figure.svg(drawing, "Which service is on which network", text.replace(chr(10), "; "))}</figure>', text
    )


def _short(name: str) -> str:
    return name.rpartition("_")[2]
