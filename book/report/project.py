"""A reader's folder: its Compose files and Dockerfiles, what Compose makes of them, and the copy in which they are run."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from .. import compose
from ..recipe import froms, tagged
from ..trouble import Trouble

_OVERRIDE = ("compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml")
_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)(?:\.(?!dockerignore$)[\w-]+)?|[\w.-]+\.(?:Dockerfile|dockerfile|Containerfile)")
_SYNTAX = re.compile(r"\s*#\s*syntax\s*=\s*(\S+)", re.IGNORECASE)
STAGE = re.compile(r"^\s*FROM\s.*\sAS\s+(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_FROM_IMAGE = re.compile(r"^\s*(?:COPY|ADD|RUN)\s(?:.*[\s,])?(?:--)?from=([^\s,]+)", re.IGNORECASE | re.MULTILINE)
_JUNK = {".git", ".venv", "venv", "node_modules", "__pycache__", ".tox", "_build"}
_LARGEST = 2_000_000_000  # bytes of a folder that is copied


class NoProject(Trouble):
    """There is nothing to report on; the message says what was looked for."""


@dataclass(frozen=True)
class Build:
    """One image that the project builds.

    Attributes:
        name: the service, or what the Dockerfile is called.
        dockerfile: the file, as the project's folder sees it.
        context: the folder that the builder sees, the same way.
        settings: what Compose takes under `build`, with absolute paths.
        services: the services that run it.
    """

    name: str
    dockerfile: str
    context: str
    settings: Mapping
    services: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A folder with a Dockerfile or a Compose file.

    Attributes:
        folder: where it lies.
        files: its Compose files, each laid over those before it; none where it has Dockerfiles only.
        dockerfiles: every Dockerfile in it, whether Compose names it or not.
        profiles: the profiles to switch on.
        target: the stage at which a build without Compose stops; the last one where empty.
        check: what `docker compose config` says; None without a Compose file.
        config: what Compose made of the files; empty where they are not valid.
        alone: the Dockerfiles to build where there is no Compose file.
    """

    folder: Path
    files: tuple[str, ...]
    dockerfiles: tuple[str, ...]
    profiles: tuple[str, ...] = ()
    target: str = ""
    check: compose.Check | None = None
    config: Mapping = field(default_factory=dict, repr=False)
    alone: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.name

    @property
    def declared(self) -> tuple[compose.Declared, ...]:
        """The services of its Compose files that the chosen profiles switch on."""
        return tuple(each for each in compose.declared(self.config) if self.runs(each.name)) if self.config else ()

    def runs(self, service: str) -> bool:
        """Whether a service is switched on."""
        profiles = set(self.config["services"][service].get("profiles") or ())
        return not profiles or bool(profiles & {*self.profiles}) or "*" in self.profiles

    @property
    def own_images(self) -> frozenset[str]:
        """The names, with their tags, that its files give to images that it builds."""
        services = self.config.get("services", {}).values()
        return frozenset(tagged(service["image"]) for service in services if "build" in service and "image" in service)

    @property
    def builds(self) -> tuple[Build, ...]:
        """The images that it builds: those of its services; without a Compose file, one for each Dockerfile."""
        found: dict[str, Build] = {}
        for name, service in self.config.get("services", {}).items():
            if (settings := service.get("build")) and self.runs(name):
                key = repr(sorted(settings.items(), key=str))
                context = settings["context"]
                file = os.path.join(context, settings.get("dockerfile", "Dockerfile"))
                if os.path.isdir(context):  # else it is the address of a repository, and is called as it is written
                    context, file = self._seen(context), self._seen(file)
                known = found.get(key) or Build(name, file, context, settings, ())
                found[key] = replace(known, services=(*known.services, name))
        for file in self.alone:
            name = called(file, self.folder.name)
            context = self.folder / Path(file).parent
            settings = {"context": str(context), "dockerfile": Path(file).name, **({"target": self.target} if self.target else {})}
            found[file] = Build(name, file, self._seen(context), settings, (name,))
        return tuple(found.values())

    def read(self, file: str) -> str:
        """The text of one of its files; empty where it cannot be read."""
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

    def instruction(self, file: str, pattern: str) -> int:
        """The last line of a Dockerfile that a pattern fits, in small letters or capitals; 0 where none does."""
        found = [number for number, line in enumerate(self.read(file).splitlines(), 1) if re.search(pattern, line, re.IGNORECASE)]
        return found[-1] if found else 0

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
        composed = tuple(next(([name] for name in names if (folder / name).is_file()), []) for names in (compose.NAMES, _OVERRIDE))
        composed = tuple(name for found in composed for name in found) if composed[0] else ()
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
    check, config = compose.read(project.folder, first, _project(project), over=over)
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


@contextmanager
def copied(project: Project, left_out: Iterable[Path] = ()) -> Iterator[Project]:
    """A project in a copy of its folder, so that nothing edits the original.

    Where a build reads more than the folder, all that it reads is copied. The copy lies as deep as the original, and what stands
    beside and above that is linked: a path that leads out of the folder leads to the same file.

    Args:
        project: the project.
        left_out: files of ours that are no part of it.

    Raises:
        NoProject: where that is more than is copied, and where Compose reads the original and not the copy.
    """
    contexts = [build.settings["context"] for build in project.builds if os.path.isdir(build.settings["context"])]
    root = Path(os.path.commonpath([project.folder, *contexts]))
    if root in (Path("/"), Path.home()):
        raise NoProject(f"{project.name} reads all of {root}, which is not copied: put what it needs into a folder of its own.")
    if sum(_size(file) for file in _walk(root)) > _LARGEST:
        limit = f"{_LARGEST / 1e9:g} GB"
        raise NoProject(f"{project.name} is run in a copy, and {root} holds more than {limit}: move its data out of the folder.")
    place = Path(tempfile.mkdtemp(prefix="report-")).resolve()  # as Compose will call it
    try:
        ours = {path.resolve() for path in left_out}
        twin = place.joinpath(*root.parts[1:])
        shutil.copytree(root, twin, symlinks=True, ignore=lambda above, names: _odd(above, names, ours))
        _own(root, twin)
        _link_around(root, place)
        copy = read(replace(project, folder=twin / project.folder.relative_to(root)))
        if copy.check and copy.check.error and not (project.check and project.check.error):
            raise NoProject(f"{project.name} is run in a copy of its folder, and Compose does not read it there:\n{copy.check.error}")
        yield copy
    finally:
        _remove(place)


def _link_around(root: Path, place: Path) -> None:
    """Link what stands beside the original, and beside each folder above it; not the folders of the machine's own root."""
    for above in list(root.parents)[:-1]:
        twin = place.joinpath(*above.parts[1:])
        with suppress(OSError):  # what may not be looked at, or linked, is not there
            for entry in os.scandir(above):
                if not os.path.lexists(twin / entry.name):
                    (twin / entry.name).symlink_to(entry.path)


def _walk(root: Path) -> Iterator[Path]:
    for above, _, names in os.walk(root):
        yield from (Path(above, name) for name in names)


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.lstat().st_size
    return 0


def _odd(above: str, names: list[str], ours: set[Path]) -> set[str]:
    """What no copy has: pipes, sockets and devices, what may not be read, and what is ours."""
    plain = {
        entry.name
        for entry in os.scandir(above)
        if entry.is_symlink() or (((entry.is_file() or entry.is_dir()) and os.access(entry.path, os.R_OK)) and Path(entry.path) not in ours)
    }
    return {name for name in names if name not in plain}


def _own(root: Path, twin: Path) -> None:
    """Give each file of the copy the owner that it has in the original: a container's user may be one of them."""
    if os.name == "nt" or os.geteuid():
        return
    for file in [root, *_walk(root), *(Path(above, name) for above, below, _ in os.walk(root) for name in below)]:
        with suppress(OSError):
            known = file.lstat()
            os.chown(twin / file.relative_to(root), known.st_uid, known.st_gid, follow_symlinks=False)


def _remove(place: Path) -> None:
    """Remove the copy; what a container's root wrote into it goes through a container where we may not."""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        from ..engine import connect
        from ..probe import _python
        from ..run import labels

        command = ["python", "-c", "import shutil; shutil.rmtree('/place', ignore_errors=True)"]
        volumes = {str(place): {"bind": "/place", "mode": "rw"}}
        connect().containers.run(_python(), command, entrypoint=[], remove=True, labels=labels("report"), volumes=volumes)
        shutil.rmtree(place, ignore_errors=True)


def bases(project: Project, build: Build) -> tuple[str, ...]:
    """The images that a build starts from; a context that has such a name is none."""
    contexts = build.settings.get("additional_contexts") or ()
    found = (image for _, image in froms(project.read(build.dockerfile), build.settings.get("args")) if image not in contexts)
    return tuple(dict.fromkeys(tagged(image) for image in found if "$" not in image))


def copied_from(project: Project, build: Build) -> tuple[str, ...]:
    """The images that a build takes files from: those behind `--from=` that are neither a stage nor another context."""
    text = project.read(build.dockerfile)
    own = {stage.lower() for stage in STAGE.findall(text)} | set(build.settings.get("additional_contexts") or ())
    found = (image for image in _FROM_IMAGE.findall(text) if image.lower() not in own and not image.isdigit() and "$" not in image)
    return tuple(dict.fromkeys(tagged(image) for image in found))


def frontend(project: Project, build: Build) -> str:
    """The image that the Dockerfile wants to be read by; empty where the builder's own will do."""
    found = _SYNTAX.match(project.read(build.dockerfile))
    return tagged(found[1]) if found else ""


def without_frontend(project: Project, build: Build) -> None:
    """Let the builder's own frontend read a Dockerfile of the copy."""
    file = project.folder / build.dockerfile
    file.write_text(_SYNTAX.sub("#", project.read(build.dockerfile), count=1))
