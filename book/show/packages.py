"""Which Python packages are in which image."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from ..measure.image import Packages
from .html import Cell, Piece, table


def packages(*images: Packages) -> Piece:
    """Show the Python packages in each image, and how many there are."""
    rows = [[found.image, str(len(found.names)), ", ".join(found.names)] for found in images]
    return table("Python packages in the image", ["image", "how many", "which"], rows, numbers=(1,))


def presence(names: Iterable[str], *images: Packages) -> Piece:
    """Show which of a few packages are in each image: one row for each image, one column for each package.

    Args:
        names: the packages to look for.
        images: from `Image.packages()`.
    """
    names = list(names)
    marks = {True: Cell(Markup("✓&nbsp;yes"), "yes", "book-good"), False: Cell(Markup("–&nbsp;no"), "no")}
    rows: list[list[str | Cell]] = [[found.image, *(marks[name in found] for name in names), str(len(found.names))] for found in images]
    return table("Which image contains which package", ["image", *names, "packages in all"], rows, numbers=(len(names) + 1,))
