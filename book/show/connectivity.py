"""Who reaches whom: one row for each source, one column for each target."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ..measure.knock import split
from ..measure.probe import Reach
from .html import Cell, Piece, table

_CAPTION, _CORNER = "Who reaches whom (rows: from; columns: to)", "from \\ to"


def connectivity(reaches: Iterable[Reach]) -> Piece:
    """Show what each source reaches, as verdicts; the real error of a failed try opens on a click or by the keyboard.

    The plain text holds the verdicts only, so that it is the same at each run.

    Args:
        reaches: the tries, of one stack or of several together.
    """
    tries = {(reach.source, reach.target): reach for reach in reaches}
    sources, targets = (list(dict.fromkeys(names)) for names in zip(*tries, strict=True))
    rows = [[source, *(_verdict(tries.get((source, target))) for target in targets)] for source in sources]
    plain = table(_CAPTION, [_CORNER, *targets], rows)
    hosts = list(dict.fromkeys(_host(target) for target in targets))
    if len(hosts) == len(targets):
        return Piece(f'<div class="book-matrix">{plain.html}</div>', plain.text)
    # A service that is asked in several ways has one head over them.
    grouped = sorted(range(len(targets)), key=lambda place: hosts.index(_host(targets[place])))
    rows = [[row[0], *(row[1 + place] for place in grouped)] for row in rows]
    html = table(_CAPTION, [_CORNER, *(_way(targets[place]) for place in grouped)], rows).html
    spans = "".join(
        f'<th scope="colgroup" colspan="{sum(_host(target) == host for target in targets)}">{escape(host)}</th>' for host in hosts
    )
    corner = f'<tr><th scope="col" class="">{escape(_CORNER)}</th>'
    html = html.replace(corner, corner.replace("<th", '<th rowspan="2"') + f"{spans}</tr><tr>", 1)
    return Piece(f'<div class="book-matrix">{html}</div>', plain.text)


def _host(target: str) -> str:
    return split(target)[1]


def _way(target: str) -> str:
    """How a target is asked: `name`, `:5000`, `http /hello`."""
    speak, _, port, path = split(target)
    return {"name": "name", "port": f":{port}"}.get(speak, f"{speak} {path or f':{port}'}")


def _verdict(reach: Reach | None) -> Cell:
    if reach is None:
        return Cell("", "not tried")
    mark, kind = ("✓", "book-good") if reach.ok else ("✗", "book-bad")
    text = f"{mark} {reach.text}"
    # What differs from run to run stands in elements of one class, which a comparison of outputs leaves out.
    took = f' <span class="book-volatile">{reach.seconds * 1000:.0f}&nbsp;ms{"".join(f" · {escape(at)}" for at in reach.addresses)}</span>'
    if reach.error:
        words = f'<span class="book-volatile">{escape(reach.error)}</span>'
        return Cell(f"<details><summary>{escape(text)}{took}</summary>{words}</details>", text, kind)
    return Cell(escape(text) + took, text, kind)
