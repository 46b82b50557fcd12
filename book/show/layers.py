"""The layers of images: what each instruction added, the largest files and folders in it, and what later layers hid of it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from ..measure.contents import Contents, Hidden
from .html import Piece, amount, inline_code, joined

_SHOWN = 8  # of what was hidden; the rest is one line with its sum
_BAR_EM = 8.0  # the longest bar
_MUCH = 0.001  # of the image: less than this is greyed out


def layers(*images: Contents) -> Piece:
    """Show the layers of `images`, oldest first; each opens, with a click or by the keyboard, on what is in it.

    The layers of the base image are one row, since a recipe takes them or leaves them as a whole. Above them are the efficiency
    and the wasted bytes as `Contents` defines them. The plain text contains the steps without sizes, which differ from build to build.

    Args:
        images: from `Image.contents()`.
    """
    return Piece(joined(map(_explorer, images)), "\n\n".join(map(_text, images)))


def _explorer(image: Contents) -> Markup:
    base = [layer for layer in image.layers if layer.from_base]
    longest = max([sum(layer.size for layer in base), *(layer.size for layer in image.layers)]) or 1
    rows = [_row(number, image, longest) for number, _ in enumerate(image.layers)]
    ours = rows[len(base) :]
    if base:
        title = Markup("<em>the base image, {} {}</em>").format(len(base), _plural("layer", len(base)))
        size, wasted = sum(layer.size for layer in base), sum(layer.wasted for layer in base)
        bar = _bar(size, wasted, longest, from_base=True)
        inside = Markup('<ul class="book-layers">{}</ul>').format(joined(rows[: len(base)]))
        ours.insert(0, _details("base", size, bar, title, _flag(wasted, image), inside))
    return Markup('<section class="book-explorer" aria-label="Layers of {}">{}<ul class="book-layers">{}</ul></section>').format(
        image.image, _head(image), joined(ours)
    )


def _name(number: int, image: Contents) -> str:
    """What a layer is called: ours by their number, as a reader counts them."""
    base = sum(layer.from_base for layer in image.layers)
    return f"base {number + 1}" if number < base else str(number - base + 1)


def _head(image: Contents) -> Markup:
    share = f"{image.efficiency:.1%}"
    if image.wasted and share == "100.0%":
        share = "more than 99.9%"
    return Markup(
        '<p class="book-explorer-head"><strong>{image}</strong>: {size} in {count} {layers} · efficiency <b>{share}</b> '
        "(the share of these bytes that a container can see) · wasted <b>{wasted}</b> "
        "(in files that a later layer overwrote or deleted)</p>"
    ).format(
        image=image.image,
        size=amount(image.size),
        count=len(image.layers),
        layers=_plural("layer", len(image.layers)),
        share=share,
        wasted=amount(image.wasted),
    )


def _row(number: int, image: Contents, longest: int) -> Markup:
    layer = image.layers[number]
    hides = [
        (one, f"of layer {_name(below, image)}, {_verb(one)}")
        for below, lower in enumerate(image.layers)
        for one in lower.hidden
        if one.by == number
    ]
    inside = [Markup('<p class="book-instruction"><code>{}</code></p>').format(layer.instruction)] if layer.instruction else []
    inside += _list("Largest folders", [_sized(part.size, _path(part.path)) for part in layer.largest_folders])
    inside += _list(f"Largest files ({layer.files} in all)", [_sized(part.size, _path(part.path)) for part in layer.largest_files])
    inside += _list("Hidden later", _hidden([(one, f"{_verb(one)} by layer {_name(one.by, image)}") for one in layer.hidden]))
    inside += _list("What it hides of the layers below", _hidden(sorted(hides, key=lambda pair: (-pair[0].size, pair[0].path))))
    if not layer.size and not hides:
        inside.append(Markup("<p>No bytes in files: it made folders or links, or it deleted.</p>"))
    title = inline_code(layer.instruction) if layer.instruction else Markup("<em>the image does not tell</em>")
    bar = _bar(layer.size, layer.wasted, longest, layer.from_base)
    return _details(_name(number, image), layer.size, bar, title, _flag(layer.wasted, image), joined(inside))


def _details(name: str, size: int, bar: Markup, title: Markup, flag: Markup, inside: Markup) -> Markup:
    return Markup(
        '<li><details><summary><span class="book-step">{}</span> <span class="book-added">{}</span> {} '
        '<span class="book-words">{}</span> {}</summary><div class="book-inside">{}</div></details></li>'
    ).format(name, amount(size), bar, title, flag, inside)


def _flag(wasted: int, image: Contents) -> Markup:
    kind = "book-wasted" if wasted >= _MUCH * image.size else "book-wasted book-little"
    return Markup('<span class="{}">{} hidden later</span>').format(kind, amount(wasted)) if wasted else Markup()


def _bar(size: int, wasted: int, longest: int, from_base: bool) -> Markup:
    visible = "book-bar book-bar-base" if from_base else "book-bar"
    bars = (
        Markup('<span class="{}" style="width:{:.2f}em"></span>').format(kind, _BAR_EM * part / longest)
        for kind, part in ((visible, size - wasted), ("book-bar book-bar-wasted", wasted))
        if part
    )
    return Markup('<span class="book-bars" aria-hidden="true">{}</span>').format(joined(bars))


def _hidden(hidden: Sequence[tuple[Hidden, str]]) -> list[Markup]:
    items = [_sized(one.size, Markup("{}, {}").format(_path(one.path), how)) for one, how in hidden[:_SHOWN]]
    rest = [one.size for one, _ in hidden[_SHOWN:]]
    return [*items, _sized(sum(rest), f"in {len(rest)} more")] if rest else items


def _verb(one: Hidden) -> str:
    return "deleted" if one.deleted else "overwritten"


def _list(title: str, items: Sequence[Markup]) -> list[Markup]:
    """The title and the items, or nothing if there are no items."""
    return [Markup('<p class="book-parts">{}</p><ul class="book-parts">{}</ul>').format(title, joined(items))] if items else []


def _sized(size: int, what: str | Markup) -> Markup:
    return Markup('<li><span class="book-added">{}</span> {}</li>').format(amount(size), what)


def _path(path: str) -> Markup:
    """A path that a browser breaks after its slashes."""
    return Markup("<code>{}</code>").format(escape(path).replace("/", Markup("/<wbr>")))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _text(image: Contents) -> str:
    ours = [layer.instruction for layer in image.layers if not layer.from_base]
    base = ["  the base image"] if len(ours) < len(image.layers) else []
    return "\n".join([f"Layers of {image.image}", *base, *(f"  {number}  {step}" for number, step in enumerate(ours, start=1))])
