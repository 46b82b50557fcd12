"""A Sphinx extension: what every page of the site carries that no notebook holds."""

from __future__ import annotations

import os
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

from . import ledger
from .chapters import Chapter, chapters


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("claims", Claims)
    app.add_directive("errata", Errata)
    app.connect("config-inited", _footer_and_banner)
    app.connect("doctree-read", _fold_solutions)
    app.connect("html-page-context", _without_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Claims(SphinxDirective):
    """`{claims}`: a table of every claim of the book, from the outputs of its chapters."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        rows = [[_link(held.chapter), held.sentence, "✓ held", held.measured or "yes or no"] for held in ledger.claims()]
        return _table(self, ["chapter", "claim", "verdict", "measured"], rows)


class Errata(SphinxDirective):
    """`{errata}`: a table of the faults of the notes, each with the claim of the run that shows it."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        head = ["as noted", "today", "why", "what works", "shown by the run"]
        return _table(
            self, head, [[e.noted, e.today, e.why, e.works, f"✓ {e.proof.sentence} {_link(e.proof.chapter)}"] for e in ledger.errata()]
        )


def _table(directive: SphinxDirective, head: list[str], rows: list[list[str]]) -> list[nodes.Node]:
    lines = [":::{list-table}", ":header-rows: 1", ":class: book-ledger", ""]
    for row in [head, *rows]:
        lines += [
            f"{'* -' if first else '  -'} {' '.join(cell.split())}" for first, cell in zip([True] + [False] * len(row), row, strict=False)
        ]
    return directive.parse_text_to_nodes("\n".join([*lines, ":::"]))


def _link(chapter: Chapter) -> str:
    return f"[{ledger.title(chapter)}](/notebooks/{chapter.name}.ipynb)"


def _fold_solutions(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the words of a solution, as its cells are: a tag folds code, and no text."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        words = next((child for child in paragraph.children if child.astext()), None)
        if isinstance(words, nodes.strong) and words.astext() == "Solution.":
            place = paragraph.parent.index(paragraph)
            begin = '<details class="book-solution"><summary>Show the solution</summary>'
            paragraph.parent.insert(place + 1, nodes.raw("", "</details>", format="html"))
            paragraph.parent.insert(place, nodes.raw("", begin, format="html"))


def _footer_and_banner(app: Sphinx, config: Config) -> None:
    config.html_theme_options["extra_footer"] = f'<p class="book-provenance">{_provenance()}</p>'
    reason = os.environ.get("BOOK_COMMITTED_BECAUSE")
    if reason:
        config.html_theme_options["announcement"] = (
            f"The chapters were not run on this machine ({escape(reason)}). What you see are the outputs that came with the book."
        )


def _without_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Leave out the scripts of a button that this book does not have; they would also be declared twice on a page."""
    for kind in ("script_files", "css_files"):
        files = context.get(kind, [])
        files[:] = [file for file in files if "thebe" not in f"{file} {getattr(file, 'attributes', '')}".lower()]


def _provenance() -> str:
    """One line over all chapters; where they were run on different engines or days, each is named."""
    found = [chapter.read().metadata.get("book", {}).get("provenance") for chapter in chapters()]
    runs = sorted({(p["engine"], p["storage_driver"], p["architecture"], p["day"]) for p in found if p})
    bases = {base["reference"]: base for p in found if p for base in p["bases"]}
    lines = [f"Docker Engine {engine}, {driver}, {machine}, {day}" for engine, driver, machine, day in runs]
    origins = {"stand-in": "a stand-in built from Debian packages and PyPI", "registry": "from its registry", "local": "local"}
    named = [f"<code>{escape(name)}</code> {origins[base['origin']]}" for name, base in sorted(bases.items())]
    return "Run on " + escape("; ".join(lines)) + ". Base images: " + "; ".join(named) + "." if lines else "Not run yet."
