"""Images side by side: how many bytes each has, in which layers, and how many of them come from its base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from ..measure.image import Image
from . import figure
from .html import Cell, Piece, amount, code, fold, megabytes, table

_ROW, _LEGEND = 0.78, 0.45  # inches: an image, the legend
_BAR, _LINE = 0.40, 0.05  # of a row: the bar, the line below it
_LETTER = 0.064  # inches: a letter at the size of a label in a bar
_SHORTEST = 8  # letters: the shortest label in a bar
_BESIDE = 0.75  # inches: the total to the right of a bar
_VISIBLE = 0.01  # of an image: a segment that can be distinguished from its neighbours
_LONGEST = 500  # characters of an instruction in the table


@dataclass(frozen=True)
class _Segment:
    """A part of a bar: a layer of ours, or the base as a whole."""

    gid: str
    instruction: str
    size: int
    left: int
    from_base: bool
    colour: str


def sizes(*images: Image) -> Piece:
    """Show the sizes of `images`: a chart with a segment for each layer, and a table with the unpacked and the compressed size.

    Args:
        images: measured on one engine; its image store is named, since sizes of different stores cannot be compared.

    Raises:
        ValueError: if the images are in different stores.
    """
    stores = {image.storage_driver for image in images}
    if len(stores) > 1:
        raise ValueError(f"These images are in different image stores, whose sizes do not compare: {', '.join(sorted(stores))}.")
    metric = f"unpacked layers as docker image history counts them, image store {images[0].storage_driver}"
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
    head = ["image", "unpacked", "from the base", "ours", "compressed", "of the largest"]
    facts = table(f"Image sizes ({metric}; compressed: what a registry moves, from docker image save)", head, rows, numbers=(1, 2, 3, 4, 5))
    return Piece(_chart(images, metric) + facts.html + _one_by_one(images), facts.text)


def _segments(number: int, image: Image) -> Iterator[_Segment]:
    """The parts of an image's bar, from the left: neighbours of ours differ in shade."""
    left = image.base_size
    if left:
        yield _Segment(f"segment-{number}-base", "the base image", left, 0, True, figure.PALETTE["base"])
    ours = [layer for layer in image.layers if layer.size and not layer.from_base]
    deep = False
    for place, layer in enumerate(ours):
        shade = figure.PALETTE["ours-deep" if deep else "ours"]
        deep ^= layer.size > _VISIBLE * image.size
        yield _Segment(f"segment-{number}-{place}", layer.instruction, layer.size, left, False, shade)
        left += layer.size


def _chart(images: tuple[Image, ...], metric: str) -> Markup:
    segments = [list(_segments(number, image)) for number, image in enumerate(images)]
    described = "; ".join(
        f"{image.name}: {megabytes(image.size)}, compressed {megabytes(image.packed)}, of it "
        + ", ".join(f"{amount(segment.size)} {segment.instruction}" for segment in parts)
        for image, parts in zip(images, segments, strict=True)
    )
    tips = {segment.gid: f"{amount(segment.size)}: {segment.instruction}" for parts in segments for segment in parts}
    return figure.chart(lambda width: _draw(images, segments, width), f"Image sizes ({metric})", described, tips)


def _draw(images: tuple[Image, ...], segments: list[list[_Segment]], width: float) -> figure.Figure:
    drawing = figure.new(width, _LEGEND + _ROW * len(images))
    drawing.set_layout_engine("constrained", w_pad=0)
    axes = drawing.add_subplot()
    end = max(image.size for image in images)
    inch = end / (width - _BESIDE)  # bytes
    for row, (image, parts) in enumerate(zip(images, segments, strict=True)):
        axes.text(0, row - 0.27, image.name, weight="bold", va="bottom", parse_math=False)
        for segment in parts:
            _bar(axes, row, segment, inch)
        axes.text(image.size + 0.07 * inch, row, f"{image.size / 1e6:.0f} MB", va="center")
        _compressed(axes, row, image, inch)
    axes.set_xlim(0, end + _BESIDE * inch)
    axes.set_ylim(len(images) - 0.35, -0.6)
    axes.set_axis_off()
    for name, colour in (("from the base image", "base"), ("added by the recipe", "ours")):
        axes.barh(0, 0, color=figure.PALETTE[colour], label=name)
    drawing.legend(loc="outside lower left", ncols=2, frameon=False, handlelength=1.2, columnspacing=1.4, borderpad=0)
    return drawing


def _bar(axes: figure.Axes, row: int, segment: _Segment, inch: float) -> None:
    bar = axes.barh(row, segment.size, _BAR, left=segment.left, color=segment.colour, edgecolor=figure.PAPER, linewidth=0.8)
    bar[0].set_gid(segment.gid)
    room = int(segment.size / inch / _LETTER) - 2
    label = segment.instruction
    if len(label) > room:
        label = "base" if segment.from_base else label[: room - 1] + "…"
    if room < _SHORTEST:
        return
    axes.text(
        segment.left + 0.07 * inch,
        row,
        label,
        color=figure.ON_BASE if segment.from_base else figure.PAPER,
        size=8.5,
        va="center",
        parse_math=False,
    )


def _compressed(axes: figure.Axes, row: int, image: Image, inch: float) -> None:
    """The compressed size, as a thin line below the bar."""
    below = row + _BAR / 2 + 0.11
    axes.barh(below, image.packed, _LINE, color=figure.INK)
    axes.text(image.packed + 0.07 * inch, below + 0.01, f"{image.packed / 1e6:.0f} MB compressed", size=8.5, va="center", parse_math=False)


def _one_by_one(images: tuple[Image, ...]) -> Markup:
    """The names of the segments for a reader who has no pointer: with the keyboard, or on a telephone."""
    rows: list[list[str | Cell]] = [
        [
            image.name,
            amount(segment.size),
            Cell(Markup("<em>the base image</em>"), "") if segment.from_base else code(segment.instruction, _LONGEST),
        ]
        for number, image in enumerate(images)
        for segment in _segments(number, image)
    ]
    return fold("The segments, one by one", table("Layers that contain files", ["image", "added", "instruction"], rows, numbers=(1,)).html)
