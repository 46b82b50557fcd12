"""The report as one page that needs nothing else: no network, no script, the book's own figures and style."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from markupsafe import Markup, escape
from pygments.formatters import HtmlFormatter

from ..measure.build_output import Step
from ..measure.timeline import EventName
from ..places import ROOT
from ..show.choice import choice
from ..show.connectivity import connectivity
from ..show.html import Piece, fold, table
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
from .shown import Listing, Published, Shown, ShownImage, ShownRun

CHAPTER = "book:"  # the beginning of a link to a chapter, until the address of the book is known
_MARKS = {Severity.error: "✗", Severity.warning: "!", Severity.info: "·"}
_COUNTED = {Severity.error: "errors", Severity.warning: "warnings", Severity.info: "remarks"}
# The events whose times are compared over several runs.
_SPREAD = (
    EventName.PORT_OPEN,
    EventName.HEALTHY,
    EventName.FIRST_ANSWER,
    EventName.RETURNED,
    EventName.EXITED,
)  # the events whose times are compared over several runs
_PAGE = Markup(
    """<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
{style}
{without_script}
</style>
</head>
<body class="bd-content">
<main class="report">
<h1>{name}</h1>
{report}
</main>
</body>
</html>
"""
)


@dataclass(frozen=True)
class _Code:
    """A listing as a notebook shows it, with colours."""

    listing: Listing

    def _repr_markdown_(self) -> str:
        return f"````{self.listing.language}\n{self.listing.text}\n````"


def page(report: Shown, book: str = "") -> Markup:
    """The whole page.

    Args:
        report: from `shown.shown`.
        book: the address of the book's site, for links to its chapters; without it, the page only names them.
    """
    style = (ROOT / "book/assets/book.css").read_text() + (Path(__file__).parent / "page.css").read_text() + _colours()
    return _PAGE.format(
        title=f"{report.name}, a report by Docker Recipes for Python",
        style=Markup(style),
        without_script=Markup(without_script(style)),
        name=report.name,
        report=linked(fragment(report), lambda chapter: f"{book.rstrip('/')}/notebooks/{chapter}.html" if book else ""),
    )


def linked(html: str, place: Callable[[str], str]) -> Markup:
    """The same HTML, with the addresses of the chapters in its links.

    Args:
        html: from `fragment`.
        place: chapter → address; if that is empty, the chapter is named without a link.
    """

    def link(found: re.Match[str]) -> str:
        address, text = place(found[1]), Markup(found[2])
        return Markup('<a href="{}">{}</a>').format(address, text) if address else Markup("<span>{}</span>").format(text)

    return Markup(re.sub(rf'<a href="{CHAPTER}([^"]+)">(.*?)</a>', link, html))


def fragment(report: Shown) -> Markup:
    """The report without a page around it; its headings begin at the second level.

    Args:
        report: from `shown.shown`.
    """
    return Markup("\n").join(
        Markup("<section>{}{}</section>").format(Markup("<h2>{}</h2>").format(title) if title else "", html)
        for title, html in _sections(report)
    )


def _sections(report: Shown) -> Iterator[tuple[str, Markup]]:
    yield "", _opening(report)
    yield "Findings", _findings(report.findings)
    if report.images:
        yield "Images", _html(sizes(*(each.image for each in report.images))) + _rebuilds(report.images)
        explored = {each.name: layers(each.contents) for each in report.images}
        yield "Layers", _html(piece(choice("Image", explored)) if len(explored) > 1 else next(iter(explored.values())))
    if report.run:
        yield from _runs(report.run)
    if report.ports:
        yield "Published ports", _published(report.ports)
    yield "Listings", _join(_listing(each) for each in report.listings)
    yield "On what this was run", _html(provenance(report.provenance))


def _opening(report: Shown) -> Markup:
    counted = [f"{sum(one.severity is level for one in report.findings)} {_COUNTED[level]}" for level in reversed(Severity)]
    files = Markup(", ").join(Markup("<code>{}</code>").format(each.file) for each in report.listings)
    lines = [
        *(Markup("<strong>Missing:</strong> {}").format(reason) for reason in report.missing),
        f"{', '.join(counted)}." if report.findings else "Nothing found.",
        *report.remarks,
        *(f"Allowed: {risk}" for risk in report.allowed),
        Markup("Read: {}. Run in a copy of the folder, with free ports of 127.0.0.1. All of it was removed afterwards.").format(files),
    ]
    return _join(Markup("<p>{}</p>").format(line) for line in lines)


def _findings(findings: Iterable[Finding]) -> Markup:
    items = _join(Markup('<li class="book-finding-{}">{}</li>').format(one.severity.name, _finding(one)) for one in findings)
    if not items:
        return Markup('<p class="book-claim"><span class="book-tick">✓</span> No rule finds anything.</p>')
    return Markup('<ul class="book-findings">{}</ul>').format(items)


def _finding(one: Finding) -> Markup:
    name = Markup('<a href="{}">{}</a>').format(one.about, one.rule) if one.about else escape(one.rule)
    head = Markup("<strong><span>{} {}</span> {}</strong>").format(_MARKS[one.severity], one.severity.name, name)
    source = Markup(' <span class="book-volatile">{}</span>').format(one.source) if one.source != "run" else ""
    place = Markup("<code>{}</code>").format(one.place) if one.file else ""
    todo = Markup("<p>{}{}</p>").format(_code(one.todo), _chapter(one)) if one.todo or one.chapter else ""
    return Markup("<p>{}{} {}</p><p>{}</p>{}").format(head, source, place, _measured(one.measured), todo)


def _measured(text: str) -> Markup:
    """What was measured; of several lines, all after the first one are in a part that opens."""
    first, _, rest = text.partition("\n")
    more = Markup("</p><details><summary>more lines</summary><pre>{}</pre></details><p>").format(rest) if rest else ""
    return _code(first) + more


def _code(text: str) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))


def _chapter(one: Finding) -> Markup:
    if not one.chapter:
        return Markup()
    title = one.chapter[3:].replace("-", " ").capitalize()
    return Markup(' <a href="{}">Chapter {}: {}</a>').format(f"{CHAPTER}{one.chapter}", int(one.chapter[:2]), title)


def _rebuilds(images: Iterable[ShownImage]) -> Markup:
    rows = [
        [
            each.name,
            f"{each.image.seconds:.1f} s",
            each.rebuild.touched,
            f"{each.rebuild.seconds:.1f} s",
            _ran_again(each.rebuild.steps),
        ]
        for each in images
        if each.rebuild
    ]
    caption = "Built, and built again after one file was changed (the first build may have had steps in its cache)"
    return _html(table(caption, ["image", "first", "file", "again", "steps that ran again"], rows, numbers=(1, 3))) if rows else Markup()


def _ran_again(steps: Iterable[Step]) -> str:
    again = (step.instruction for step in steps if step.seconds is not None and step.instruction.startswith("RUN"))
    return "; ".join(again) or "no RUN"


def _runs(run: ShownRun) -> Iterator[tuple[str, Markup]]:
    if run.failure:
        yield "Start-up fails", Markup("<pre>{}</pre>").format(run.failure)
    if run.timelines[-1].events:
        yield "Start-up", _html(timeline(run.timelines[-1])) + _spread(run)
    if run.services:
        yield "Services", _html(services(run.services))
    if run.topology and run.topology.services:
        yield "Wiring", _html(topology(run.topology))
        if run.topology.reaches:
            yield "Who reaches whom", _html(connectivity(run.topology.reaches))
    if run.stops:
        ends = {f"{name} (exit code {stopped.exit_code})": stopped.seconds for name, stopped in run.stops.items()}
        yield "Stop", _html(seconds("Seconds from docker compose stop to the end", ends))


def _spread(run: ShownRun) -> Markup:
    """If it was started several times: how the times of each event spread."""
    if len(run.timelines) < 2:
        return Markup()
    times: dict[str, list[float]] = {}
    for seen in run.timelines:
        for service, what in dict.fromkeys((event.service, event.what) for event in seen.events):
            if what in _SPREAD and (first := seen.at(service, what)) is not None:
                times.setdefault(f"{service}: {what}", []).append(first)
    ordered = dict(sorted(times.items(), key=lambda pair: median(pair[1])))
    return _html(seconds(f"Seconds since the first container was created, {len(run.timelines)} runs", ordered)) if ordered else Markup()


def _published(ports: Iterable[Published]) -> Markup:
    rows = [
        [one.service, one.port, one.place or "any port", one.place.rpartition(":")[0] or "every network interface of the machine"]
        for one in ports
    ]
    caption = "What the files publish (the run itself used free ports of 127.0.0.1)"
    return _html(table(caption, ["service", "port in the container", "on the machine", "open to"], rows))


def _listing(listing: Listing) -> Markup:
    inside = Markup("<p>{}</p>").format(listing.problem) if listing.problem else _html(piece(_Code(listing)))
    return Markup(fold(listing.file, inside))


def _html(piece: Piece) -> Markup:
    return Markup(piece.html)


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup().join(parts)


def _colours() -> str:
    light, dark = HtmlFormatter(style="default"), HtmlFormatter(style="github-dark")
    return f"{light.get_style_defs('.highlight')}{dark.get_style_defs('html[data-theme=dark] .highlight')}"
