"""A Sphinx extension: what every page of the site carries that no notebook holds."""

from __future__ import annotations

import os
from html import escape

from sphinx.application import Sphinx
from sphinx.config import Config

from .chapters import chapters


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", _footer_and_banner)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _footer_and_banner(app: Sphinx, config: Config) -> None:
    config.html_theme_options["extra_footer"] = f'<p class="book-provenance">{_provenance()}</p>'
    reason = os.environ.get("BOOK_COMMITTED_BECAUSE")
    if reason:
        config.html_theme_options["announcement"] = (
            f"The chapters were not run on this machine ({escape(reason)}). What you see are the outputs that came with the book."
        )


def _provenance() -> str:
    """One line over all chapters; where they were run on different engines or days, each is named."""
    found = [chapter.read().metadata.get("book", {}).get("provenance") for chapter in chapters()]
    runs = sorted({(p["engine"], p["storage_driver"], p["architecture"], p["day"]) for p in found if p})
    bases = {base["reference"]: base for p in found if p for base in p["bases"]}
    lines = [f"Docker Engine {engine}, {driver}, {machine}, {day}" for engine, driver, machine, day in runs]
    origins = {"stand-in": "a stand-in built from Debian packages and PyPI", "registry": "from its registry", "local": "local"}
    named = [f"<code>{escape(name)}</code> {origins[base['origin']]}" for name, base in sorted(bases.items())]
    return "Run on " + escape("; ".join(lines)) + ". Base images: " + "; ".join(named) + "." if lines else "Not run yet."
