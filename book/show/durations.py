"""How long commands took, side by side."""

from __future__ import annotations

from html import escape

from ..measure.tool import Said
from . import bars
from .html import Cell, Piece, table


def durations(*said: Said) -> Piece:
    """Show how long each of some commands took: a chart, and a table with their exit codes.

    The plain text leaves the seconds out, since they are others at each run.

    Args:
        said: what `recipe.tool` returned.
    """
    rows = [
        [
            Cell(f"<code>{escape(one.command)}</code>", one.command),
            str(one.exit_code),
            Cell(f'<span class="book-volatile">{one.seconds:.1f} s</span>', "", "book-number"),
        ]
        for one in said
    ]
    facts = table("How long each command took, from its start to its end", ["command", "exit code", "seconds"], rows, numbers=(1, 2))
    # The same command may have been given twice, as `vagrant reload` is: each keeps a row of its own.
    took = {f"{one.command}{' ' * number}": one for number, one in enumerate(said)}
    failed = [label for label, one in took.items() if one.exit_code]
    drawn = bars.chart("How long each command took", {label: [one.seconds] for label, one in took.items()}, failed)
    return Piece(drawn + facts.html, facts.text)
