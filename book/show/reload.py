"""How long a saved file took to show, for each way of reloading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .html import Piece
from .seconds import seconds as _seconds


def reload(seconds: Mapping[str, Sequence[float]]) -> Piece:
    """Show save-to-response times; see `seconds`.

    Args:
        seconds: way → seconds from each save to the first answer that shows it; none may be empty.
    """
    return _seconds("From the save to the first answer that shows it", seconds)
