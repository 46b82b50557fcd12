"""A Sphinx extension: one small stylesheet and one small script instead of all those of the theme and the extensions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import tinycss2
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from ..places import ROOT
from ..show.style import without_script

_TEMPLATES = str(ROOT / "book/site/templates")
_STYLES = ("basic.css", "styles/pydata-sphinx-theme.css", "pygments.css", "styles/sphinx-book-theme.css", "copybutton.css", "mystnb.*.css")
_SCRIPTS = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "clipboard.min.js",
    "copybutton.js",
    "scripts/sphinx-book-theme.js",
    "scripts/pydata-sphinx-theme.js",
)
# What the extensions would load and no page of this book uses: tabs and cards, folded admonitions, a kernel in the browser.
_UNUSED = ("sphinx-design.min.css", "design-tabs.js", "togglebutton.css", "togglebutton.js", "sphinx-thebe.css", "sphinx-thebe.js")
_ICON_FONT = re.compile(r"^\s*\.fa(?:[srbl]|-[\w-]+)?\b")  # the theme's icon font; book/assets/icons.css draws the few that are used
# Sphinx marks the words of a search in figures too, and fails at the text of a `<title>`, which has no place on the page.
_MARKS, _MARKS_NO_FIGURE = '!node.matches("button, select, textarea")', '!node.matches("button, select, textarea, svg")'
_WORD = re.compile(r"[A-Za-z_][\w-]*")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", lambda app, config: config.templates_path.insert(0, _TEMPLATES))
    app.connect("html-page-context", _check, priority=950)
    app.connect("build-finished", _finish, priority=900)  # the theme also writes its colours of code at the end
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def used_only(css: str, words: set[str]) -> str:
    """A stylesheet without the rules that match nothing on any page, without web fonts, and without the theme's icon font.

    A rule stays if each class and id in one of its selectors is among `words`; what is in brackets does not count.

    Args:
        css: the stylesheet.
        words: every word in a page or a script of the site.
    """
    return "\n".join(_rules(tinycss2.parse_stylesheet(css, skip_whitespace=True), words))


def _rules(nodes: Iterable[Any], words: set[str]) -> Iterator[str]:
    for node in nodes:
        if node.type == "comment" and node.value.startswith("!"):
            yield node.serialize()  # a licence
        elif node.type == "at-rule" and node.lower_at_keyword in ("media", "supports"):
            inside = "\n".join(_rules(tinycss2.parse_rule_list(node.content, skip_whitespace=True), words))
            if inside:
                yield f"@{node.at_keyword}{tinycss2.serialize(node.prelude)}{{{inside}}}"
        elif node.type == "at-rule" and node.lower_at_keyword not in ("font-face", "charset", "import"):
            yield node.serialize()
        elif node.type == "qualified-rule":
            selectors = [selector for selector in _selectors(node.prelude) if _matches(selector, words)]
            if selectors:
                yield f"{','.join(map(tinycss2.serialize, selectors))}{{{tinycss2.serialize(node.content)}}}"


def _selectors(prelude: list[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _matches(selector: list[Any], words: set[str]) -> bool:
    if _ICON_FONT.match(tinycss2.serialize(selector)):
        return False
    classes = [name.value for dot, name in pairwise(selector) if dot == "." and name.type == "ident"]
    ids = [token.value for token in selector if token.type == "hash"]
    return all(name in words for name in classes + ids)


def _check(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Refuse a file that the theme or an extension wants on the page and that is in none of the lists above."""
    context["default_mode"] = "light"  # until the script in the page's head has run; without scripts, `no-script.css` has the dark rules
    wanted = [*context.get("css_files", []), *context.get("script_files", [])]
    names = (str(name).removeprefix("_static/") for file in wanted if (name := getattr(file, "filename", file)))
    unknown = [name for name in names if not any(Path(name).match(known) for known in (*_STYLES, *_SCRIPTS, *_UNUSED))]
    if unknown:
        raise ExtensionError(f"book/site/trim.py does not list {', '.join(unknown)}: add it there, as used or as unused.")


def _finish(app: Sphinx, problem: Exception | None) -> None:
    if problem:
        return
    out, static = Path(app.outdir), Path(app.outdir, "_static")
    ours = sorted((ROOT / "book/assets").glob("*.css")), sorted((ROOT / "book/assets").glob("*.js"))
    script = _without_figures("\n;".join(_plain(file) for file in [*_found(static, _SCRIPTS), *ours[1]]))
    pages = "".join(file.read_text() for file in out.rglob("*.html") if static not in file.parents)
    later = "".join((static / name).read_text() for name in ("searchtools.js", "language_data.js"))
    words = set(_WORD.findall(pages + script + later))
    theirs = used_only("\n".join(map(_plain, _found(static, _STYLES))), words)
    style = "\n".join([theirs, *map(_plain, ours[0])])
    (static / "site.js").write_text(script)
    (static / "site.css").write_text(style)
    (static / "no-script.css").write_text(without_script(style) + "\n" + (ROOT / "book/site/templates/no-script.css").read_text())
    for file in sorted(static.rglob("*"), reverse=True):
        if file.is_file() and f"_static/{file.relative_to(static).as_posix()}" not in pages:
            file.unlink()
        elif file.is_dir() and not any(file.iterdir()):
            file.rmdir()


def _found(static: Path, names: Iterable[str]) -> list[Path]:
    files = [file for name in names for file in static.glob(name)]
    if len(files) != len(tuple(names)):
        raise ExtensionError(f"book/site/trim.py expects these and no more in _static: {', '.join(names)}. Found: {len(files)}.")
    return files


def _without_figures(script: str) -> str:
    if script.count(_MARKS) != 1:
        raise ExtensionError(f"book/site/trim.py expects this once in Sphinx's sphinx_highlight.js: {_MARKS}. Adapt it to this version.")
    return script.replace(_MARKS, _MARKS_NO_FIGURE)


def _plain(file: Path) -> str:
    """The text without the address of a source map, which the site does not have."""
    return re.sub(r"(?m)^\s*(?://|/\*)# sourceMappingURL=.*$", "", file.read_text())
