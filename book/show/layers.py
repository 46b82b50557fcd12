"""The layers of images: what each instruction added, the largest files and folders in it, and what later layers hid of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..measure.contents import Contents, Hidden
from .html import Piece, amount

_SHOWN = 8  # of what was hidden; the rest is summed up
_BAR_EM = 8.0  # the longest bar
_MUCH = 0.001  # of the image: what is worth a reader's attention


def layers(*images: Contents) -> Piece:
    """Show the layers of `images`, oldest first; each opens, with a click or by the keyboard, on what it holds.

    The layers of the base image are one row, since a recipe takes them or leaves them as a whole. Above stand the efficiency
    and the wasted bytes as `Contents` defines them. The plain text holds the steps without sizes, which move from build to build.

    Args:
        images: from `Image.contents()`.
    """
    return Piece("".join(map(_explorer, images)), "\n\n".join(map(_text, images)))


def _explorer(image: Contents) -> str:
    base = [layer for layer in image.layers if layer.from_base]
    longest = max([sum(layer.size for layer in base), *(layer.size for layer in image.layers)]) or 1
    rows = [_row(number, image, longest) for number, _ in enumerate(image.layers)]
    ours = rows[len(base) :]
    if base:
        words = f"<em>the base image, {len(base)} {_plural('layer', len(base))}</em>"
        size, wasted = (sum(getattr(layer, what) for layer in base) for what in ("size", "wasted"))
        bar = _bar(size, wasted, longest, from_base=True)
        inside = f'<ul class="book-layers">{"".join(rows[: len(base)])}</ul>'
        ours.insert(0, _details("base", size, bar, words, _flag(wasted, image), inside))
    title = escape(f"Layers of {image.image}")
    return f'<section class="book-explorer" aria-label="{title}">{_head(image)}<ul class="book-layers">{"".join(ours)}</ul></section>'


def _name(number: int, image: Contents) -> str:
    """What a layer is called: ours by their number, as a reader counts them."""
    base = sum(layer.from_base for layer in image.layers)
    return f"base {number + 1}" if number < base else str(number - base + 1)


def _head(image: Contents) -> str:
    share = f"{image.efficiency:.1%}"
    if image.wasted and share == "100.0%":
        share = "more than 99.9%"
    return (
        f'<p class="book-explorer-head"><strong>{escape(image.image)}</strong>: {amount(image.size)} in {len(image.layers)} '
        f"{_plural('layer', len(image.layers))} · efficiency <b>{share}</b> (the share of these bytes that a container can see) · "
        f"wasted <b>{amount(image.wasted)}</b> (in files that a later layer overwrote or deleted)</p>"
    )


def _row(number: int, image: Contents, longest: int) -> str:
    layer = image.layers[number]
    inside = f'<p class="book-instruction"><code>{escape(layer.instruction)}</code></p>' if layer.instruction else ""
    inside += _list("Largest folders", [_sized(part.size, _path(part.path)) for part in layer.largest_folders])
    inside += _list(f"Largest files ({layer.files} in all)", [_sized(part.size, _path(part.path)) for part in layer.largest_files])
    inside += _list("Hidden later", _hidden([(one, f"{_done(one)} by layer {_name(one.by, image)}") for one in layer.hidden]))
    hides = [
        (one, f"of layer {_name(below, image)}, {_done(one)}")
        for below, lower in enumerate(image.layers)
        for one in lower.hidden
        if one.by == number
    ]
    inside += _list("What it hides of the layers below", _hidden(sorted(hides, key=lambda pair: (-pair[0].size, pair[0].path))))
    if not layer.size and not hides:
        inside += "<p>No bytes in files: it made folders or links, or it deleted.</p>"
    words = f"<code>{escape(layer.instruction)}</code>" if layer.instruction else "<em>the image does not tell</em>"
    bar = _bar(layer.size, layer.wasted, longest, layer.from_base)
    return _details(_name(number, image), layer.size, bar, words, _flag(layer.wasted, image), inside)


def _details(name: str, size: int, bar: str, words: str, flag: str, inside: str) -> str:
    return (
        f'<li><details><summary><span class="book-step">{name}</span> <span class="book-added">{amount(size)}</span> {bar} '
        f'<span class="book-words">{words}</span> {flag}</summary><div class="book-inside">{inside}</div></details></li>'
    )


def _flag(wasted: int, image: Contents) -> str:
    kind = "book-wasted" if wasted >= _MUCH * image.size else "book-wasted book-little"
    return f'<span class="{kind}">{amount(wasted)} hidden later</span>' if wasted else ""


def _bar(size: int, wasted: int, longest: int, from_base: bool) -> str:
    kept = "book-bar book-bar-base" if from_base else "book-bar"
    bars = (
        f'<span class="{kind}" style="width:{_BAR_EM * part / longest:.2f}em"></span>'
        for kind, part in ((kept, size - wasted), ("book-bar book-bar-wasted", wasted))
        if part
    )
    return f'<span class="book-bars" aria-hidden="true">{"".join(bars)}</span>'


def _hidden(hidden: Sequence[tuple[Hidden, str]]) -> list[str]:
    items = [_sized(one.size, f"{_path(one.path)}, {how}") for one, how in hidden[:_SHOWN]]
    rest = [one.size for one, _ in hidden[_SHOWN:]]
    return [*items, _sized(sum(rest), f"in {len(rest)} more")] if rest else items


def _done(one: Hidden) -> str:
    return "deleted" if one.deleted else "overwritten"


def _list(title: str, items: Sequence[str]) -> str:
    return f'<p class="book-parts">{title}</p><ul class="book-parts">{"".join(items)}</ul>' if items else ""


def _sized(size: int, html: str) -> str:
    return f'<li><span class="book-added">{amount(size)}</span> {html}</li>'


def _path(path: str) -> str:
    """A path that a browser breaks after its slashes."""
    return f"<code>{escape(path).replace('/', '/<wbr>')}</code>"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _text(image: Contents) -> str:
    ours = [layer.instruction for layer in image.layers if not layer.from_base]
    base = ["  the base image"] if len(ours) < len(image.layers) else []
    return "\n".join([f"Layers of {image.image}", *base, *(f"  {number}  {words}" for number, words in enumerate(ours, start=1))])
