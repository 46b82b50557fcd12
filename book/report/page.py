"""The report as one page that needs nothing else: no network, no script, the book's own figures and style."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from statistics import median
from typing import TypeVar

from IPython.display import Markdown
from pygments.formatters import HtmlFormatter

from ..measure.contents import Contents
from ..measure.image import Image
from ..places import ROOT
from ..recipe import Recipe, RecipeError
from ..show.choice import choice
from ..show.connectivity import connectivity
from ..show.html import fold, table
from ..show.layers import layers
from ..show.markup import piece
from ..show.provenance import provenance
from ..show.seconds import seconds
from ..show.services import services
from ..show.sizes import sizes
from ..show.style import without_script
from ..show.timeline import timeline
from ..show.topology import topology
from .finding import Finding, Severity
from .project import Project
from .ran import Ran
from .secrets import hide
from .survey import Survey

CHAPTER = "book:"  # how a link to a chapter begins, until it is known where the book is
_MARKS = {Severity.error: "✗", Severity.warning: "!", Severity.info: "·"}
_Layered = TypeVar("_Layered", Image, Contents)


def page(survey: Survey, findings: Iterable[Finding], book: str = "") -> str:
    """The whole page.

    Args:
        survey: what was found out.
        findings: from `rules.findings`.
        book: the address of the book's site, for links to its chapters; without it they are named only.
    """
    style = (ROOT / "book/assets/book.css").read_text() + (Path(__file__).parent / "page.css").read_text() + _colours()
    title = f"{survey.project.name}, through the lens of Docker Recipes for Python"
    return f"""<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{escape(title)}</title>
<style>
{style}
{without_script(style)}
</style>
</head>
<body class="bd-content">
<main class="report">
<h1>{escape(survey.project.name)}</h1>
{linked(fragment(survey, findings), lambda chapter: f"{book.rstrip('/')}/notebooks/{chapter}.html" if book else "")}
</main>
</body>
</html>
"""


def linked(html: str, place: Callable[[str], str]) -> str:
    """The same HTML, with its links to chapters leading where the book is.

    Args:
        html: from `fragment`.
        place: chapter → address; where that is empty, the chapter is named and no link.
    """

    def link(found: re.Match[str]) -> str:
        address = place(found[1])
        return f'<a href="{escape(address)}">{found[2]}</a>' if address else f"<span>{found[2]}</span>"

    return re.sub(rf'<a href="{CHAPTER}([^"]+)">(.*?)</a>', link, html)


def fragment(survey: Survey, findings: Iterable[Finding]) -> str:
    """The report without a page around it; its headings begin at the second level.

    Args:
        survey: what was found out.
        findings: from `rules.findings`.
    """
    return "\n".join(
        f"<section>{f'<h2>{escape(title)}</h2>' if title else ''}{html}</section>" for title, html in _sections(survey, findings)
    )


def _sections(survey: Survey, findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    findings = tuple(findings)
    yield "", _opening(survey, findings)
    yield "Findings", _findings(findings)
    if survey.built:
        yield "Images", sizes(*(_without_secrets(each.image) for each in survey.built)).html + _rebuilds(survey)
        explored = {each.build.name: layers(_without_secrets(each.contents)) for each in survey.built}
        yield "Layers", piece(choice("Image", explored)).html if len(explored) > 1 else next(iter(explored.values())).html
    if survey.ran:
        yield from _runs(survey.ran)
    if published := _published(survey.project):
        yield "Published ports", published
    yield "Listings", _listings(survey.project)
    yield "On what this was run", provenance(survey.provenance).html


def _opening(survey: Survey, findings: tuple[Finding, ...]) -> str:
    said = [f"<strong>Missing:</strong> {escape(words)}" for words in survey.missing]
    counted = [f"{sum(one.severity is level for one in findings)} {_many(level)}" for level in reversed(Severity)]
    said.append(f"{', '.join(counted)}." if findings else "Nothing found.")
    said += [escape(remark) for remark in survey.remarks]
    said += [f"Allowed: {escape(str(risk))}" for risk in survey.risks]
    files = ", ".join(f"<code>{escape(file)}</code>" for file in (*survey.project.files, *survey.project.dockerfiles))
    said.append(f"Read: {files}. Run in a copy of the folder, with free ports of 127.0.0.1; nothing of it is left.")
    return "".join(f"<p>{words}</p>" for words in said)


def _many(level: Severity) -> str:
    return {Severity.error: "errors", Severity.warning: "warnings", Severity.info: "remarks"}[level]


def _findings(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return '<p class="book-claim"><span class="book-tick">✓</span> No rule finds anything.</p>'
    items = "".join(f'<li class="book-finding-{one.severity.name}">{_finding(one)}</li>' for one in findings)
    return f'<ul class="book-findings">{items}</ul>'


def _finding(one: Finding) -> str:
    name = f'<a href="{escape(one.about)}">{escape(one.rule)}</a>' if one.about else escape(one.rule)
    source = f' <span class="book-volatile">{escape(one.source)}</span>' if one.source != "run" else ""
    place = f"<code>{escape(one.place)}</code>" if one.file else ""
    todo = f"<p>{_code(one.todo)}{_chapter(one)}</p>" if one.todo or one.chapter else ""
    head = f"<strong><span>{_MARKS[one.severity]} {one.severity.name}</span> {name}</strong>{source}"
    return f"<p>{head} {place}</p><p>{_words(hide(one.measured))}</p>{todo}"


def _words(text: str) -> str:
    """What was seen; of several lines, those after the first one open below it."""
    first, _, rest = text.partition("\n")
    return _code(first) + (f"</p><details><summary>the rest of it</summary><pre>{escape(rest)}</pre></details><p>" if rest else "")


def _code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _chapter(one: Finding) -> str:
    return f' <a href="{CHAPTER}{one.chapter}">Chapter {int(one.chapter[:2])}: {_title(one.chapter)}</a>' if one.chapter else ""


def _title(chapter: str) -> str:
    return escape(chapter[3:].replace("-", " ").capitalize())


def _rebuilds(survey: Survey) -> str:
    rows = [
        [
            each.build.name,
            f"{each.image.seconds:.1f} s",
            each.rebuild.touched,
            f"{each.rebuild.seconds:.1f} s",
            _ran_again(each.rebuild.steps),
        ]
        for each in survey.built
        if each.rebuild
    ]
    caption = "Built, and built again after one file was touched (the first build may have had steps in its cache)"
    return table(caption, ["image", "first", "file", "again", "steps that ran again"], rows, numbers=(1, 3)).html if rows else ""


def _without_secrets(measured: _Layered) -> _Layered:
    """An image or its contents, as its instructions may be shown."""
    return replace(measured, layers=tuple(replace(layer, instruction=hide(layer.instruction)) for layer in measured.layers))


def _ran_again(steps: Iterable) -> str:
    again = (hide(step.instruction) for step in steps if step.seconds is not None and step.instruction.startswith("RUN"))
    return "; ".join(again) or "no RUN"


def _runs(ran: Ran) -> Iterator[tuple[str, str]]:
    if ran.failure:
        yield "It does not come up", f"<pre>{escape(hide(ran.failure))}</pre>"
    if ran.timelines[-1].events:
        yield "Start-up", timeline(ran.timelines[-1]).html + _spread(ran)
    if ran.services:
        yield "Services", services(replace(one, command=hide(one.command)) for one in ran.services).html
    if ran.topology and ran.topology.services:
        yield "Wiring", topology(ran.topology).html
        if ran.topology.reaches:
            yield "Who reaches whom", connectivity(ran.topology.reaches).html
    if ran.stops:
        ends = {f"{name} (exit code {stopped.exit_code})": stopped.seconds for name, stopped in ran.stops.items()}
        yield "Stop", seconds("Seconds from `docker compose stop` to the end", ends).html


def _spread(ran: Ran) -> str:
    """Where it came up several times, how the times of each event spread."""
    if len(ran.timelines) < 2:
        return ""
    times: dict[str, list[float]] = {}
    for seen in ran.timelines:
        for service, what in dict.fromkeys((event.service, event.what) for event in seen.events):
            if what in ("port open", "healthy", "first answer", "returned", "exited"):
                times.setdefault(f"{service}: {what}", []).append(seen.at(service, what))
    ordered = dict(sorted(times.items(), key=lambda pair: median(pair[1])))
    return seconds(f"Seconds since the first container was created, {len(ran.timelines)} runs", ordered).html if ordered else ""


def _published(project: Project) -> str:
    rows = [
        [each.name, str(port), place or "any port", "every network of the machine" if ":" not in place else place.rpartition(":")[0]]
        for each in project.declared
        for port, place in each.ports.items()
    ]
    caption = "What the files publish (the run itself used free ports of 127.0.0.1)"
    return table(caption, ["service", "port in the container", "on the machine", "open to"], rows).html if rows else ""


def _listings(project: Project) -> str:
    recipe, parts = Recipe(project.folder), []
    for file in (*project.files, *project.dockerfiles):
        try:
            listing = Markdown(f"````{'yaml' if file in project.files else 'dockerfile'}\n{hide(recipe.read(file))}\n````")
            parts.append(fold(file, piece(listing).html))
        except RecipeError as problem:
            parts.append(fold(file, f"<p>{escape(str(problem))}</p>"))
    return "".join(parts)


def _colours() -> str:
    light, dark = HtmlFormatter(style="default"), HtmlFormatter(style="github-dark")
    return light.get_style_defs(".highlight") + dark.get_style_defs("html[data-theme=dark] .highlight")
