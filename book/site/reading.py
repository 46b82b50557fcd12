"""Lay out the pages of chapters whose commands come first: consoles in sight, and the Python of a section in one fold at its end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from ..chapters import ledger
from ..chapters.chapter import Chapter
from .numbers import coded

MOST_LINES = 7  # of one console block that is not folded
_HIDDEN = "tag_hide-output"  # the class of a cell with this tag
_COMMANDS = re.compile(r"<pre[^>]*>(.*?)</pre>", re.DOTALL)
_PROMPT = re.compile(r'class="gp"')
_SAID = re.compile(r'<p class="book-claim">(.*?)</p>', re.DOTALL)
_SENTENCE = re.compile(
    r'<(p|li)( class="book-claim")>(<span class="book-tick">✓</span> )(.*?)(?=\s*<span class="book-measured">|</(?:p|li)>)', re.DOTALL
)
_FOLD = Markup('<details class="book-fold"><summary>Show the file</summary>')
_END = Markup("</details>")
_FIGURE_AND_TABLE = re.compile(r'(</figure>)(<div class="book-scroll"[^>]*><table.*?</table></div>)', re.DOTALL)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-read", _number, priority=400)  # before Sphinx collects the titles for its lists, its links and its search
    app.add_post_transform(Reading)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def chapter_of(app: Sphinx, page: str) -> Chapter | None:
    """The chapter that a page shows, with the outputs of this build; None for a page that is no chapter."""
    path = Path(app.srcdir, f"{page}.ipynb")
    return Chapter(path) if page.startswith("notebooks/") and path.exists() else None


@cache
def commands_first(path: Path) -> bool:
    """Whether a notebook's page shows the commands of a terminal first, and folds its Python."""
    return bool(json.loads(path.read_text(encoding="utf-8"))["metadata"].get("commands_first"))


def _number(app: Sphinx, doctree: nodes.document) -> None:
    """Put a chapter's number before its title, from where Sphinx takes it for every place that names the chapter."""
    chapter = chapter_of(app, app.env.docname)
    title = next(iter(doctree.findall(nodes.title)), None)
    if chapter and title is not None:
        title.insert(0, nodes.Text(ledger.number(chapter)))


class Reading(SphinxPostTransform):
    """Rearrange the code cells of a chapter's page."""

    default_priority = 100  # after MyST-NB chose the HTML of each output, and before it hides cells
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Rearrange them."""
        chapter = chapter_of(self.app, self.env.docname)
        if chapter is None:
            return
        if commands_first(chapter.path):
            _rearrange(self.document)
        else:
            _leave_consoles_out(self.document)
        _anchors(self.document)


@dataclass
class _Run:
    """Code cells with no text between them: what they show, in order, and the Python that did it, after that of cells before them."""

    python: list[nodes.Node]
    shown: list[nodes.Node] = field(default_factory=list)

    def add(self, cell: nodes.Element) -> None:
        outputs = [output for part in _parts(cell, "output") for output in part.children]
        ticks_only = any(map(_is_claim, outputs)) and all(_is_claim(one) or _is_console(one) for one in outputs)
        self.python += _parts(cell, "source")
        if _HIDDEN in cell["classes"]:
            outputs = [_raw(_FOLD), *outputs, _raw(_END)]
        for output in outputs:
            (self.python if ticks_only and _is_console(output) else self.shown).append(output)


def _rearrange(document: nodes.document) -> None:
    python: list[nodes.Node] = []
    last: nodes.container | None = None
    for parent in [document, *document.findall(nodes.section)]:
        shows = False
        for is_cell, group in groupby(list(parent.children), _is_cell):
            if not is_cell:
                continue
            run, cells = _Run(python), list(group)
            for cell in cells:
                run.add(cell)
            if run.shown:
                last, shows = nodes.container("", nodes.container("", *_joined(run.shown), classes=["cell_output"]), classes=["cell"]), True
                parent.insert(parent.index(cells[0]), last)
            for cell in cells:
                parent.remove(cell)
        if shows and last is not None:  # one fold for a section; Python of a section that shows nothing is in that of the next one
            last.extend(_folded(python))
            python = []
    if python and last is not None:
        last.extend(_folded(python))


def _joined(shown: list[nodes.Node]) -> Iterator[nodes.Node]:
    for kind, group in groupby(shown, _kind):
        if kind == "console":
            yield _raw(_console([node.astext() for node in group]))
        elif kind == "claim":
            items = "".join(_SAID.sub(r'<li class="book-claim">\1</li>', node.astext()) for node in group)
            yield _raw(Markup('<ul class="book-claims">{}</ul>').format(Markup(items)))
        else:
            yield from map(_table_in_a_fold, group)


def _console(blocks: list[str]) -> Markup:
    """One block of all commands in the blocks that `book/show/console.py` made."""
    lines = [line.strip("\n") for block in blocks for line in _COMMANDS.findall(block)]
    commands = Markup("\n".join(lines))
    block = Markup(
        '<div class="book-console highlight-console notranslate"><div class="highlight"><pre><span></span>{}\n</pre></div></div>'
    ).format(commands)
    if commands.count("\n") < MOST_LINES:
        return block
    many = len(_PROMPT.findall(commands))
    summary = f"The {many} commands of this step" if many > 1 else "The command of this step"
    return Markup('<details class="book-commands"><summary>{}</summary>{}</details>').format(summary, block)


def _table_in_a_fold(node: nodes.Node) -> nodes.Node:
    """The node; a table directly below a figure, which has the same numbers, opens with a click."""
    if not isinstance(node, nodes.raw):
        return node
    fold = r'\1<details class="book-fold"><summary>The numbers as a table</summary>\2</details>'
    return _raw(Markup(_FIGURE_AND_TABLE.sub(fold, node.astext())))


def _folded(python: list[nodes.Node]) -> Iterator[nodes.Node]:
    if python:
        yield _raw(Markup('<details class="book-python"><summary>How this page ran it</summary>'))
        for kind, group in groupby(python, _kind):
            parts = list(group)
            yield from [_raw(_console([node.astext() for node in parts]))] if kind == "console" else parts
        yield _raw(_END)


def _leave_consoles_out(document: nodes.document) -> None:
    for cell in [node for node in document.findall(nodes.container) if _is_cell(node)]:
        for part in _parts(cell, "output"):
            for output in filter(_is_console, list(part.children)):
                part.remove(output)
            if not part.children:
                cell.remove(part)


def _anchors(document: nodes.document) -> None:
    """Give each claim an address, and set what is between its backticks as code."""
    given: set[str] = set()

    def addressed(found: re.Match[str]) -> str:
        name = ledger.anchor(Markup(found[4]).unescape())
        place = Markup() if name in given else Markup(' id="{}"').format(name)
        given.add(name)
        return Markup("<{}{}{}>{}{}").format(Markup(found[1]), Markup(found[2]), place, Markup(found[3]), coded(Markup(found[4])))

    for node in document.findall(nodes.raw):
        if 'class="book-claim"' in node.astext():
            text = _SENTENCE.sub(addressed, node.astext())
            node.children = [nodes.Text(text)]


def _parts(cell: nodes.Element, kind: str) -> list[nodes.Element]:
    return [part for part in cell.children if part.get("nb_element") == f"cell_code_{kind}"]


def _is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def _is_console(node: nodes.Node) -> bool:
    return isinstance(node, nodes.raw) and 'class="book-console' in node.astext()


def _is_claim(node: nodes.Node) -> bool:
    return isinstance(node, nodes.raw) and node.astext().startswith('<p class="book-claim">')


def _kind(node: nodes.Node) -> str:
    return "console" if _is_console(node) else "claim" if _is_claim(node) else ""


def _raw(html: Markup) -> nodes.raw:
    return nodes.raw("", str(html), format="html")
