"""A project while it runs: how it comes up, what answers where, who runs as whom, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import yaml
from docker.errors import APIError

from ..engine import connect
from ..files.compose import ComposeFile
from ..files.merge import keep_apart
from ..files.port import tcp
from ..measure import probe, service, timeline, up
from ..measure.service import OF_SERVICE, Service, StackFailed, Stopped
from ..measure.stack import Stack
from ..measure.timeline import EventName, Timeline
from ..measure.verdict import NOBODY_LISTENS
from .images import Built
from .localhost import named_here
from .project import Project
from .ran import Alone, Early, Ran
from .reload import edits

_LOOK_SECONDS = 0.1
_QUIET_SECONDS = 4.0  # without a change, after which a project is what it will be
_TRY_SECONDS = 1.0  # between two connections to a service that does not answer yet


class Runner:
    """Brings a project up, looks at it, and takes it down again.

    Args:
        project: the project, where it may be run.
        built: its images; without a Compose file, they are what is run.
        place: a folder of ours for the Compose files of the run.
        patience: seconds to wait for ports, health and calm after `up` has returned.
        limit: seconds that one `up` may take.
        only: the services to bring up, with what they depend on; all where empty.
    """

    def __init__(
        self, project: Project, built: Sequence[Built], place: Path, patience: float, limit: float, only: Sequence[str] = ()
    ) -> None:
        self._project, self._built, self._place = project, built, place
        self._patience, self._limit, self._only = patience, limit, only
        self._before: set[Path] = set()  # the files in bind mounts before a run
        fixed = {each.name: {*each.ports, *each.exposed} for each in project.declared}
        self._ports = {name: set(ports) for name, ports in fixed.items()}
        for each in built:
            for name in each.build.services:
                self._ports.setdefault(name, set()).update(each.ports)
        published = {each.name: set(each.ports) for each in project.declared} if project.files else self._ports
        chosen = set(only) or published.keys()
        self._ask = [f"{name}:{port}" for name, ports in published.items() if name in chosen for port in sorted(ports)]

    def run(self, runs: int) -> Ran:
        """Bring it up `runs` times from nothing, and measure it the last time."""
        started = time.monotonic()
        timelines: list[Timeline] = []
        early: tuple[Early, ...] = ()
        failures: list[str] = []
        for number in range(runs):
            recorded, running, failure, healthy = self._up()
            timelines.append(recorded)
            early += healthy
            failures += [failure] if failure else []
            if running and number < runs - 1:
                running.down()
        seldom = f"In {len(failures)} of {runs} runs it did not come up.\n" if len(failures) < runs else ""
        failure = f"{seldom}{failures[0]}" if failures else ""
        if running is None:
            return Ran(tuple(timelines), failure, early=early, seconds=time.monotonic() - started)
        with running:
            self._await(running, healthy)
            ran = self._look(running)
            edited = tuple(edits(ran.services, self._project.config, self._project.folder))
            stops = self._stop(running, ran.services)
            written = self._left_by_root()
        seen = replace(ran, timelines=tuple(timelines), failure=failure, early=early, edits=edited, stops=stops, written=written)
        return replace(seen, seconds=time.monotonic() - started)

    def _up(self) -> tuple[Timeline, Stack | None, str, tuple[Early, ...]]:
        name = up.name(self._project.name)
        file = self._compose(name)
        self._before = self._files()
        running, failure = None, ""
        try:
            with timeline.record(name, self._ask, self._patience) as recording, self._at_healthy(name) as early:
                try:
                    running = up.up(
                        file,
                        self._project.name,
                        services=self._only,
                        profiles=self._project.profiles,
                        project=name,
                        wait=False,
                        seconds=self._limit,
                    )
                    recording.note(timeline.COMMAND, EventName.RETURNED)
                    _settle(running, self._patience)
                except StackFailed as problem:
                    failure = str(problem)
                    recording.note(timeline.COMMAND, EventName.FAILED, failure.splitlines()[0])
        except BaseException:
            if running:
                running.down()
            raise
        return recording.timeline(), running, failure, tuple(early.seen)

    def _compose(self, name: str) -> ComposeFile:
        """The Compose files of a run: the project's own and one that keeps it apart from all others; or one of ours for Dockerfiles."""
        if not self._project.files:
            services = {
                each.build.name: {"build": dict(each.build.settings.raw), "ports": [str(port) for port in each.ports]}
                for each in self._built
            }
            (self._place / "compose.yaml").write_text(yaml.safe_dump({"services": services}))
            return ComposeFile(self._place, "compose.yaml")
        apart = self._place / "apart.yaml"
        apart.write_text(keep_apart(self._project.config, name))
        first, *more = self._project.files
        return ComposeFile(self._project.folder, first, (*more, str(apart)))

    @contextmanager
    def _at_healthy(self, name: str) -> Iterator[_Listener]:
        """Connect to a service's own ports from inside at the moment in which the engine calls it healthy."""
        listener = _Listener(name, self._ports)
        try:
            yield listener
        finally:
            listener.close()

    def _await(self, running: Stack, early: Sequence[Early]) -> None:
        """Give a service that was healthy before it answered the time to answer: a slow one is no port that nobody ever opens."""
        answered = {one.service for one in early if not one.silent}
        asks: dict[str, list[str]] = {}
        for one in early:
            if one.service not in answered:
                asks.setdefault(one.service, []).extend([one.reach.target, f"127.0.0.1:{one.reach.target.rpartition(':')[2]}"])
        deadline = time.monotonic() + self._patience
        while asks and time.monotonic() < deadline:
            time.sleep(_TRY_SECONDS)
            tried = {name: running.reach(*targets, sources=[name]) for name, targets in asks.items()}
            asks = {name: asks[name] for name, reaches in tried.items() if all(reach.verdict in NOBODY_LISTENS for reach in reaches)}

    def _look(self, running: Stack) -> Ran:
        services = running.services()
        up = [service for service in services if service.state == "running"]
        asks = {
            service.name: [f"{at}:{port}" for port in sorted(self._ports.get(service.name, ())) for at in (service.name, "127.0.0.1")]
            for service in up
        }
        environment = {service.name: running.environment(service.name) for service in services}
        places = {place.rpartition(":")[2] for each in self._project.declared for place in each.ports.values()}
        meant = {service.name: list(named_here(environment[service.name], places)) for service in up}
        for name, found in meant.items():
            asks[name] += [f"localhost:{port}" for _, port in found]
        with ThreadPoolExecutor() as pool:
            tried = list(pool.map(lambda name: running.reach(*dict.fromkeys(asks[name]), sources=[name]) if asks[name] else (), asks))
        doors = tuple(reach for reaches in tried for reach in reaches)
        known = {(reach.source, reach.target): reach for reach in doors}
        alone = tuple(
            Alone(name, variable, port, known[name, f"localhost:{port}"], others)
            for name, found in meant.items()
            for variable, port in found
            if not known[name, f"localhost:{port}"].ok
            and (others := tuple(other for other, ports in self._ports.items() if other != name and port in self._all(other, running)))
        )
        return Ran(
            services=services,
            topology=running.topology(),
            doors=doors,
            environment=environment,
            words={s.name: _words(running, s.name) for s in services if s.restarts or s.state in ("restarting", "exited")},
            health={s.name: _check(s) for s in services if s.health in ("starting", "unhealthy")},
            alone=alone,
        )

    def _all(self, service: str, running: Stack) -> set[int]:
        """The ports of a service, those that its image exposes among them."""
        container = running.service(service).container if any(s.name == service for s in running.services()) else None
        exposed = connect().api.inspect_container(container)["Config"].get("ExposedPorts") if container else None
        return {*self._ports.get(service, ()), *tcp(exposed)}

    def _stop(self, running: Stack, services: Iterable[Service]) -> dict[str, Stopped]:
        names = list(dict.fromkeys(service.name for service in services if service.state == "running" and not service.restarts))
        with ThreadPoolExecutor() as pool:
            return dict(zip(names, pool.map(running.stop, names), strict=True))

    def _files(self) -> set[Path]:
        """The files in all bind mounts that lie in the folder."""
        sources = (Path(mount.source) for service in self._project.config.services.values() for mount in service.mounts if mount.is_bind)
        inside = {source for source in sources if source.is_relative_to(self._project.folder) and source.is_dir()}
        return {file for source in inside for file in source.rglob("*")}

    def _left_by_root(self) -> tuple[str, ...]:
        folder = self._project.folder
        if not hasattr(folder.stat(), "st_uid") or folder.stat().st_uid == 0:
            return ()
        new = self._files() - self._before
        return tuple(sorted(file.relative_to(folder).as_posix() for file in new if file.lstat().st_uid == 0))


class _Listener:
    """Hears which service is healthy, and connects to its ports then."""

    def __init__(self, name: str, ports: Mapping[str, set[int]]) -> None:
        self.seen: list[Early] = []
        self._ports, self._name, self._began = ports, name, time.monotonic()
        filters = {"label": f"{service.OF_PROJECT}={name}", "event": "health_status"}
        self._stream = connect().api.events(decode=True, filters=filters)
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for told in self._stream:
            service = told["Actor"]["Attributes"][OF_SERVICE]
            if told["Action"] != "health_status: healthy" or any(early.service == service for early in self.seen):
                continue
            with suppress(APIError):
                container = connect().containers.get(told["Actor"]["ID"])
                own = {*self._ports.get(service, ()), *tcp(container.attrs["Config"].get("ExposedPorts"))}
                for reach in probe.inside(container, service, [f"{service}:{port}" for port in sorted(own)], 1.0, self._name):
                    self.seen.append(Early(service, time.monotonic() - self._began, reach))

    def close(self) -> None:
        with suppress(OSError, AttributeError):
            self._stream.close()
        self._thread.join(10)


def _settle(running: Stack, patience: float) -> None:
    """Wait until nothing changes any more: all healthy that can be, none on its way, and a while without a restart."""
    deadline, calm, before = time.monotonic() + patience, time.monotonic(), None
    while time.monotonic() < deadline:
        services = running.services()
        now = [(s.container, s.state, s.health, s.restarts) for s in services]
        if now != before:
            before, calm = now, time.monotonic()
        moving = any(s.health == "starting" or s.state in ("created", "restarting") for s in services)
        if not moving and time.monotonic() - calm >= _QUIET_SECONDS:
            return
        if any(s.restarts >= 3 for s in services) and not any(s.health == "starting" for s in services):
            return
        time.sleep(_LOOK_SECONDS)


def _words(running: Stack, service: str) -> str:
    """The last lines of a service, each once: a service that is started again and again says the same."""
    return "\n".join(dict.fromkeys(running.logs(service, tail=8).strip().splitlines()))


def _check(service: Service) -> str:
    log = connect().api.inspect_container(service.container)["State"].get("Health", {}).get("Log") or []
    return f"exit code {log[-1]['ExitCode']}: {log[-1]['Output'].strip()[-200:]}" if log else "it has not ended once"
