"""When things happened while a Compose project came up: the engine's own events, and our tries of published ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Event as Flag
from threading import Thread

from docker.errors import NotFound

from ..engine import connect
from . import knock, probe
from .limits import PATIENCE, wait_until
from .limits import seconds_until as seconds_until  # part of the reader's `timeline`
from .service import OF_PROJECT, OF_SERVICE, StackFailed, published
from .stack import Stack
from .verdict import Verdict

_EVERY = 0.02  # seconds between two tries
_TRY_SECONDS = 2.0
_ON_ITS_WAY = 0.5  # seconds that an event may take from the engine to us
_STARTS_LATE = 2.0  # seconds more, if a service that is asked has not been seen to start


class EventName(StrEnum):
    """What can happen to a service, or to the command that brings it up."""

    CREATED = "created"
    STARTED = "started"
    PORT_OPEN = "port open"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    FIRST_ANSWER = "first answer"
    FAILED_TRY = "failed try"
    EXITED = "exited"
    RETURNED = "returned"
    FAILED = "failed"


_FROM_ENGINE = {  # the engine's names for what it tells
    "create": EventName.CREATED,
    "start": EventName.STARTED,
    "health_status: healthy": EventName.HEALTHY,
    "health_status: unhealthy": EventName.UNHEALTHY,
}
COMMAND = "up"  # in the place of a service, for the events of the command itself


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        service: the service; `up` for the command itself.
        what: from the engine `created`, `started`, `healthy`, `unhealthy`, `exited` (by itself); from our tries `port open`,
            `first answer`, and `failed try` each time one failed for another reason than before; of the command `returned`, `failed`.
        seconds: since the first container of the project was created, on this machine's clock.
        detail: the exit code, or the verdict on the failed try, as a page shows it.
        exit_code: of a service that exited; None for other events.
    """

    service: str
    what: EventName
    seconds: float
    detail: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class Timeline:
    """What happened, in order."""

    events: tuple[Event, ...]

    def at(self, service: str, what: str) -> float | None:
        """Seconds until `what` first happened to `service`; None if it did not."""
        return next((event.seconds for event in self.events if (event.service, event.what) == (service, what)), None)

    def first(self, what: str) -> float | None:
        """Seconds until `what` first happened, to any service; None if it did not."""
        return next((event.seconds for event in self.events if event.what == what), None)


class Recording:
    """What has happened so far."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seen: list[Event] = []

    def note(self, service: str, what: EventName, detail: str = "", exit_code: int | None = None) -> None:
        """Record that something happened just now."""
        self._seen.append(Event(service, what, time.monotonic() - self._began, detail, exit_code))

    def timeline(self) -> Timeline:
        """All of it in order. The clock starts with the first container: the time to build an image does not count."""
        zero = min((event.seconds for event in self._seen if event.what == EventName.CREATED), default=0.0)
        return Timeline(
            tuple(replace(event, seconds=event.seconds - zero) for event in sorted(self._seen, key=lambda event: event.seconds))
        )


@contextmanager
def record(project: str, ask: Iterable[str] = (), limit: float = PATIENCE) -> Iterator[Recording]:
    """Listen to the engine, and try each target of `ask` from this machine as soon as its service has started.

    Args:
        project: the Compose project; it need not exist yet.
        ask: `service:port`, `http://service:port/path` or `postgres://service:port`, through the published ports.
        limit: seconds to wait for missing answers, from the end of the block; a service that has ended is not waited for.
    """
    recording, over = Recording(), Flag()
    asked = {target: knock.split(target)[1] for target in ask}
    askers: dict[str, Thread] = {}
    ended: set[str] = set()

    def listen() -> None:
        killed = set()
        for told in stream:
            action, about, container_id = told["Action"], told["Actor"]["Attributes"], told["Actor"]["ID"]
            service = about[OF_SERVICE]
            if action == "kill":
                killed.add(container_id)
            if action == "die":
                ended.add(container_id)
                if container_id not in killed:
                    recording.note(service, EventName.EXITED, f"exit code {about['exitCode']}", int(about["exitCode"]))
            elif action in _FROM_ENGINE:
                recording.note(service, _FROM_ENGINE[action])
            for target in [target for target in asked if asked[target] == service and action == "start" and target not in askers]:
                askers[target] = Thread(target=_try, args=(target, container_id, recording, ended, over), daemon=True)
                askers[target].start()

    # The engine subscribes us before it sends the headers of its answer: no later event is missed.
    stream = connect().api.events(decode=True, filters={"type": "container", "label": f"{OF_PROJECT}={project}"})
    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield recording
        deadline = time.monotonic() + limit
        time.sleep(_ON_ITS_WAY)
        wait_until(lambda: len(askers) == len(asked), _STARTS_LATE)
        for asker in list(askers.values()):
            asker.join(max(0.0, deadline - time.monotonic()))
    finally:
        over.set()
        with suppress(OSError, AttributeError):  # the SDK fails on a stream that the engine has ended before
            stream.close()
        listener.join(_TRY_SECONDS)


def time_up(bring_up: Callable[[], Stack], project: str, ask: Iterable[str], limit: float) -> tuple[Stack, Timeline]:
    """Bring a stack up and record it until all of `ask` has answered; see `record`."""
    stack = None
    try:
        with record(project, ask, limit) as recording:
            stack = bring_up()
            recording.note(COMMAND, EventName.RETURNED)
    except BaseException:  # a caller who stops the wait for an answer gets no stack to take down
        if stack:
            stack.down()
        raise
    return stack, recording.timeline()


def race(bring_up: Callable[[str], Stack], projects: Iterable[str], ask: Iterable[str], limit: float) -> tuple[Timeline, ...]:
    """Record one `up` after another, each from nothing; one that fails has the event `failed` in its timeline."""
    seen = []
    for project in projects:
        stack = None
        try:
            with record(project, ask, limit) as recording:
                try:
                    stack = bring_up(project)
                    recording.note(COMMAND, EventName.RETURNED)
                except StackFailed as problem:
                    recording.note(COMMAND, EventName.FAILED, str(problem))
            seen.append(recording.timeline())
        finally:
            if stack:
                stack.down()
    return tuple(seen)


def _try(target: str, container_id: str, recording: Recording, ended: set[str], over: Flag) -> None:
    """Try again and again until there is an answer, the container has ended, or the recording is over."""
    protocol, service, port, _ = knock.split(target)
    before = ""
    while not over.wait(_EVERY):
        try:
            container = connect().containers.get(container_id)
        except NotFound:
            return
        at = published(container).get(port)
        (tried,) = [probe.outside(target, at, _TRY_SECONDS)] if at else probe.silent(probe.HERE, [target], Verdict.NOT_PUBLISHED, "")
        if tried.ok:
            recording.note(service, EventName.PORT_OPEN if protocol == "port" else EventName.FIRST_ANSWER)
        if tried.ok or (container.status == "exited" and container_id in ended):  # the event of its end may still be on its way
            return
        if container.status == "running" and tried.text != before:
            before = tried.text
            recording.note(service, EventName.FAILED_TRY, before)
