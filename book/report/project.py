"""A reader's folder: its Compose files and Dockerfiles, what Compose makes of them, and the copy in which they are run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from ..files import compose
from ..files.config import BuildConfig, Configuration, ServiceConfig
from ..files.dockerfile import Instruction, instructions
from ..trouble import Trouble

_OVERRIDE = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml")
_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)(?:\.(?!dockerignore$)[\w-]+)?|[\w.-]+\.(?:Dockerfile|dockerfile|Containerfile)")
_JUNK = {".git", ".venv", "venv", "node_modules", "__pycache__", ".tox", "_build"}


class NoProject(Trouble):
    """There is nothing to report on; the message says what was looked for."""


@dataclass(frozen=True)
class Build:
    """One image that the project builds.

    Attributes:
        name: the service, or what the Dockerfile is called.
        dockerfile: the file, as the project's folder sees it.
        context: the folder that the builder sees, the same way.
        settings: what Compose has under `build`, with absolute paths.
        services: the services that run it.
    """

    name: str
    dockerfile: str
    context: str
    settings: BuildConfig
    services: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A folder with a Dockerfile or a Compose file.

    Attributes:
        folder: where it lies.
        files: its Compose files, each laid over those before it; none if it has Dockerfiles only.
        dockerfiles: every Dockerfile in it, whether Compose names it or not.
        profiles: the profiles to switch on.
        target: the stage at which a build without Compose stops; the last one where empty.
        check: what `docker compose config` says; None without a Compose file.
        config: what Compose made of the files; empty if they are not valid.
        alone: the Dockerfiles to build where there is no Compose file.
    """

    folder: Path
    files: tuple[str, ...]
    dockerfiles: tuple[str, ...]
    profiles: tuple[str, ...] = ()
    target: str = ""
    check: compose.Check | None = None
    config: Configuration = field(default_factory=Configuration, repr=False)
    alone: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.name

    @property
    def declared(self) -> tuple[compose.Declared, ...]:
        """The services of its Compose files that the chosen profiles switch on."""
        return tuple(each for each in compose.declared(self.config) if self.runs(each.name))

    def runs(self, service: str) -> bool:
        """Whether a service is switched on."""
        profiles = self.config.services[service].profiles
        return not profiles or bool({*profiles} & {*self.profiles}) or "*" in self.profiles

    @property
    def services(self) -> tuple[ServiceConfig, ...]:
        """The services that the chosen profiles switch on, in the order of Compose."""
        return tuple(service for name, service in self.config.services.items() if self.runs(name))

    @property
    def own_images(self) -> frozenset[str]:
        """The names, with their tags, that its files give to images that it builds."""
        return self.config.own_images

    @property
    def builds(self) -> tuple[Build, ...]:
        """The images that it builds: those of its services; without a Compose file, one for each Dockerfile."""
        found: dict[str, Build] = {}
        for service in self.services:
            if settings := service.build:
                key = repr(sorted(settings.raw.items(), key=str))
                context, file = settings.context, os.path.join(settings.context, settings.dockerfile)
                if os.path.isdir(context):  # else it is the address of a repository, and is called as it is written
                    context, file = self._seen(context), self._seen(file)
                known = found.get(key) or Build(service.name, file, context, settings, ())
                found[key] = replace(known, services=(*known.services, service.name))
        for file in self.alone:
            name = called(file, self.folder.name)
            folder = self.folder / Path(file).parent
            raw = {"context": str(folder), "dockerfile": Path(file).name, **({"target": self.target} if self.target else {})}
            found[file] = Build(name, file, self._seen(folder), BuildConfig.read(raw), (name,))
        return tuple(found.values())

    def read(self, file: str) -> str:
        """The text of one of its files; empty if it cannot be read."""
        try:
            return (self.folder / file).read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            return ""

    def line(self, *keys: str) -> tuple[str, int]:
        """Where the Compose files say something: the last file that has it, and the line; the nearest key above it where none has.

        Args:
            keys: the way to it, as `services`, `web`, `ports`.
        """
        best: tuple[int, str, int] = (-1, self.files[0] if self.files else "", 0)
        for file in self.files:
            depth, line = _find(self.read(file), keys)
            if depth >= best[0]:
                best = (depth, file, line)
        return best[1:]

    def instructions(self, file: str, *keywords: str) -> tuple[Instruction, ...]:
        """The instructions of one of its Dockerfiles that begin with one of these words; all if none is named."""
        return instructions(self.read(file), *keywords)

    def _seen(self, path: str | Path) -> str:
        return Path(os.path.relpath(path, self.folder)).as_posix()


def find(folder: Path, files: Iterable[str] = (), profiles: Iterable[str] = (), target: str = "") -> Project:
    """Find what is to be reported on, and let Compose read it; nothing is started.

    Args:
        folder: the project's folder.
        files: Compose files, each laid over those before it, or Dockerfiles; the usual names where none is given.
        profiles: the profiles to switch on.
        target: the stage at which a Dockerfile's build stops.

    Raises:
        NoProject: where there is no such folder, or nothing in it that Docker knows.
        compose.NotRead: where reading it would fill the machine.
    """
    if not folder.is_dir():
        raise NoProject(f"There is no folder {folder}: name one with a Dockerfile or a Compose file.")
    named = tuple(files)
    for file in named:
        if not (folder / file).is_file():
            raise NoProject(f"{folder.name} has no file {file}: look at its spelling; the name is seen from that folder.")
    composed = tuple(file for file in named if file.endswith((".yaml", ".yml")))
    alone = tuple(file for file in named if file not in composed)
    if not named:
        first, over = (next((name for name in names if (folder / name).is_file()), "") for names in (compose.NAMES, _OVERRIDE))
        composed = tuple(filter(None, (first, over))) if first else ()
    dockerfiles = tuple(sorted({*_dockerfiles(folder), *alone}))
    if not (composed or dockerfiles):
        raise NoProject(
            f"{folder.name} has neither a Dockerfile nor a Compose file. Looked for: Dockerfile, Containerfile, {compose.NAMES[0]}, …"
        )
    project = Project(folder, composed, dockerfiles, tuple(profiles), target, alone=alone or (() if composed else dockerfiles))
    return read(project)


def read(project: Project) -> Project:
    """Let Compose read the files of a project where it lies now."""
    if not project.files:
        return project
    first, *over = project.files
    check, config = compose.read(compose.ComposeFile(project.folder, first, tuple(over)), _project(project))
    alone = project.dockerfiles if check.error else project.alone  # where Compose refuses, the images can be looked at all the same
    return replace(project, check=check, config=config, alone=alone)


def _project(project: Project) -> str:
    return re.sub(r"[^a-z0-9_-]", "-", project.name.lower()).lstrip("_-") or "project"


def called(dockerfile: str, folder: str) -> str:
    """What the image of a Dockerfile is called: after the file where that has a name of its own, else after its folder."""
    path = Path(dockerfile)
    own = re.sub(r"(?i)^(?:dockerfile|containerfile)\.?|\.(?:dockerfile|containerfile)$", "", path.name)
    name = own or (path.parent.name if path.parent != Path() else folder)
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "app"


def _dockerfiles(folder: Path) -> Iterator[str]:
    for above, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name not in _JUNK)
        yield from (Path(above, name).relative_to(folder).as_posix() for name in sorted(names) if _DOCKERFILE.fullmatch(name))


def _find(text: str, keys: Iterable[str]) -> tuple[int, int]:
    """How many of the keys a YAML text has, and the line of the last one that it has."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return -1, 0
    depth, line = 0, 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == key), None)
        elif isinstance(node, yaml.SequenceNode):  # an item `NAME=value`, or one that has the key somewhere in it
            item = next((v for v in node.value if isinstance(v, yaml.ScalarNode) and re.match(rf"{re.escape(key)}(?:=|$)", v.value)), None)
            pair = (item, item) if item else None
        else:
            pair = None
        if pair is None:
            break
        depth, line, node = depth + 1, pair[0].start_mark.line + 1, pair[1]
    return depth, line
