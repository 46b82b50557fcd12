"""Which Python packages are in which image."""

from __future__ import annotations

from ..image import Packages
from .html import Piece, table


def packages(*images: Packages) -> Piece:
    """Show the Python packages that each image holds, and how many there are."""
    rows = [[found.image, str(len(found.names)), ", ".join(found.names)] for found in images]
    return table("Python packages in the image", ["image", "how many", "which"], rows, numbers=(1,))
