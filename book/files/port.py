"""A port of a container, from any of the ways in which Docker writes one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Port:
    """One port of a container.

    Attributes:
        container: its number in the container.
        protocol: `tcp`, `udp` or `sctp`.
        host: the address of this machine on which it is published; None for every address, or if it is not published.
        published: its port on this machine, or a range such as `8000-8010`; empty if the engine chooses one, or if it is not published.
    """

    container: int
    protocol: str = "tcp"
    host: str | None = None
    published: str = ""

    def __str__(self) -> str:
        return f"{self.container}/{self.protocol}"

    @property
    def is_tcp(self) -> bool:
        """Whether a TCP connection can be made to it."""
        return self.protocol == "tcp"

    @property
    def place(self) -> str:
        """Where it is published on this machine, as `127.0.0.1:5000` or `80`; empty for any."""
        return ":".join(filter(None, (self.host, self.published)))


def ports(entries: Iterable[str | int | Mapping[str, Any]] | None) -> tuple[Port, ...]:
    """The ports that a list of entries names, in its order.

    Args:
        entries: from the `ports` or `expose` that Compose prints, from the engine's `ExposedPorts`, `Ports` or `PortBindings`, or
            the words of an EXPOSE; a range such as `8000-8002/udp` gives each of its ports.
    """
    return tuple(port for entry in entries or () for port in _read(entry))


def tcp(entries: Iterable[str | int | Mapping[str, Any]] | None) -> tuple[int, ...]:
    """The numbers of the TCP ports in a list of entries; see `ports`."""
    return tuple(port.container for port in ports(entries) if port.is_tcp)


def _read(entry: str | int | Mapping[str, Any]) -> Iterator[Port]:
    if isinstance(entry, Mapping):
        host, published = entry.get("host_ip") or None, entry.get("published")
        yield Port(int(entry["target"]), str(entry.get("protocol") or "tcp").lower(), host, str(published or ""))
        return
    numbers, _, protocol = str(entry).partition("/")
    first, _, last = numbers.partition("-")
    for number in range(int(first), int(last or first) + 1):
        yield Port(number, protocol.lower() or "tcp")
