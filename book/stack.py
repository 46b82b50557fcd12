"""A running Compose project: brought up by the real `docker compose`, looked at and asked through the engine."""

from __future__ import annotations

import itertools
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network

from . import compose, image, knock, probe, run
from .advice import NO_NETWORK_LEFT, advice, away
from .engine import connect, end, start, tool
from .topology import Topology
from .trouble import OF_THE_ENGINE, TookTooLong, Trouble

WAIT_SECONDS = 120
_UP_SECONDS = 900
_EXEC_SECONDS = 300
_LOG_SECONDS = 60
_WATCH_SECONDS = 60
_NETWORK_SECONDS = 120  # until another run gives a network back; the default address pools end at about 28
_AGAIN_SECONDS = 1
_LAST_LINES = 8
OF_PROJECT = "com.docker.compose.project"
OF_SERVICE = "com.docker.compose.service"
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # as an address to publish on: every network of this machine
_count = itertools.count(1)


class StackError(Trouble):
    """A Compose project is not as it was asked for; the message says what there is instead."""


class StackFailed(StackError):
    """Compose refused a file or could not bring it up; the message holds its own last words."""


@dataclass(frozen=True)
class Service:
    """One container of a service, as the engine sees it now.

    Attributes:
        name: the service.
        container: the container's name.
        state: `created`, `running`, `restarting`, `exited`, ….
        exit_code: of its last end; 0 where it never ended.
        health: `starting`, `healthy`, `unhealthy`; empty where it has no health check.
        restarts: how often the engine started it again.
        addresses: network → address in it.
        published: port in the container → address on this machine, as `127.0.0.1:32768`.
        command: what runs as process 1; empty where nothing does.
        uid: the number of the user who runs it, 0 for root; None where nothing runs.
    """

    name: str
    container: str
    state: str
    exit_code: int
    health: str
    restarts: int
    addresses: Mapping[str, str]
    published: Mapping[int, str]
    command: str
    uid: int | None = None


@dataclass(frozen=True)
class Stopped:
    """How a service ended: the seconds from the wish to the end, and its exit code."""

    seconds: float
    exit_code: int

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # read by IPython
        printer.text(f"ended after {self.seconds:.1f} s with exit code {self.exit_code}")


@dataclass(frozen=True)
class Stack:
    """A Compose project that is up. As a context manager it goes down at the end of the block.

    Attributes:
        project: Compose's name for it, another one at each `up`.
        file: the Compose file.
        recipe: the recipe it belongs to.
        warnings: what Compose warned of.
        override: the second Compose file of the run, which `up` wrote.
        folder: where the file lies.
        variables: the values that were given for the variables in the file.
        over: the Compose files that are laid over it.
    """

    project: str
    file: str
    recipe: str
    warnings: tuple[str, ...]
    override: str = field(repr=False)
    folder: Path = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    over: tuple[str, ...] = ()

    def services(self) -> tuple[Service, ...]:
        """All services with a container, running or not, in the order of their names."""
        return tuple(_service(container) for container in self._containers())

    def service(self, name: str) -> Service:
        """One service.

        Raises:
            StackError: where it has no container.
        """
        return _service(self._container(name))

    def environment(self, service: str) -> dict[str, str]:
        """The variables of a service, as everyone who may run `docker inspect` reads them."""
        pairs = (entry.partition("=") for entry in self._container(service).attrs["Config"]["Env"] or [])
        return {name: value for name, _, value in pairs}

    def exec(self, service: str, *command: str) -> image.Output:
        """Run a command in a running service.

        Raises:
            APIError: where the engine cannot: the service does not run.
            TookTooLong: where it does not end in time; it goes with the stack.
        """
        api = connect().api
        made = api.exec_create(self._container(service).id, list(command))
        # The SDK waits for the next byte of a command without a limit of its own.
        told = image.within(
            _EXEC_SECONDS, f"`{' '.join(command)}` in {service}", lambda: image.end_of(api.exec_start(made["Id"], stream=True))
        )
        return image.Output(told, api.exec_inspect(made["Id"])["ExitCode"])

    def logs(self, service: str, tail: int | str = "all") -> str:
        """What a service wrote: its last `tail` lines, or all, as far as a page can hold it (the last MiB)."""
        chunks = self._container(service).logs(tail=tail, stream=True, follow=False)
        return image.within(_LOG_SECONDS, f"Reading the log of {service}", lambda: image.end_of(chunks))

    def url(self, service: str, port: int | None = None) -> str:
        """Where a service is found on this machine, as `http://127.0.0.1:32768`.

        Args:
            service: its name.
            port: the port in the container; may be left out where it publishes one only.

        Raises:
            StackError: where it does not publish that port.
        """
        port, places = self._port(service, port), published(self._container(service))
        if port not in places:
            raise StackError(f"{service} does not run: see its logs.")
        return f"http://{places[port]}"

    def ask(self, service: str, path: str = "/", port: int | None = None) -> image.Answer:
        """Ask a service for `path` over HTTP from this machine, again and again until it answers.

        Raises:
            NoAnswer: where nothing answers in time; the message holds the container's last words.
        """
        return image.answer(self._container(service), self._port(service, port), path)

    def says(self, service: str, words: str, path: str = "/", port: int | None = None) -> bool:
        """Whether a service answers with these words in it; unlike `ask`, it takes no answer for a no, as while a container restarts."""
        try:
            return words in self.ask(service, path, port).text
        except image.NoAnswer:
            return False

    def reach(self, *targets: str, sources: Iterable[str] | None = None, limit: float = 3.0) -> tuple[probe.Reach, ...]:
        """Knock at each target from each source.

        Args:
            targets: `service` (its name), `service:port`, `http://service:port/path` or `postgres://service:port`.
            sources: services, and `probe.HERE` for this machine and the published ports; all services where None.
            limit: seconds for each try.

        Raises:
            ValueError: where a target is none of these.
        """
        for target in targets:
            knock.split(target)
        names = dict.fromkeys(container.labels[OF_SERVICE] for container in self._containers()) if sources is None else sources
        with ThreadPoolExecutor() as pool:
            return tuple(itertools.chain.from_iterable(pool.map(lambda source: self._reach(source, targets, limit), names)))

    def declared(self) -> tuple[compose.Declared, ...]:
        """The services as the Compose file declares them, ports of this machine included, as Compose reads it now.

        Raises:
            StackFailed: where the file has been changed since, and is not valid any more.
        """
        verdict, config = compose.read(self.folder, self.file, self.project, self.variables, self.over)
        if verdict.error:
            raise StackFailed(f"{self.file} is not valid any more. Compose says:\n{verdict.error}")
        return compose.declared(config)

    def topology(self, *targets: str, limit: float = 3.0) -> Topology:
        """What the file declares beside what runs, and who reaches whom.

        Args:
            targets: where each service knocks, as for `reach`; where none is named, at each port that a service declares or its
                image exposes, and at the name of a service that has none.
            limit: seconds for each try.

        Raises:
            ValueError: where a target is none of these.
        """
        declared, services = self.declared(), self.services()
        doors: dict[str, set[int]] = {each.name: {*each.ports, *each.exposed} for each in declared if not each.profiles}
        for container in self._containers():
            exposed = (port.partition("/") for port in container.attrs["Config"].get("ExposedPorts") or {})
            doors.setdefault(container.labels[OF_SERVICE], set()).update(int(port) for port, _, protocol in exposed if protocol == "tcp")
        own = [f"{name}:{port}" if port else name for name in sorted(doors) for port in sorted(doors[name]) or [0]]
        inside = self.reach(*(targets or own), limit=limit)
        known = {each.name: each for each in declared if each.name in doors}
        published = {f"{each.name}:{port}" for each in known.values() for port in each.ports}
        published |= {f"{s.name}:{port}" for s in services for port in s.published if s.name not in known or port not in known[s.name].udp}
        return Topology(self.file, declared, services, inside + self.reach(*sorted(published), sources=[probe.HERE], limit=limit))

    def stop(self, service: str) -> Stopped:
        """Stop a service, and say how long it took and how it ended."""
        container = self._container(service)
        started = time.monotonic()
        self._compose("stop", service)
        seconds = time.monotonic() - started
        container.reload()
        return Stopped(seconds, container.attrs["State"]["ExitCode"])

    def restart(self, service: str) -> None:
        """Restart a service; its free published port may be another one afterwards."""
        self._compose("restart", "--no-deps", service)

    def kill(self, service: str, signal: str = "KILL") -> None:
        """Send `signal` to process 1 of a service."""
        self._compose("kill", "--signal", signal, service)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Let `docker compose watch` follow the files named under `develop`, as long as the block runs.

        Raises:
            StackError: where it ends at once, as it does where no service has a `watch`.
            TookTooLong: where it does not begin in time.
        """
        with self._files() as files:
            watcher = start("compose", *files, "watch", "--no-up", cwd=self.folder, environment=self.variables)
            said: list[str] = []
            listener = Thread(target=lambda: said.extend(watcher.stderr), daemon=True)  # a full pipe would hold it up
            listener.start()
            try:
                what = f"{self.file}: the start of docker compose watch"
                if not image.within(_WATCH_SECONDS, what, lambda: any("Watch enabled" in line for line in watcher.stdout)):
                    listener.join(_WATCH_SECONDS)
                    raise StackError(f"{self.file}: docker compose watch says: {compose.words(''.join(said), self.folder, self.project)}")
                Thread(target=watcher.stdout.read, daemon=True).start()
                yield
            finally:
                end(watcher)

    def down(self) -> None:
        """Remove its containers, networks, volumes and the images built for it. Nothing is given time to finish."""
        self._compose("down", "--volumes", "--remove-orphans", "--timeout", "0")
        for built in connect().api.images(filters={"label": f"{OF_PROJECT}={self.project}"}):
            connect().images.remove(built["Id"], force=True)

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.down()

    def _port(self, service: str, port: int | None) -> int:
        wished = self._container(service).attrs["HostConfig"]["PortBindings"] or {}  # they stand here while it restarts, too
        have = sorted({int(entry.partition("/")[0]) for entry in wished})
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
            return probe.silent(probe.HERE, [target], "not published", f"{host} publishes: {', '.join(map(str, have)) or 'nothing'}")
        return probe.outside(target, (have or {}).get(port), limit)

    @contextmanager
    def _files(self) -> Iterator[list[str]]:
        with tempfile.TemporaryDirectory() as place:
            added = Path(place) / "run.yaml"
            added.write_text(self.override)
            yield ["--project-name", self.project, *compose.files(self.file, *self.over, str(added))]

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
            raise StackError(f"{self.file}: docker compose {arguments[0]} says: {compose.words(done.stderr)}")


def name(recipe: str) -> str:
    """A name for a Compose project that nobody else has."""
    return f"{re.sub(r'[^a-z0-9_-]', '-', recipe.lower())}-{run.RUN}-{next(_count)}".lstrip("_-")


def up(
    folder: Path,
    file: str,
    recipe: str,
    services: Iterable[str] = (),
    wait: bool = True,
    free_ports: bool = True,
    profiles: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    project: str | None = None,
    heard: Callable[[str], None] = lambda line: None,
    limit: int = WAIT_SECONDS,
    over: Iterable[str] = (),
    seconds: float = _UP_SECONDS,
) -> Stack:
    """Bring a Compose file up through `docker compose up --build --detach`.

    A second file, made for the run, adds the labels of this run, names built images after the project, and publishes each port
    on a free one of 127.0.0.1. The file itself stays as it is.

    Args:
        folder: where the file lies.
        file: the Compose file.
        recipe: the name that labels what is made.
        services: what to bring up, with what it depends on; all where none is named.
        wait: until all are running and healthy (Compose's `--wait`).
        free_ports: False keeps the ports of the file.
        profiles: the profiles to switch on.
        environment: values for the variables in the file.
        project: Compose's name for it; a new one where None.
        heard: called with each line of Compose's progress as it comes.
        limit: seconds that `wait` waits.
        over: further Compose files, each laid over those before it.
        seconds: how long all of it may take, builds included.

    Raises:
        StackFailed: where Compose refuses; what it had made is gone by then.
    """
    project = project or name(recipe)
    environment = {variable: str(value) for variable, value in (environment or {}).items()}
    over = tuple(over)
    verdict, config = compose.read(folder, file, project, environment, over)
    if verdict.error:
        raise StackFailed(f"{file} is not valid.{advice(verdict.error)}\nCompose says:\n{verdict.error}")
    added = compose.override(config, project, run.labels(recipe), free_ports)
    stack = Stack(project, file, recipe, verdict.warnings, added, folder, dict(environment or {}), over)
    chosen = [part for profile in profiles for part in ("--profile", profile)]
    waiting = ["--wait", "--wait-timeout", str(limit)] if wait else []
    try:
        with stack._files() as files:
            command = [*files, *chosen, "up", "--build", "--detach", *waiting, *services]
            began = time.monotonic()

            def bring_up() -> subprocess.CompletedProcess[str]:
                left = max(began + seconds - time.monotonic(), 1)
                return tool("compose", *command, cwd=folder, timeout=left, heard=heard, environment=environment)

            done = bring_up()
            if done.returncode and away(done.stdout + done.stderr):
                done = bring_up()
            deadline = time.monotonic() + _NETWORK_SECONDS
            while done.returncode and no_network_left(done.stderr) and time.monotonic() < deadline:
                _sweep(stack)  # who waits holds nothing: two that keep one network each would wait for ever
                time.sleep(_AGAIN_SECONDS)
                done = bring_up()
        if done.returncode:
            said = compose.words(done.stderr, folder, project, done.stdout)
            last = _last_words(stack)
            step = advice(last) or away(done.stdout + done.stderr) or advice(said)
            raise StackFailed(f"{file} does not come up.{step}\nCompose says:\n{said}{last}")
    except TookTooLong:
        _sweep(stack)
        raise StackFailed(f"{file} did not come up within {seconds:g} seconds.") from None
    except BaseException:
        _sweep(stack)
        raise
    return stack


def no_network_left(said: str) -> bool:
    """Whether the engine says that its address pools are used up."""
    return bool(re.search(NO_NETWORK_LEFT, said))


def network(name: str, recipe: str) -> Network:
    """Make a network with our labels; wait, within a limit, where the engine has no address range left."""
    deadline = time.monotonic() + _NETWORK_SECONDS
    while True:
        try:
            return connect().networks.create(name, labels=run.labels(recipe))
        except APIError as problem:
            if not no_network_left(str(problem.explanation)) or time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_SECONDS)


def _last_words(stack: Stack) -> str:
    """The last lines of each service that is not well; nothing where the engine cannot be asked any more."""
    try:
        return "".join(_words_of(stack))
    except OF_THE_ENGINE:
        return ""


def _words_of(stack: Stack) -> Iterator[str]:
    for container in stack._containers():
        state = container.attrs["State"]
        health = state.get("Health", {})
        if state["Status"] in ("exited", "restarting", "dead") or health.get("Status") in ("starting", "unhealthy"):
            try:
                words = container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
                why = image.out_of_memory(container)
            except APIError:  # it went away at that moment
                continue
            service = container.labels[OF_SERVICE]
            if health.get("Log"):
                check = health["Log"][-1]
                told = "\n".join(check["Output"].strip().splitlines()[-_LAST_LINES:])
                yield f"\n\n{service}'s health check (exit code {check['ExitCode']}) said:\n{told or '(nothing)'}"
            yield f"\n\n{service} ({state['Status']}, exit code {state['ExitCode']}) said:\n{words or '(nothing)'}"
            yield f"\n{why}" if why else ""


def _sweep(stack: Stack) -> None:
    """Remove what a failed `up` made; its own error is the one to be told."""
    try:
        stack.down()
    except (Trouble, *OF_THE_ENGINE):
        pass


def _service(container: Container) -> Service:
    attributes = container.attrs
    state, networks = attributes["State"], attributes["NetworkSettings"]["Networks"]
    uid, command = _process_one(container)
    return Service(
        name=container.labels[OF_SERVICE],
        container=container.name,
        state=state["Status"],
        exit_code=state["ExitCode"],
        health=state.get("Health", {}).get("Status", ""),
        restarts=attributes["RestartCount"],
        addresses={name: network["IPAddress"] for name, network in sorted(networks.items()) if network["IPAddress"]},
        published=published(container),
        command=command,
        uid=uid,
    )


def published(container: Container) -> dict[int, str]:
    """Port in the container → address on this machine, as `127.0.0.1:32768`."""
    ports = container.attrs["NetworkSettings"]["Ports"] or {}
    udp_first = sorted(ports.items(), reverse=True)  # where both have the same number, the one that can be asked counts
    bound = {int(port.partition("/")[0]): places[0] for port, places in udp_first if places}
    return {port: f"{'127.0.0.1' if at['HostIp'] in EVERYWHERE else at['HostIp']}:{at['HostPort']}" for port, at in bound.items()}


def _process_one(container: Container) -> tuple[int | None, str]:
    """User and command line of process 1: not what the file says, since a shell or an init may stand in between."""
    try:
        rows = container.top(ps_args="-eo pid,uid,args")["Processes"] or []  # none where it ends at that moment
    except APIError:
        return None, ""
    return next(((int(row[1]), " ".join(row[2:])) for row in rows if row[0] == str(container.attrs["State"]["Pid"])), (None, ""))
