"""The bar under a chapter's title: its minutes, its downloads, its base images, and the choice between terminal and Python."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx

from ..chapters import ledger
from ..chapters.chapter import Chapter
from . import archives
from .reading import chapter_of, commands_first

_KERNEL = re.compile(r'<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName = .*?</script>', re.DOTALL)
_RAN_ON = ("what-this-was-run-on", "on-what-this-page-was-run")  # the section of a chapter that names each base image
_WAYS = Markup("""<li><fieldset class="book-way"><legend>Show</legend>
<input type="radio" name="book-way" id="book-way-terminal" value="terminal" checked><label for="book-way-terminal">Terminal</label>
<input type="radio" name="book-way" id="book-way-python" value="python"><label for="book-way-python">Python</label>
</fieldset></li>
""")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", _bar)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def badge(chapter: Chapter) -> str:
    """Where the base images of a chapter's run came from, in a few words; empty if it has no base image or was not run."""
    found = chapter.read().metadata.get("book", {}).get("provenance") or {"bases": []}
    origins = {base["origin"] for base in found["bases"]}
    if not origins:
        return ""
    if origins == {"registry"}:
        return f"base images: official, {found['day']}"
    stand_ins = "stand-ins" if origins == {"stand-in"} else "some are stand-ins" if "stand-in" in origins else "local"
    return f"base images: {stand_ins}"


def _bar(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Put the bar under the title. No kernel in the browser."""
    context["body"] = _KERNEL.sub("", context.get("body", ""))
    chapter = chapter_of(app, page)
    if chapter is None:
        return
    archive = context["pathto"](f"_static/{archives.FOLDER}/{chapter.name}.zip", 1)
    notebook = context["pathto"](f"_sources/{page}.ipynb", 1)
    bar = Markup("""<ul class="book-take" aria-label="This chapter">
<li>{minutes} minutes</li>
<li><a href="{archive}" download><i class="fas fa-download" aria-hidden="true"></i> Download this recipe</a></li>
<li><a href="{notebook}" download><i class="fas fa-file" aria-hidden="true"></i> Notebook</a></li>
{badge}{ways}</ul>""").format(
        minutes=ledger.minutes(chapter),
        archive=archive,
        notebook=notebook,
        badge=_badge(chapter, context["body"]),
        ways=_WAYS if commands_first(chapter.path) else "",
    )
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{bar}", 1)


def _badge(chapter: Chapter, body: str) -> Markup:
    words: str | Markup = badge(chapter)
    if not words:
        return Markup()
    for section in _RAN_ON:
        if f'id="{section}"' in body:
            words = Markup('<a href="#{}">{}</a>').format(section, words)
    return Markup('<li class="book-badge">{}</li>\n').format(words)
