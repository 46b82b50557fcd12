"""A Sphinx extension: what is on the pages of the site and in no notebook."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path
from textwrap import shorten
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from ..bench import result
from ..chapters import ledger
from ..chapters.chapter import Chapter, chapters
from ..engines import expected
from ..engines import result as compared
from ..report.linters import COMPOSE
from ..report.page import linked
from ..report.rules.registry import RULES
from ..show.html import table
from . import archives, bar, engines, numbers, reading, source


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    for part in reading, bar:
        part.setup(app)
    app.add_directive("claims", Claims)
    app.add_directive("errata", Errata)
    app.add_directive("findings", Findings)
    app.add_directive("report", Report)
    app.add_directive("numbers", Numbers)
    app.add_directive("quotations", Quotations)
    app.add_directive("engines", Engines)
    app.connect("config-inited", _footer)
    app.connect("html-page-context", _banner)
    app.connect("doctree-read", _fold_solutions)
    app.connect("html-page-context", _describe)
    app.connect("build-finished", _archives)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Claims(SphinxDirective):
    """`{claims}`: every claim of the book, from the outputs of its chapters: a section for each chapter, and a link to each place."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        return [self._section(chapter) for chapter in _shown(self.env.app)]

    def _section(self, chapter: Chapter) -> nodes.section:
        title = ledger.title(chapter)
        page = self.env.app.builder.get_relative_uri(self.env.docname, f"notebooks/{chapter.name}")
        rows = [
            [
                Markup('<a href="{}#{}">{}</a>').format(page, ledger.anchor(held.sentence), numbers.coded(held.sentence)),
                held.measured or "✓",
            ]
            for held in ledger.claims([chapter])
        ]
        heading = nodes.title(title, title)
        claims = table(f"Claims of chapter {title}", ["claim that held", "measured"], rows)
        return nodes.section(
            "",
            heading,
            _raw(Markup('<div class="book-of-claims">{}</div>').format(claims.html)),
            ids=[f"chapter-{chapter.name[:2]}"],
            names=[],
        )


class Errata(SphinxDirective):
    """`{errata}`: a table of what no longer works in the 2021 recipes, each with the claim of the run that shows it."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        head = ["the 2021 recipe", "now", "why", "the fix", "shown by the run"]
        found = ledger.errata(_shown(self.env.app))
        rows = [[e.noted, e.today, e.why, e.works, f"✓ {e.proof.sentence} {_link(e.proof.chapter)}"] for e in found]
        return markdown_table(self, head, rows, "book-ledger book-errata")


class Numbers(SphinxDirective):
    """`{numbers} WORK`: the stored result of a work of the bench."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make its figures and tables."""
        work = self.arguments[0]
        return [_raw(numbers.piece(work, result.load(work)).html)]


class Quotations(SphinxDirective):
    """`{quotations}`: figures from elsewhere, with their source, beside what was measured here."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        rows = [[f"{one.source}: “{one.says}”", one.of, one.measured] for one in numbers.quotations()]
        return markdown_table(self, ["published elsewhere", "what was measured here", "measured"], rows)


class Engines(SphinxDirective):
    """`{engines} PART`: which claims hold on which engine; the parts are `summary`, `differences` and `agreements`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the part."""
        parts = {"summary": engines.summary, "differences": engines.differences, "agreements": engines.agreements}
        if self.arguments[0] not in parts:
            raise self.error(f"The page of engines has no part {self.arguments[0]!r}. There are: {', '.join(parts)}.")
        of = [self._topic(chapter) for chapter in _shown(self.env.app)]
        return [_raw(parts[self.arguments[0]](compared.every(), of, expected.read()))]

    def _topic(self, chapter: Chapter) -> engines.Topic:
        link = self.env.app.builder.get_relative_uri(self.env.docname, f"notebooks/{chapter.name}")
        sentences = tuple(held.sentence for held in ledger.claims([chapter]))
        return engines.Topic(chapter.name, ledger.title(chapter), link, chapter.own_digest(), sentences)


class Findings(SphinxDirective):
    """`{findings}`: a table of all that a report checks, from the rules' own data."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        known = {chapter.name: chapter for chapter in _shown(self.env.app)}
        ours = [(one.id, one.severity.name, one.means, one.todo, one.chapter) for one in RULES]
        theirs = [(name, "`docker compose config`", means, "", chapter) for name, (means, chapter) in COMPOSE.items()]
        rows = [
            [f"`{name}`", level, means, f"{todo} {_link(known[chapter]) if chapter else ''}"]
            for name, level, means, todo, chapter in ours + theirs
        ]
        return markdown_table(self, ["finding", "severity", "what it means", "what to do, and the chapter that explains it"], rows)


class Report(SphinxDirective):
    """`{report} FILE`: a report that was made with `--fragment`, included in the page; the file is beside the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Include it, with links to the chapters of this site."""
        name, file = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(name)
        builder, here = self.env.app.builder, self.env.docname
        html = linked(Path(file).read_text(encoding="utf-8"), lambda chapter: builder.get_relative_uri(here, f"notebooks/{chapter}"))
        lower = re.sub(r"(</?h)2\b", r"\g<1>3", html)
        return [_raw(Markup('<div class="book-report">{}</div>').format(Markup(lower)))]  # a page of ours, as `report` wrote it


def markdown_table(directive: SphinxDirective, head: list[str], rows: list[list[str]], kind: str = "book-ledger") -> list[nodes.Node]:
    """A table whose cells are Markdown.

    Args:
        directive: the directive that shows it.
        head: the titles of the columns.
        rows: the cells of each row.
        kind: the CSS class.
    """
    lines = [":::{list-table}", ":header-rows: 1", f":class: {kind}", ""]
    for row in [head, *rows]:
        lines += [
            f"{'* -' if first else '  -'} {' '.join(cell.split())}" for first, cell in zip([True] + [False] * len(row), row, strict=False)
        ]
    return directive.parse_text_to_nodes("\n".join([*lines, ":::"]))


def _link(chapter: Chapter) -> str:
    return f"[{ledger.title(chapter)}](/notebooks/{chapter.name}.ipynb)"


def _fold_solutions(app: Sphinx, doctree: nodes.document) -> None:
    """Fold a solution as a whole, from its first word to the end of its section: a tag folds single cells, and no text."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        words = next((child for child in paragraph.children if child.astext()), None)
        if isinstance(words, nodes.strong) and words.astext() == "Solution.":
            section, place = paragraph.parent, paragraph.parent.index(paragraph)
            rest = list(takewhile(lambda node: not isinstance(node, nodes.section), section.children[place:]))
            for cell in (node for node in rest if "hide_mode" in node):
                del cell["hide_mode"]
            section.insert(place + len(rest), _raw(Markup("</details>")))
            section.insert(place, _raw(Markup('<details class="book-solution"><summary>Show the solution</summary>')))


def _raw(html: Markup) -> nodes.raw:
    return nodes.raw("", str(html), format="html")


def _shown(app: Sphinx) -> list[Chapter]:
    """The chapters of this build, with the outputs that it shows."""
    return chapters(folder=Path(app.srcdir, "notebooks"))


def _footer(app: Sphinx, config: Config) -> None:
    config.html_theme_options["extra_footer"] = str(Markup('<p class="book-provenance">{}</p>').format(_provenance(_shown(app))))


def _banner(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Say above a page that its outputs were not made on this machine, and why."""
    committed = source.committed(Path(app.srcdir))
    of_a_chapter = page.startswith("notebooks/")
    if committed.chapters if not of_a_chapter else page.removeprefix("notebooks/") in committed.chapters:
        which = "The outputs on this page" if of_a_chapter else "Some outputs" if committed.some else "The outputs"
        context["theme_announcement"] = str(Markup("{} came with the book: {}.").format(which, committed.because))


def _describe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Describe a page with its own first words, for search engines and for links to it."""
    description = f"The {context.get('title') or 'search'} page of Docker Recipes for Python."
    if doctree is not None and (first := next(iter(doctree.findall(nodes.paragraph)), None)) is not None:
        description = " ".join("".join(part.astext() for part in first.children if not isinstance(part, nodes.raw)).split())
        description = description.partition(" You need ")[0]  # of a chapter's opening, what a reader will do
    tag = Markup('<meta name="description" content="{}" />').format(shorten(description, 300))
    context["metatags"] = f"{context.get('metatags', '')}\n    {tag}"


def _archives(app: Sphinx, problem: Exception | None) -> None:
    if not problem:
        archives.write(Path(app.outdir, "_static", archives.FOLDER), [chapter.recipe for chapter in _shown(app)])


def _provenance(of: list[Chapter]) -> Markup:
    """One line for all chapters; if they were run on different engines or days, it names each."""
    found = [chapter.read().metadata.get("book", {}).get("provenance") for chapter in of]
    runs = sorted({(p["engine"], p["storage_driver"], p["architecture"], p["day"]) for p in found if p})
    bases = {base["reference"]: base for p in found if p for base in p["bases"]}
    lines = [f"Docker Engine {engine}, {driver}, {machine}, {day}" for engine, driver, machine, day in runs]
    origins = {"stand-in": "a stand-in built from Debian packages and PyPI", "registry": "from its registry", "local": "local"}
    if not lines:
        return Markup("Not run yet.")
    named = Markup("; ").join(Markup("<code>{}</code> {}").format(name, origins[base["origin"]]) for name, base in sorted(bases.items()))
    return Markup("Run on {}. Base images: {}.").format("; ".join(lines), named)
