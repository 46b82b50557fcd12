"""Which source reaches which target: one row for each source, one column for each target."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from ..measure.knock import split
from ..measure.probe import Reach
from .html import Cell, Piece, grouped_table, joined, table, volatile

_CAPTION, _CORNER = "Who reaches whom (rows: from; columns: to)", "from \\ to"


def connectivity(reaches: Iterable[Reach]) -> Piece:
    """Show what each source reaches, as verdicts; the real error of a failed try opens on a click or by the keyboard.

    The plain text contains the verdicts only, so that it is the same at each run.

    Args:
        reaches: the tries, of one stack or of several together.
    """
    tries = {(reach.source, reach.target): reach for reach in reaches}
    sources, targets = (list(dict.fromkeys(names)) for names in zip(*tries, strict=True))
    plain = table(_CAPTION, [_CORNER, *targets], _rows(tries, sources, targets))
    hosts = [_host(target) for target in targets]
    groups = [(host, hosts.count(host)) for host in dict.fromkeys(hosts)]
    if len(groups) == len(targets):
        return _matrix(plain.html, plain.text)
    # A service that was tried in several ways has one title above them.
    ordered = sorted(targets, key=lambda target: hosts.index(_host(target)))
    head = [_CORNER, *(_within_its_group(target) for target in ordered)]
    return _matrix(grouped_table(_CAPTION, head, groups, _rows(tries, sources, ordered)).html, plain.text)


def _matrix(html: Markup, text: str) -> Piece:
    return Piece(Markup('<div class="book-matrix">{}</div>').format(html), text)


def _rows(tries: dict[tuple[str, str], Reach], sources: list[str], targets: list[str]) -> list[list[str | Cell]]:
    return [[source, *(_verdict(tries.get((source, target))) for target in targets)] for source in sources]


def _host(target: str) -> str:
    return split(target)[1]


def _within_its_group(target: str) -> str:
    """The title of a target's column, below that of its host: `name`, `:5000`, `http /hello`."""
    speak, _, port, path = split(target)
    return {"name": "name", "port": f":{port}"}.get(speak, f"{speak} {path or f':{port}'}")


def _verdict(reach: Reach | None) -> Cell:
    if reach is None:
        return Cell("", "not tried")
    mark, kind = ("✓", "book-good") if reach.ok else ("✗", "book-bad")
    text = f"{mark} {reach.text}"
    took = Markup("{:.0f}&nbsp;ms{}").format(reach.seconds * 1000, joined(f" · {address}" for address in reach.addresses))
    shown = Markup("{} {}").format(text, volatile(took))
    if reach.error:
        shown = Markup("<details><summary>{}</summary>{}</details>").format(shown, volatile(reach.error))
    return Cell(shown, text, kind)
