"""Anything that a cell can show, as HTML: for one output that contains several such things."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

from IPython.core.formatters import DisplayFormatter
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from .html import Piece

_ID = re.compile(r'(?<=\sid=")[^"]+(?=")')
_USE = re.compile(r'(url\(#|href="#|\s(?:for|headers|aria-(?:labelledby|describedby|controls))=")([^")]+)')


def piece(thing: object) -> Piece:
    """What a notebook would show for `thing`, as HTML and as plain text; a string is taken for plain text."""
    if isinstance(thing, Piece):
        return thing
    if isinstance(thing, str):
        return _plain(thing)
    data: dict[str, Any]
    data, _ = _formatter().format(thing)
    if "text/html" in data:
        return Piece(Markup(data["text/html"]), data["text/plain"])  # a notebook shows it as it is, too
    if "image/svg+xml" in data:
        return Piece(Markup(data["image/svg+xml"]), data["text/plain"])
    if "text/markdown" in data:
        return Piece(Markup(_markdown().render(data["text/markdown"]).rstrip()), data["text/markdown"])
    if "image/png" in data:
        return Piece(Markup('<img alt="" src="data:image/png;base64,{}">').format(_base64(data["image/png"])), data["text/plain"])
    return _plain(data["text/plain"])


def apart(html: Markup, prefix: str) -> Markup:
    """The same HTML with `prefix` before each id and before what refers to one, so that no other part of the page has that id.

    A drawing that refers to an id finds the first one on the page, and loses what it refers to if that one is hidden.
    """
    ids = set(_ID.findall(html))

    def renamed(found: re.Match[str]) -> str:
        return found[1] + " ".join(f"{prefix}{name}" if name in ids else name for name in found[2].split())

    return Markup(_USE.sub(renamed, _ID.sub(lambda found: prefix + found[0], html)))


def _plain(text: str) -> Piece:
    return Piece(Markup("<pre>{}</pre>").format(text.rstrip()), text.rstrip())


def _base64(data: str | bytes) -> str:
    return data if isinstance(data, str) else b64encode(data).decode()


@cache
def _formatter() -> DisplayFormatter:
    return DisplayFormatter()


@cache
def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark").enable("table")
    reader.add_render_rule("fence", _fence)
    return reader


def _fence(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: object, env: object) -> str:
    """A listing with the same classes as the site's own, so that it has the same colours and the same copy button."""
    token = tokens[place]
    language = token.info.split()[0] if token.info else "text"
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    coloured = Markup(highlight(token.content, lexer, HtmlFormatter()).rstrip())
    return Markup('<div class="highlight-{} notranslate">{}</div>\n').format(language, coloured)
