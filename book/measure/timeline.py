"""When things happened while a Compose project came up: the engine's own events, and our knocks on published ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event as Flag
from threading import Thread

from docker.errors import NotFound

from ..engine import connect
from . import knock
from .limits import seconds_until as seconds_until  # part of the reader's `timeline`
from .service import OF_PROJECT, OF_SERVICE, StackFailed, published
from .stack import Stack

_EVERY = 0.02  # seconds between two looks
_TRY_SECONDS = 2.0
_ON_ITS_WAY = 0.1  # seconds that an event may take from the engine to us
_SEEN = {
    "create": "created",
    "start": "started",
    "die": "exited",
    "health_status: healthy": "healthy",
    "health_status: unhealthy": "unhealthy",
}


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        service: where; `up` for the command itself.
        what: from the engine `created`, `started`, `healthy`, `unhealthy`, `exited` (by itself); from our knocks `port open`,
            `first answer`, and `failed try` each time one failed for another reason than before; of the command `returned`, `failed`.
        seconds: since the first container of the project was created, on this machine's clock.
        detail: the exit code, or the verdict on the failed try.
    """

    service: str
    what: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Timeline:
    """What happened, in order."""

    events: tuple[Event, ...]

    def at(self, service: str, what: str) -> float | None:
        """Seconds until `what` first happened to `service`; None where it did not."""
        return next((event.seconds for event in self.events if (event.service, event.what) == (service, what)), None)

    def first(self, what: str) -> float | None:
        """Seconds until `what` first happened, to whichever service; None where it did not."""
        return next((event.seconds for event in self.events if event.what == what), None)


class Recording:
    """What has been seen so far."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seen: list[Event] = []

    def note(self, service: str, what: str, detail: str = "") -> None:
        """Write down that something happened just now."""
        self._seen.append(Event(service, what, time.monotonic() - self._began, detail))

    def timeline(self) -> Timeline:
        """All of it in order. The clock starts with the first container: building an image is no part of the race."""
        zero = min((event.seconds for event in self._seen if event.what == "created"), default=0.0)
        return Timeline(
            tuple(replace(event, seconds=event.seconds - zero) for event in sorted(self._seen, key=lambda event: event.seconds))
        )


@contextmanager
def record(project: str, ask: Iterable[str] = (), limit: float = 30.0) -> Iterator[Recording]:
    """Listen to the engine, and knock at each target of `ask` from this machine as soon as its service has started.

    Args:
        project: the Compose project; it need not exist yet.
        ask: `service:port`, `http://service:port/path` or `postgres://service:port`, through the published ports.
        limit: seconds, from the end of the block, to wait for answers that have not come; a service that has ended is not waited for.
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
            if action in _SEEN and not (action == "die" and container_id in killed):
                recording.note(service, _SEEN[action], f"exit code {about['exitCode']}" if action == "die" else "")
            if action == "die":
                ended.add(container_id)
            for target in [target for target in asked if asked[target] == service and action == "start" and target not in askers]:
                askers[target] = Thread(target=_try, args=(target, container_id, recording, ended, over), daemon=True)
                askers[target].start()

    # The engine listens for us before it sends the headers of its answer: nothing that happens from here on is missed.
    stream = connect().api.events(decode=True, filters={"type": "container", "label": f"{OF_PROJECT}={project}"})
    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield recording
        deadline = time.monotonic() + limit
        time.sleep(_ON_ITS_WAY)
        for asker in list(askers.values()):
            asker.join(max(0.0, deadline - time.monotonic()))
    finally:
        over.set()
        with suppress(OSError, AttributeError):  # the SDK stumbles over a stream that the engine has ended before
            stream.close()
        listener.join(_TRY_SECONDS)


def time_up(bring_up: Callable[[], Stack], project: str, ask: Iterable[str], limit: float) -> tuple[Stack, Timeline]:
    """Bring a stack up and record it until all of `ask` has answered; see `record`."""
    stack = None
    try:
        with record(project, ask, limit) as recording:
            stack = bring_up()
            recording.note("up", "returned")
    except BaseException:  # whoever stops the wait for an answer never gets the stack to take down
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
                    recording.note("up", "returned")
                except StackFailed as problem:
                    recording.note("up", "failed", str(problem))
            seen.append(recording.timeline())
        finally:
            if stack:
                stack.down()
    return tuple(seen)


def _try(target: str, container_id: str, recording: Recording, ended: set[str], over: Flag) -> None:
    """Knock until there is an answer, the container has ended, or the recording is over."""
    speak, service, port, _ = knock.split(target)
    before = ""
    while not over.wait(_EVERY):
        try:
            container = connect().containers.get(container_id)
        except NotFound:
            return
        at = published(container).get(port)
        tried = knock.knock(target, _TRY_SECONDS, at) if at else {"ok": False, "verdict": "not published"}
        if tried["ok"]:
            recording.note(service, "port open" if speak == "port" else "first answer")
        if tried["ok"] or (container.status == "exited" and container_id in ended):  # its end may be on its way to us
            return
        if container.status == "running" and tried["verdict"] != before:
            before = tried["verdict"]
            recording.note(service, "failed try", before)
