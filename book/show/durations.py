"""How long commands took, side by side."""

from __future__ import annotations

from ..measure.tool import Said
from . import bars
from .html import Cell, Piece, inline_code, table, volatile


def durations(*said: Said) -> Piece:
    """Show how long each of some commands took: a chart, and a table with their exit codes.

    The plain text leaves the seconds out, since they differ at each run.

    Args:
        said: what `recipe.tool` returned.
    """
    rows: list[list[str | Cell]] = [
        [Cell(inline_code(one.command), one.command), str(one.exit_code), Cell(volatile(f"{one.seconds:.1f} s"), "", "book-number")]
        for one in said
    ]
    facts = table("How long each command took, from its start to its end", ["command", "exit code", "seconds"], rows, numbers=(1, 2))
    # The same command may have been given twice, as `vagrant reload` is: each has a row of its own.
    took = {f"{one.command}{' ' * number}": one for number, one in enumerate(said)}
    failed = [label for label, one in took.items() if one.exit_code]
    drawn = bars.chart("How long each command took", {label: [one.seconds] for label, one in took.items()}, failed)
    return Piece(drawn + facts.html, facts.text)
