"""The services of a stack: state, health, addresses, ports, and what runs as process 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from ..measure.service import Service
from ..measure.topology import short
from .html import Cell, Piece, inline_code, joined, table, volatile


def services(found: Iterable[Service]) -> Piece:
    """Show services as the engine reported them.

    The plain text leaves out what differs at each run: addresses, and the free ports of this machine.

    Args:
        found: from `stack.services()`.
    """
    rows: list[list[str | Cell]] = [
        [
            service.name,
            _state(service),
            _pairs([(short(name), address) for name, address in service.addresses.items()], " "),
            _pairs([(f"{port} →", place) for port, place in service.published.items()], " "),
            Cell(inline_code(service.command) if service.command else "", service.command),
        ]
        for service in found
    ]
    return table("Services", ["service", "state", "networks", "published", "process 1"], rows)


def _state(service: Service) -> Cell:
    parts = [service.state, service.health, f"exit code {service.exit_code}" if service.state in ("exited", "restarting") else ""]
    text = ", ".join(filter(None, parts))
    restarts = volatile(f"({service.restarts} restarts)") if service.restarts else None
    well = (service.state == "running" and service.health != "unhealthy") or (service.state == "exited" and service.exit_code == 0)
    return Cell(joined([text, restarts] if restarts else [text], " "), text, "book-good" if well else "book-bad")


def _pairs(pairs: Sequence[tuple[str, str]], between: str) -> Cell:
    """What stays the same, each with what differs from run to run."""
    html = joined((Markup("{}{}{}").format(fixed, between, volatile(changing)) for fixed, changing in pairs), Markup("<br>"))
    return Cell(html, ", ".join(fixed.removesuffix(" →") for fixed, _ in pairs))
