"""What was seen while a project ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..measure.probe import Reach
from ..measure.service import Service, Stopped
from ..measure.timeline import Timeline
from ..measure.topology import Topology
from ..measure.verdict import NOBODY_LISTENS
from .reload import Edit


@dataclass(frozen=True)
class Alone:
    """A variable with the address of this very container, though another service is meant: service, variable, port, and the try."""

    service: str
    variable: str
    port: int
    reach: Reach
    others: tuple[str, ...]


@dataclass(frozen=True)
class Early:
    """A service at the moment in which it became healthy: how a connection to its own port ended then."""

    service: str
    seconds: float
    reach: Reach

    @property
    def silent(self) -> bool:
        """Whether it did not answer there."""
        return self.reach.verdict in NOBODY_LISTENS


@dataclass(frozen=True)
class Ran:
    """What was seen of a project that was brought up.

    Attributes:
        timelines: one for each run.
        failure: why it did not come up, the first time that it did not; empty if it always did.
        services: its containers, when they had settled.
        topology: how it is wired; None if it did not come up.
        doors: connections to each service's ports from inside, at its own name and at 127.0.0.1.
        environment: service → its variables, as `docker inspect` shows them.
        words: service → the last lines of its log, of those that ended or restart.
        health: service → what its health check said last, of those that are not healthy.
        alone: variables that name `localhost` for another service.
        early: what the ports of services said when these became healthy.
        edits: what services with a reloader did after an edit.
        stops: service → how it ended when it was told to.
        written: files in bind mounts that root of a container left, as the project's folder sees them.
        seconds: from the first `up` to the end of the last `down`.
    """

    timelines: tuple[Timeline, ...] = ()
    failure: str = ""
    services: tuple[Service, ...] = ()
    topology: Topology | None = None
    doors: tuple[Reach, ...] = ()
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    words: Mapping[str, str] = field(default_factory=dict)
    health: Mapping[str, str] = field(default_factory=dict)
    alone: tuple[Alone, ...] = ()
    early: tuple[Early, ...] = ()
    edits: tuple[Edit, ...] = ()
    stops: Mapping[str, Stopped] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    seconds: float = 0.0
