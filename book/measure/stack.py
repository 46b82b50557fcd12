"""A running Compose project: what can be asked of it and done with it."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Literal

from docker.models.containers import Container

from ..engine import connect, list_images
from ..engine.plugins import end, pipes, start, tool
from ..files import compose
from ..files.compose import ComposeFile
from ..files.port import ports, tcp
from ..terminal import announced
from . import answer, commands, knock, limits, probe
from .service import OF_PROJECT, OF_SERVICE, Service, StackError, StackFailed, Stopped, published, service_of
from .topology import Topology
from .verdict import Verdict

_EXEC_SECONDS = 300
_LOG_SECONDS = 120
_WATCH_SECONDS = 120
_TRY_SECONDS = 10.0  # to reach something: a container that tries may have to wait for its turn on a busy machine


@dataclass(frozen=True)
class Stack:
    """A Compose project that is up. As a context manager it goes down at the end of the block.

    Attributes:
        project: Compose's name for it, another one at each `up`.
        file: the Compose file.
        recipe: the recipe it belongs to.
        warnings: what Compose warned of.
        override: the second Compose file of the run, which `up` wrote.
        at_start: the services as the file declared them when it was brought up, ports of this machine included.
    """

    project: str
    file: ComposeFile
    recipe: str
    warnings: tuple[str, ...]
    override: str = field(repr=False)
    at_start: tuple[compose.Declared, ...] = field(default=(), repr=False)

    @announced(commands.services)
    def services(self) -> tuple[Service, ...]:
        """All services with a container, running or not, in the order of their names."""
        return tuple(service_of(container) for container in self._containers())

    @announced(commands.service)
    def service(self, name: str) -> Service:
        """One service.

        Raises:
            StackError: if it has no container.
        """
        return service_of(self._container(name))

    def states(self) -> dict[str, str]:
        """Service → `running`, `healthy`, `unhealthy`, `exited (0)`, …; one that is on its way to another state is left out."""
        states = {}
        for container in self._containers():
            now = container.attrs["State"]
            states[container.labels[OF_SERVICE]] = commands.state(now["Status"], now["ExitCode"], now.get("Health", {}).get("Status", ""))
        return {service: state for service, state in states.items() if state}

    def environment(self, service: str) -> dict[str, str]:
        """The variables of a service, as everyone who may run `docker inspect` reads them."""
        pairs = (entry.partition("=") for entry in self._container(service).attrs["Config"]["Env"] or [])
        return {name: value for name, _, value in pairs}

    @announced(commands.exec)
    def exec(self, service: str, *command: str) -> answer.Output:
        """Run a command in a running service.

        Raises:
            APIError: if the engine cannot, since the service does not run.
            TookTooLong: if it does not end in time; it goes with the stack.
        """
        api = connect().api
        made = api.exec_create(self._container(service).id, list(command))
        # The SDK waits for the next byte of a command without a limit of its own.
        told = limits.within(
            _EXEC_SECONDS, f"`{' '.join(command)}` in {service}", lambda: answer.end_of(api.exec_start(made["Id"], stream=True))
        )
        return answer.Output(told, api.exec_inspect(made["Id"])["ExitCode"])

    @announced(commands.logs)
    def logs(self, service: str, tail: int | Literal["all"] = "all") -> str:
        """What a service wrote: its last `tail` lines, or all, as far as a page can hold it (the last MiB)."""
        chunks = self._container(service).logs(tail=tail, stream=True, follow=False)
        return limits.within(_LOG_SECONDS, f"Reading the log of {service}", lambda: answer.end_of(chunks))

    def url(self, service: str, port: int | None = None) -> str:
        """Where a service is found on this machine, as `http://127.0.0.1:32768`.

        Args:
            service: its name.
            port: the port in the container; may be left out if it publishes only one.

        Raises:
            StackError: if it does not publish that port.
        """
        port, places = self._port(service, port), published(self._container(service))
        if port not in places:
            raise StackError(f"{service} does not run: see its logs.")
        return f"http://{places[port]}"

    @announced(commands.ask)
    def ask(self, service: str, path: str = "/", port: int | None = None) -> answer.Answer:
        """Ask a service for `path` over HTTP from this machine, again and again until it answers.

        Raises:
            NoAnswer: if nothing answers in time; the message contains the container's last lines of output.
        """
        return answer.answer(self._container(service), self._port(service, port), path)

    def says(self, service: str, words: str, path: str = "/", port: int | None = None) -> bool:
        """Whether a service answers with these words in it; unlike `ask`, it takes no answer for a no, as while a container restarts."""
        try:
            return words in self.ask(service, path, port).text
        except answer.NoAnswer:
            return False

    def reach(self, *targets: str, sources: Iterable[str] | None = None, limit: float = _TRY_SECONDS) -> tuple[probe.Reach, ...]:
        """Try each target from each source.

        Args:
            targets: `service` (its name), `service:port`, `http://service:port/path` or `postgres://service:port`.
            sources: services, and `probe.HERE` for this machine and the published ports; all services if None.
            limit: seconds for each try.

        Raises:
            ValueError: if a target is none of these.
        """
        for target in targets:
            knock.split(target)
        names = dict.fromkeys(container.labels[OF_SERVICE] for container in self._containers()) if sources is None else sources
        with ThreadPoolExecutor() as pool:
            return tuple(itertools.chain.from_iterable(pool.map(lambda source: self._reach(source, targets, limit), names)))

    def declared(self) -> tuple[compose.Declared, ...]:
        """The services as the Compose file declares them, ports of this machine included, as Compose reads it now.

        Raises:
            StackFailed: if the file has been changed since, and is no longer valid.
        """
        verdict, config = compose.read(self.file, self.project)
        if verdict.error:
            raise StackFailed(f"{self.file} is no longer valid. Compose says:\n{verdict.error}")
        return compose.declared(config)

    def topology(self, *targets: str, limit: float = _TRY_SECONDS) -> Topology:
        """What the file declares beside what runs, and who reaches whom.

        Args:
            targets: what each service tries, as for `reach`; if none is named, each port that a service declares or its image
                exposes, and the name of a service that has none.
            limit: seconds for each try.

        Raises:
            ValueError: if a target is none of these.
        """
        declared, services = self.declared(), self.services()
        doors: dict[str, set[int]] = {each.name: {*each.ports, *each.exposed} for each in declared if not each.profiles}
        for container in self._containers():
            doors.setdefault(container.labels[OF_SERVICE], set()).update(tcp(container.attrs["Config"].get("ExposedPorts")))
        own = [f"{name}:{port}" if port else name for name in sorted(doors) for port in sorted(doors[name]) or [0]]
        inside = self.reach(*(targets or own), limit=limit)
        known = {each.name: each for each in declared if each.name in doors}
        published = {f"{each.name}:{port}" for each in known.values() for port in each.ports}
        published |= {f"{s.name}:{port}" for s in services for port in s.published if s.name not in known or port not in known[s.name].udp}
        return Topology(self.file.name, declared, services, inside + self.reach(*sorted(published), sources=[probe.HERE], limit=limit))

    @announced(commands.stop)
    def stop(self, service: str) -> Stopped:
        """Stop a service, and say how long it took and how it ended."""
        container = self._container(service)
        started = time.monotonic()
        self._compose("stop", service)
        seconds = time.monotonic() - started
        container.reload()
        return Stopped(seconds, container.attrs["State"]["ExitCode"])

    @announced(commands.restart)
    def restart(self, service: str) -> None:
        """Restart a service; its free published port may be another one afterwards."""
        self._compose("restart", "--no-deps", service)

    @announced(commands.kill)
    def kill(self, service: str, signal: str = "KILL") -> None:
        """Send `signal` to process 1 of a service."""
        self._compose("kill", "--signal", signal, service)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Let `docker compose watch` follow the files named under `develop`, while the block runs.

        Raises:
            StackError: if it ends at once, as it does where no service has a `watch`.
            TookTooLong: if it does not begin in time.
        """
        with self._files() as files:
            watcher = start("compose", *files, "watch", "--no-up", cwd=self.file.folder, environment=self.file.environment)
            stdout, stderr = pipes(watcher)
            said: list[str] = []
            listener = Thread(target=lambda: said.extend(stderr), daemon=True)  # a full pipe would block it
            listener.start()
            try:
                what = f"{self.file}: the start of docker compose watch"
                if not limits.within(_WATCH_SECONDS, what, lambda: any("Watch enabled" in line for line in stdout)):
                    listener.join(_WATCH_SECONDS)
                    raise StackError(
                        f"{self.file}: docker compose watch printed: {compose.words(''.join(said), self.file.folder, self.project)}"
                    )
                Thread(target=stdout.read, daemon=True).start()
                yield
            finally:
                end(watcher)

    @announced(commands.down)
    def down(self) -> None:
        """Remove its containers, networks, volumes and the images built for it. Nothing is given time to finish."""
        self._compose("down", "--volumes", "--remove-orphans", "--timeout", "0")
        for built in list_images(connect(), filters={"label": f"{OF_PROJECT}={self.project}"}):
            connect().images.remove(built["Id"], force=True)

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.down()

    def _port(self, service: str, port: int | None) -> int:
        wished = self._container(service).attrs["HostConfig"]["PortBindings"] or {}  # they stand here while it restarts, too
        have = sorted({port.container for port in ports(wished)})
        port = have[0] if port is None and len(have) == 1 else port
        if port not in have:
            listed = ", ".join(map(str, have)) or "none"
            raise StackError(f"{service} does not publish port {port or '(which?)'} in {self.file}. It publishes: {listed}.")
        return port

    def _reach(self, source: str, targets: Iterable[str], limit: float) -> tuple[probe.Reach, ...]:
        if source != probe.HERE:
            return probe.inside(self._container(source), source, targets, limit, self.recipe)
        places = {container.labels[OF_SERVICE]: published(container) for container in self._containers()}
        return tuple(itertools.chain.from_iterable(self._reach_from_here(target, places, limit) for target in targets))

    def _reach_from_here(self, target: str, places: Mapping[str, Mapping[int, str]], limit: float) -> tuple[probe.Reach, ...]:
        _, host, port, _ = knock.split(target)
        have = places.get(host)
        if port and have is not None and port not in have:
            return probe.silent(probe.HERE, [target], Verdict.NOT_PUBLISHED, f"{host} publishes: {', '.join(map(str, have)) or 'nothing'}")
        return (probe.outside(target, (have or {}).get(port), limit),)

    @contextmanager
    def _files(self) -> Iterator[list[str]]:
        with tempfile.TemporaryDirectory() as place:
            added = Path(place) / "run.yaml"
            added.write_text(self.override)
            yield ["--project-name", self.project, *self.file.options(str(added))]

    def _containers(self) -> list[Container]:
        found = connect().containers.list(all=True, filters={"label": f"{OF_PROJECT}={self.project}"}, ignore_removed=True)
        return sorted(found, key=lambda container: (container.labels[OF_SERVICE], container.name))

    def _container(self, service: str) -> Container:
        found = {container.labels[OF_SERVICE]: container for container in reversed(self._containers())}
        if service not in found:
            raise StackError(f"{self.file} has no service {service} that is up. It has: {', '.join(reversed(found)) or 'none'}.")
        return found[service]

    def _compose(self, *arguments: str) -> None:
        # The engine's labels tell Compose all it needs here; run at the root, it finds no other file to read.
        done = tool("compose", "--project-name", self.project, "--progress", "quiet", *arguments, cwd=Path("/"))
        if done.returncode:
            raise StackError(f"{self.file}: docker compose {arguments[0]} printed: {compose.words(done.stderr)}")
