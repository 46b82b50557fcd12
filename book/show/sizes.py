"""Images side by side: how many bytes each has, and how many of them came with its base."""

from __future__ import annotations

from ..image import Image
from . import figure
from .html import Piece, megabytes, table


def sizes(*images: Image) -> Piece:
    """Show the sizes of `images`: a chart, and a table with the size on disk and the size that travels.

    Args:
        images: measured on one engine; the storage driver is named, since sizes of different drivers do not compare.
    """
    metric = f"size by docker image inspect, storage driver {images[0].storage_driver}"
    largest = max(image.size for image in images)
    rows = [
        [
            image.name,
            megabytes(image.size),
            megabytes(image.base_size),
            megabytes(image.size - image.base_size),
            megabytes(image.packed),
            f"{image.size / largest:.0%}",
        ]
        for image in images
    ]
    head = ["image", "size", "from the base", "ours", "compressed", "of the largest"]
    facts = table(f"Image sizes ({metric}; compressed: docker image save through gzip)", head, rows, numbers=(1, 2, 3, 4, 5))
    return Piece(_chart(images, metric) + facts.html, facts.text)


def _chart(images: tuple[Image, ...], metric: str) -> str:
    drawing = figure.new(7.2, 0.6 + 0.42 * len(images))
    axes = drawing.add_subplot()
    names = [image.name for image in images]
    base = [image.base_size / 1e6 for image in images]
    ours = [image.size / 1e6 - below for image, below in zip(images, base, strict=True)]
    axes.barh(names, base, color=figure.PALETTE["base"], label="from the base image")
    bars = axes.barh(names, ours, left=base, color=figure.PALETTE["ours"], label="added by the recipe")
    axes.bar_label(bars, [f"{image.size / 1e6:.0f} MB" for image in images], padding=4)
    axes.invert_yaxis()
    axes.set_xlim(0, max(image.size for image in images) / 1e6 * 1.14)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False, left=False)
    drawing.legend(loc="outside lower center", ncols=2, frameon=False)
    said = "; ".join(f"{image.name}: {megabytes(image.size)}" for image in images)
    return f'<figure class="book-chart">{figure.svg(drawing, f"Image sizes ({metric})", said)}</figure>'
