"""What `docker compose` makes of a Compose file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ..advice import advice
from ..engine.plugins import tool
from ..trouble import TookTooLong, Trouble
from .config import Configuration, ServiceConfig

_LAST_LINES = 12
_LOGGED = re.compile(r'^time="[^"]*" level=(\w+) msg="(.*)"$')
_PROGRESS = re.compile(r"^\s*(?:(?:Container|Network|Volume|Image|Service) \S+\s+[A-Z]\w+|\S+ (?:Pulling|Pulled|Interrupted)\b.*)\s*$")
_PLACE = re.compile(r"^\S.*:\d+$")  # how the builder names the file and the line
NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")  # in the order in which Compose looks for them
_IMAGE = re.compile(r"[\w./:@-]+")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_READ_SECONDS = 30
_CHECK = "docker-recipes-check"  # the project's name where nothing is brought up; it is removed from Compose's output
_DEEPEST = 1000  # values in one another: the parser looks at all of them for each new one
_LARGEST = 5_000_000  # characters of a file, once each alias stands for what it names


class _TooDeep(Exception):
    """A YAML text nests its values beyond measure."""


class NotRead(Trouble):
    """A Compose file would fill the machine or take for ever, so it is not read."""


@dataclass(frozen=True)
class ComposeFile:
    """A Compose file, with all that Compose needs to read it.

    Attributes:
        folder: the folder in which it is, and in which Compose runs.
        name: its name in that folder.
        over: further Compose files, each laid over those before it.
        environment: values for the variables in the files.
    """

    folder: Path
    name: str
    over: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # A reader may write a number: an environment has text only.
        object.__setattr__(self, "environment", {variable: str(value) for variable, value in self.environment.items()})

    def __str__(self) -> str:
        return self.name

    def options(self, *more: str) -> list[str]:
        """The options that let Compose read it.

        Args:
            more: files to lay over all others.
        """
        return [part for name in (self.name, *self.over, *more) for part in ("--file", name)]


@dataclass(frozen=True)
class Check:
    """What `docker compose config` says of a file: its warnings, the error, which is empty if the file is valid, and its exit code."""

    file: str
    warnings: tuple[str, ...]
    error: str
    exit_code: int = 0

    def __str__(self) -> str:
        error = f"{self.error}\n{self.file} is not valid.{advice(self.error)}" if self.error else ""
        return "\n".join([*(f"warning: {warning}" for warning in self.warnings), error or f"{self.file} is valid"])


@dataclass(frozen=True)
class Declared:
    """One service as a Compose file declares it.

    Attributes:
        name: the service.
        networks: network as the file calls it → its name on the engine.
        aliases: network as the file calls it → further names that the service gets on it.
        mode: `host`, `none`, or `service:name`, whose network it shares; empty if it is on networks.
        ports: TCP port in the container → where the file wants it on this machine, as `127.0.0.1:5000` or `80`; empty for any.
        udp: the UDP ports that it publishes; no connection can be tried there.
        exposed: the TCP ports that the file exposes and does not publish.
        depends_on: service → the condition it waits for; only those that have to be there.
        profiles: those that start it; empty if it is always started.
        replicas: how many containers it has.
    """

    name: str
    networks: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mode: str = ""
    ports: Mapping[int, str] = field(default_factory=dict)
    udp: tuple[int, ...] = ()
    exposed: tuple[int, ...] = ()
    depends_on: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    replicas: int = 1


def declared(config: Configuration) -> tuple[Declared, ...]:
    """The services of a file, in the order of their names.

    Args:
        config: what Compose made of it.
    """
    return tuple(_declared(config.services[name], config) for name in sorted(config.services))


def _declared(service: ServiceConfig, config: Configuration) -> Declared:
    return Declared(
        name=service.name,
        networks={key: config.networks[key].name for key in service.networks},
        aliases={key: joined.aliases for key, joined in service.networks.items() if joined.aliases},
        mode=service.network_mode,
        ports={port.container: port.place for port in service.ports if port.is_tcp},
        udp=tuple(port.container for port in service.ports if port.protocol == "udp"),
        exposed=tuple(port.container for port in service.exposed if port.is_tcp),
        depends_on=service.depends_on,
        profiles=service.profiles,
        replicas=service.replicas,
    )


def read(file: ComposeFile, project: str = _CHECK) -> tuple[Check, Configuration]:
    """Let Compose read a file; nothing is started.

    Args:
        file: the Compose file.
        project: Compose's name for it.

    Returns:
        What Compose prints about it, and the configuration that it made of it, which is empty if the file is not valid.

    Raises:
        NotRead: if reading it would fill the machine, or takes too long.
    """
    # All profiles are read, so that a service of one gets its labels too; `up` switches on only those it is told.
    command = ["--project-name", project, *file.options(), "--profile", "*", "config", "--format", "json"]
    for one in (file.name, *file.over):
        try:
            size = _unfolded((file.folder / one).read_text(errors="replace"))
        except _TooDeep:
            raise NotRead(f"{one} is not read: it nests values too deeply, and no Compose file needs that. Take some levels out.") from None
        if size > _LARGEST:
            raise NotRead(f"{one} is not read: its aliases unfold to more than a machine can hold. Take some of them out.")
    try:
        done = tool("compose", *command, cwd=file.folder, environment=file.environment, timeout=_READ_SECONDS)
        beside = tool("compose", "config", "--quiet", cwd=file.folder, timeout=_READ_SECONDS) if _has_rivals(file) else None
    except TookTooLong:
        raise NotRead(f"{file}: docker compose did not read it within {_READ_SECONDS} seconds. Take parts out to find which.") from None
    chosen = [line for line in beside.stderr.splitlines() if "Found multiple" in line or 'msg="Using ' in line] if beside else []
    logged = [found for line in [*chosen, *done.stderr.splitlines()] if (found := _LOGGED.match(line))]
    warnings = (_plain(found[2].replace('\\"', '"'), file.folder, project) for found in logged if found[1] == "warning")
    error = (words(done.stderr, file.folder, project) or "no reason given") if done.returncode else ""
    return Check(file.name, tuple(dict.fromkeys(warnings)), error, done.returncode), Configuration.read(
        {} if error else json.loads(done.stdout)
    )


def images(texts: Iterable[str]) -> set[str]:
    """The images that Compose files start from: those that they name, and build in none of their services.

    Args:
        texts: the text of each file.
    """
    named: set[str] = set()
    built: set[str] = set()
    for keys in (keys for text in texts for keys in _mappings(text)):
        (built if "build" in keys else named).add(keys.get("image") or "")
    return {image for image in named - built if _IMAGE.fullmatch(image)}


def _mappings(text: str) -> Iterator[dict[str | None, str | None]]:
    """Every mapping of a YAML text, whatever its tags and up to its first fault: its keys, with the text of each plain value."""
    inside: list[list[str | None]] = []  # of each collection that is open, its parts in order
    with suppress(_TooDeep):
        for event in _events(text):
            if isinstance(event, yaml.CollectionEndEvent):
                parts = inside.pop()
                if isinstance(event, yaml.MappingEndEvent):
                    yield dict(zip(parts[::2], parts[1::2], strict=False))
            elif isinstance(event, yaml.NodeEvent):
                if inside:
                    inside[-1].append(event.value if isinstance(event, yaml.ScalarEvent) else None)
                if isinstance(event, yaml.CollectionStartEvent):
                    inside.append([])


def _events(text: str) -> Iterator[yaml.Event]:
    """The events of a YAML text up to its first fault, of which Compose tells better; no tree, which has limits of its own.

    Raises:
        _TooDeep: where its values nest beyond measure.
    """
    depth = 0
    with suppress(yaml.YAMLError):
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise _TooDeep
            yield event


def _has_rivals(file: ComposeFile) -> bool:
    """Whether the folder has more than one of the names that Compose looks for by itself; it picks one then, and warns."""
    return file.name in NAMES and sum((file.folder / name).is_file() for name in NAMES) > 1


def _unfolded(text: str) -> int:
    """The characters of a YAML text once each alias stands for what it names: few lines can stand for more than a machine holds.

    Raises:
        _TooDeep: where its values nest beyond measure.
    """
    sizes: dict[str | None, int] = {}
    inside: list[tuple[str | None, int]] = [(None, 0)]
    for event in _events(text):
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append((event.anchor, 1))
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = inside.pop()
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, 1 + len(event.value)
        elif isinstance(event, yaml.AliasEvent):
            anchor, size = None, sizes.get(event.anchor, 0)
        else:
            continue
        sizes[anchor] = size
        inside[-1] = (inside[-1][0], inside[-1][1] + size)
    return max([*sizes.values(), *(size for _, size in inside)], default=0)


def words(stderr: str, folder: Path | None = None, project: str = "", stdout: str = "") -> str:
    """What Compose said at the end, without its progress; for a failed build, the output of the step that failed."""
    lines = [line.rstrip() for line in stderr.splitlines() if line.strip() and not _LOGGED.match(line) and not _PROGRESS.match(line)]
    lines = [line for number, line in enumerate(lines) if not any(line != last and line.endswith(last) for last in lines[number + 1 :])]
    if "failed to solve" in stderr:
        failed = stdout.rstrip().rstrip("-").rpartition("------\n")
        step = failed[2].splitlines() if failed[1] else []
        place = [line for line in lines if _PLACE.match(line)]
        lines = [*(re.sub(r"^[\d.]+ ", "", line) for line in step), *place[-1:], *lines[-1:]]
    return _plain("\n".join(lines[-_LAST_LINES:]), folder, project)


def _plain(text: str, folder: Path | None, project: str) -> str:
    """Without what is different at each run: the folder, the project's name, the engine's ids."""
    if folder:
        text = text.replace(f"{folder}/", "")
        text = text.replace(f"{folder.parent}/", "../") if folder.parent.name else text  # `//` is in every address
    text = re.sub(r" ?\(?\b[0-9a-f]{64}\b\)?", "", text)
    return text.replace(f"{project}-", "").replace(f"{project}_", "") if project else text
