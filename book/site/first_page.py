"""A Sphinx extension: what the first page and *Set up* show of the run, and the index from symptoms to answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..bench import result
from ..chapters import ledger
from ..chapters.chapter import Chapter, chapters
from ..places import ROOT
from ..trouble import Trouble
from . import archives
from .extension import markdown_table

SYMPTOMS = ROOT / "book/pages/symptoms.yaml"
_DOWNLOADS = "_static/book"
_FIGURE = re.compile(r"<figure\b.*?</figure>", re.DOTALL)
_MINUTE = 60


class NoFigure(Trouble):
    """A chapter has no output that the first page wants to show."""


class NoAnchor(Trouble):
    """A symptom does not name a page and an anchor."""


@dataclass(frozen=True)
class Symptom:
    """What a reader sees go wrong, and the place that answers.

    Attributes:
        says: the symptom, in a reader's words.
        do: what to do, in one line.
        page: the page that answers, as its document's name.
        anchor: the id of the section on that page.
    """

    says: str
    do: str
    page: str
    anchor: str


@dataclass(frozen=True)
class Group:
    """Symptoms of one kind, with their heading."""

    title: str
    symptoms: tuple[Symptom, ...]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("book_address", "", "env", str)
    app.add_directive("cards", Cards)
    app.add_directive("figure-of", FigureOf)
    app.add_directive("symptoms", Symptoms)
    app.add_directive("kinds-of-symptoms", KindsOfSymptoms)
    app.add_directive("get-the-book", GetTheBook)
    app.add_directive("get-a-recipe", GetARecipe)
    app.add_directive("how-long", HowLong)
    app.connect("builder-inited", _write_book)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def symptoms(file: Path = SYMPTOMS) -> tuple[Group, ...]:
    """The index of symptoms, in the order of its file.

    Args:
        file: a list of groups: `about`, and `symptoms` with `says`, `do` and `at`, a page and an anchor.

    Raises:
        NoAnchor: if `at` is not a page, `#` and an anchor.
    """
    return tuple(
        Group(group["about"], tuple(_symptom(one) for one in group["symptoms"]))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def _symptom(entry: dict[str, str]) -> Symptom:
    page, _, anchor = entry["at"].partition("#")
    if not page or not anchor:
        raise NoAnchor(f"symptoms.yaml, {entry['says']}: {entry['at']!r} is not a page, # and an anchor, as in notebooks/02-…#today.")
    return Symptom(entry["says"], entry["do"], page, anchor)


def figure(of: Chapter, kind: str) -> Markup:
    """The first figure in a chapter's outputs that is in an element of this class.

    Args:
        of: the chapter.
        kind: the class, for example `book-topology`.

    Raises:
        NoFigure: if the chapter shows none.
    """
    for cell in of.read().cells:
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html", "")
            if html.startswith(f'<div class="{kind}"') and (found := _FIGURE.search(html)):
                return Markup(found[0])  # as `show` drew it, and escaped it
    raise NoFigure(f"{of.path.name} shows no figure of the class {kind}, and the first page wants it: run the chapter, or name another.")


class Cards(SphinxDirective):
    """`{cards}`: the chapters, each with its question, the answer, its headline from the run, and its minutes."""

    def run(self) -> list[nodes.Node]:
        """Make the list."""
        cards = nodes.bullet_list("", classes=["book-cards"])
        for one in ledger.recipes(_shown(self.env.app)):
            chapter = one.proof.chapter
            measured = f" **{one.proof.measured}**" if one.proof.measured else ""
            parts = {
                "title": f"[{ledger.title(chapter)}](/notebooks/{chapter.name}.ipynb)",
                "question": one.question,
                "answer": one.answer,
                "headline": f"✓ {one.proof.sentence}{measured}",
                "minutes": f"{one.minutes} minutes",
            }
            cards += nodes.list_item("", *(_paragraph(self, text, f"book-card-{part}") for part, text in parts.items() if text))
        return [cards]


class FigureOf(SphinxDirective):
    """`{figure-of} CHAPTER CLASS`: a figure from the outputs of a chapter, with the text below as its caption."""

    required_arguments = 2
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Take the figure."""
        name, kind = self.arguments
        chapter = next((one for one in _shown(self.env.app) if one.name == name), None)
        if chapter is None:
            raise self.error(f"There is no chapter {name!r}.")
        box = nodes.container("", classes=["book-first-figure"])
        box += nodes.raw("", str(figure(chapter, kind)), format="html")
        box += self.parse_content_to_nodes()
        return [box]


class Symptoms(SphinxDirective):
    """`{symptoms}`: what may go wrong, grouped, each with what to do and a link to the place that answers."""

    def run(self) -> list[nodes.Node]:
        """Make a section for each group."""
        self.env.note_dependency(str(SYMPTOMS))
        return [self._section(group) for group in symptoms()]

    def _section(self, group: Group) -> nodes.section:
        section = nodes.section("", nodes.title("", group.title), ids=[nodes.make_id(group.title)], names=[])
        entries = nodes.definition_list("", classes=["book-symptoms"])
        for one in group.symptoms:
            if one.page not in self.env.found_docs:
                raise self.error(f"symptoms.yaml: {one.says!r} leads to {one.page}, which is not a page of the book.")
            address = f"{self.env.app.builder.get_relative_uri(self.env.docname, one.page)}#{one.anchor}"
            link = nodes.reference("", "", *_paragraph(self, one.says).children, internal=True, refuri=address)
            term = nodes.term("", "", link)
            entries += nodes.definition_list_item("", term, nodes.definition("", _paragraph(self, one.do)))
        section += entries
        return section


class KindsOfSymptoms(SphinxDirective):
    """`{kinds-of-symptoms}`: a link to each group of the index of symptoms, on the same page."""

    def run(self) -> list[nodes.Node]:
        """Make the list."""
        self.env.note_dependency(str(SYMPTOMS))
        kinds = nodes.bullet_list("", classes=["book-kinds"])
        for group in symptoms():
            link = nodes.reference("", group.title, internal=True, refid=nodes.make_id(group.title))
            kinds += nodes.list_item("", nodes.paragraph("", "", link))
        return [kinds]


class GetTheBook(SphinxDirective):
    """`{get-the-book}`: the link to the zip of the whole book, and the commands that get it; `git clone` if there is an address."""

    def run(self) -> list[nodes.Node]:
        """Make the link and the commands."""
        address: str = self.config.book_address
        archive = Path(self.env.app.outdir, _DOWNLOADS, f"{archives.BOOK}.zip")
        link = _download(self, f"{_DOWNLOADS}/{archive.name}", f"Download the book ({archive.stat().st_size / 1e6:.1f} MB)")
        unpack = f"unzip {archives.BOOK}.zip\ncd {archives.BOOK}"
        if not address:
            return [link, *_commands(self, unpack)]
        folder = address.rstrip("/").rpartition("/")[2].removesuffix(".git")
        clone = _commands(self, f"git clone {address}\ncd {folder}")
        return [*clone, _paragraph(self, "Without git, download the zip:"), link, *_commands(self, unpack)]


class GetARecipe(SphinxDirective):
    """`{get-a-recipe} CHAPTER`: the link to the zip of one recipe, and the commands that unpack it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the link and the commands."""
        name = self.arguments[0]
        link = _download(self, f"_static/{archives.FOLDER}/{name}.zip", f"Download the recipe {name}")
        return [link, *_commands(self, f"unzip {name}.zip\ncd {name}\ndocker compose up --build")]


class HowLong(SphinxDirective):
    """`{how-long}`: how long the book takes to run, from the stored result of the bench."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        found = result.load("books")
        if found is None:
            return [_paragraph(self, "Not measured yet: run `python3 -m book bench books`.")]
        rows = []
        for comparison in found.comparisons:
            way = comparison.ways.get(comparison.recommended)
            if way and way.median is not None:
                rows.append([comparison.title, comparison.recommended, _words(way.median)])
        machine = found.machine
        where = f"Measured on {machine.day}, with {machine.cores} cores and {machine.memory / 2**30:.0f} GiB of memory."
        return [*markdown_table(self, ["what runs", "how", "time (median)"], rows), _paragraph(self, where, "book-where")]


def _words(seconds: float) -> str:
    return f"{seconds / _MINUTE:.0f} min" if seconds >= 2 * _MINUTE else f"{seconds:.0f} s"


def _paragraph(directive: SphinxDirective, text: str, *kinds: str) -> nodes.paragraph:
    (paragraph,) = directive.parse_text_to_nodes(text)
    if not isinstance(paragraph, nodes.paragraph):
        raise directive.error(f"{text!r} is not one paragraph.")
    paragraph["classes"] += kinds
    return paragraph


def _commands(directive: SphinxDirective, commands: str) -> Sequence[nodes.Node]:
    return directive.parse_text_to_nodes(f"```bash\n{commands}\n```")


def _download(directive: SphinxDirective, file: str, label: str) -> nodes.paragraph:
    address = "../" * directive.env.docname.count("/") + file
    link = Markup('<a class="book-get" href="{}" download><i class="fas fa-download" aria-hidden="true"></i> {}</a>').format(address, label)
    return nodes.paragraph("", "", nodes.raw("", str(link), format="html"))


def _shown(app: Sphinx) -> list[Chapter]:
    return chapters(folder=Path(app.srcdir, "notebooks"))


def _write_book(app: Sphinx, *_: Any) -> None:
    archives.write_book(Path(app.outdir, _DOWNLOADS))  # before the pages are read, which give its size
