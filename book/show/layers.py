"""The layers of an image: what each instruction added."""

from __future__ import annotations

from html import escape

from ..image import Image
from .html import Cell, Piece, megabytes, table

_LONGEST = 110  # characters of an instruction; the whole stands in its tooltip


def layers(image: Image) -> Piece:
    """Show the layers of `image`, oldest first: the bytes each added, and the instruction that made it.

    The steps of the base image are one row, since a recipe takes them or leaves them as a whole.
    """
    ours = [layer for layer in image.layers if not layer.from_base]
    largest = max((layer.size for layer in ours), default=0) or 1
    below = f"the base image, {len(image.layers) - len(ours)} steps"
    rows = [["", megabytes(image.base_size), "", Cell(f"<em>{below}</em>", below)]] if image.base_size else []
    rows += [
        [str(number), megabytes(layer.size), _bar(layer.size / largest), _instruction(layer.instruction)]
        for number, layer in enumerate(ours, start=1)
    ]
    caption = f"Layers of {image.name} (size by docker image history, storage driver {image.storage_driver})"
    return table(caption, ["step", "added", "", "instruction"], rows, numbers=(0, 1))


def _bar(share: float) -> Cell:
    return Cell(f'<span class="book-bar" style="width:{share * 6:.2f}em"></span>', "")


def _instruction(text: str) -> Cell:
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return Cell(f'<code title="{escape(text)}">{escape(short)}</code>', short)
