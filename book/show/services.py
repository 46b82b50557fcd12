"""The services of a stack: state, health, addresses, ports, and what runs as process 1."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ..measure.service import Service
from ..measure.topology import short
from .html import Cell, Piece, table


def services(found: Iterable[Service]) -> Piece:
    """Show services as the engine saw them.

    The plain text leaves out what is another at each run: addresses, and the free ports of this machine.

    Args:
        found: from `stack.services()`.
    """
    rows = [
        [
            service.name,
            _state(service),
            _volatile([(short(name), address) for name, address in service.addresses.items()], " "),
            _volatile([(f"{port} →", at) for port, at in service.published.items()], " "),
            Cell(f"<code>{escape(service.command)}</code>" if service.command else "", service.command),
        ]
        for service in found
    ]
    return table("Services", ["service", "state", "networks", "published", "process 1"], rows)


def _state(service: Service) -> Cell:
    parts = [service.state, service.health, f"exit code {service.exit_code}" if service.state in ("exited", "restarting") else ""]
    text = ", ".join(filter(None, parts))
    restarts = f' <span class="book-volatile">({service.restarts} restarts)</span>' if service.restarts else ""
    well = (service.state == "running" and service.health != "unhealthy") or (service.state == "exited" and service.exit_code == 0)
    return Cell(escape(text) + restarts, text, "book-good" if well else "book-bad")


def _volatile(pairs: Iterable[tuple[str, str]], between: str) -> Cell:
    pairs = list(pairs)
    html = "<br>".join(f'{escape(fixed)}{between}<span class="book-volatile">{escape(changing)}</span>' for fixed, changing in pairs)
    return Cell(html, ", ".join(fixed.removesuffix(" →") for fixed, _ in pairs))
