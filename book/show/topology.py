"""How projects are wired: a drawing of what runs and answers, beside what the Compose files declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from ..files.compose import Declared
from ..measure.knock import split
from ..measure.probe import HERE, Reach
from ..measure.topology import Topology
from ..measure.verdict import Verdict
from .html import Cell, Piece, joined, table, volatile
from .wiring import names, state
from .wiring_drawing import draw

_TITLE = "Networks, services, published ports, and who reaches whom"
_PIXELS = 74, 104  # of an inch: at least, so that a wide drawing scrolls on a narrow page, and at most
_KEY = Markup(
    '<figcaption>A dot: a service that is on the network. <span class="book-good">An arrow: it answered</span>, with the time it took. '
    '<span class="book-bad">✗ and broken: it did not</span>, with the reason. '
    '<span class="book-warn">≠: not as the file declares it.</span></figcaption>'
)


def topology(*projects: Topology) -> Piece:
    """Draw how one project is wired, or several together, beside what their Compose files declare; differences are marked.

    The plain text contains verdicts, and neither times nor addresses: it is the same at each run.

    Args:
        projects: from `stack.topology`.
    """
    called = names(projects)
    text = "\n".join(line for project in projects for line in (f"{project.file}:", *(f"  {line}" for line in _described(project, called))))
    drawn, inches = draw(projects, _TITLE, text)
    least, most = (round(inches * pixels) for pixels in _PIXELS)
    chart = Markup(
        '<figure class="book-chart" style="flex-basis:{least}px">'
        '<div class="book-scroll" tabindex="0" role="region" aria-label="{title}">'
        '<div style="min-width:{least}px;max-width:{most}px">{drawn}</div></div>{key}</figure>'
    ).format(least=least, most=most, title=_TITLE, drawn=drawn, key=_KEY)
    facts = joined(_facts(project, called) for project in projects)
    return Piece(Markup('<div class="book-topology">{}<div>{}</div></div>').format(chart, facts), text)


def _names(project: Topology) -> list[str]:
    return sorted({service.name for service in project.services} | {each.name for each in project.declared})


def _described(project: Topology, called: Mapping[str, str]) -> list[str]:
    """The drawing as text."""
    lines = []
    for name in _names(project):
        running = project.of(name)
        parts = [state(project, name) or "no container"]
        if on := {called[network] for service in running for network in service.addresses}:
            parts.append(f"on {', '.join(sorted(on))}")
        tries = [reach for reach in project.reaches if reach.source == name and reach.verdict != Verdict.NOT_RUNNING]
        published = [reach for reach in project.reaches if reach.source == HERE and split(reach.target)[1] == name]
        parts += [f"port {split(reach.target)[2]} from {HERE}: {reach.text}" for reach in published]
        parts += _listed("reaches", [reach.target for reach in tries if reach.ok])
        parts += _listed("does not reach", [f"{reach.target} ({reach.text})" for reach in tries if not reach.ok])
        lines.append(f"{name}: {'; '.join(parts)}")
    return [*lines, *(f"≠ {difference}" for difference in project.differences)] if project.differences else [*lines, "as declared"]


def _listed(verb: str, targets: list[str]) -> list[str]:
    return [f"{verb} {', '.join(targets)}"] if targets else []


def _facts(project: Topology, called: Mapping[str, str]) -> Markup:
    declared = {each.name: each for each in project.declared}
    odd = {one.service for one in project.differences}
    rows: list[list[str | Cell]] = []
    for name in _names(project):
        wished = _wished(declared[name]) if name in declared else ["–"]
        mark = Markup('<strong class="book-warn">≠</strong> ') if name in odd else Markup()
        rows.append([name, Cell(_lines(wished), ""), Cell(mark + _lines(_runs(project, name, called)), "")])
    shown = table(f"{project.file}, and what runs", ["service", "the file declares", "what runs"], rows).html
    if not project.differences:
        return shown + Markup('<p class="book-good">✓ What runs is what the file declares.</p>')
    items = joined(Markup("<li>≠ {}.</li>").format(one.text) for one in project.differences)
    return shown + Markup('<ul class="book-warn" aria-label="Not as the file declares it">{}</ul>').format(items)


def _wished(declared: Declared) -> list[str]:
    lines = [
        f"{network}, as {' and '.join(declared.aliases[network])}" if network in declared.aliases else network
        for network in declared.networks
    ]
    lines += [f"network mode {declared.mode}"] if declared.mode else []
    lines += [f"{place or 'any port'} → {port}" for port, place in declared.ports.items()]
    lines += [f"UDP port {port}" for port in declared.udp]
    conditions = {needed: how.removeprefix("service_").replace("_", " ") for needed, how in declared.depends_on.items()}
    lines += [f"after {needed} ({how})" for needed, how in conditions.items()]
    lines += [f"{declared.replicas} containers"] if declared.replicas != 1 else []
    return lines + ([f"with the profile {' or '.join(declared.profiles)}"] if declared.profiles else [])


def _runs(project: Topology, name: str, called: Mapping[str, str]) -> list[str | Markup]:
    tries = {split(reach.target)[2]: reach for reach in project.reaches if reach.source == HERE and split(reach.target)[1] == name}
    lines: list[str | Markup] = [state(project, name) or "no container"]
    for service in project.of(name):
        lines += [joined((called[network], volatile(address)), " ") for network, address in service.addresses.items()]
        lines += [
            Markup("{} → {} {}").format(volatile(place), port, _verdict(tries.get(port))) for port, place in service.published.items()
        ]
    return lines


def _verdict(reach: Reach | None) -> Markup:
    if reach is None:
        return Markup()
    kind, mark = ("book-good", "✓") if reach.ok else ("book-bad", "✗")
    return Markup('<span class="{}">{} {}</span>').format(kind, mark, reach.text)


def _lines(lines: Iterable[str | Markup]) -> Markup:
    return joined(lines, Markup("<br>"))
