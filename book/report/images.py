"""The images of a project: built by the real Compose, measured as the chapters measure, and built again after one file was touched."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from docker.utils import exclude_paths

from ..advice import advice
from ..engine import connect, leftovers
from ..engine.plugins import tool
from ..files import compose
from ..files.dockerfile import mode_argument, stages
from ..files.port import tcp
from ..measure import image, up
from ..measure.build_output import Step, steps
from ..measure.contents import Contents
from ..measure.image import Image
from ..trouble import TookTooLong, Trouble
from .project import Build, Project
from .starts_from import bases

_UNWANTED = (".git", ".env", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".tox")
_SOURCE = (".py", ".js", ".ts", ".tsx", ".jsx", ".go", ".rb", ".rs", ".java", ".php", ".html", ".css")
_NO_SOURCE = re.compile(r"(?:^|/)(?:setup|conftest|noxfile|manage)\.py$|(?:^|/)(?:tests?|docs?|migrations)/|config\.[jt]s$")
_WORDS = {"development": ("development", "dev"), "production": ("production", "prod")}


@dataclass(frozen=True)
class Rebuild:
    """A build after one file was touched: the file, the steps, and the seconds of it all."""

    touched: str
    steps: tuple[Step, ...]
    seconds: float


@dataclass(frozen=True)
class Variant:
    """The same Dockerfile for development or for production.

    Attributes:
        asked: the option that was given to the build.
        chosen_by: the stage or the `ARG` that this option names.
        size: its bytes.
        packages: its Python packages.
    """

    asked: str
    chosen_by: str
    size: int
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Built:
    """One image of the project, measured.

    Attributes:
        build: what was built.
        image: its measurements.
        contents: what is in its layers.
        bases: the names of the images that it starts from.
        folder: bytes of its context, of all files that nothing keeps from the builder.
        files: how many those are.
        ignored: the file that keeps files from the builder; empty if there is none.
        unwanted: what is in the context and no image needs.
        user: whom its containers run as; empty for root.
        ports: the TCP ports that it exposes.
        command: what its containers run, entrypoint first.
        history: the steps as the engine keeps them, values of arguments included.
        environment: the variables that every container of it has.
        rebuild: the build after one file was touched; None if there was no file to touch.
        variants: development and production, where the Dockerfile tells the two apart.
    """

    build: Build
    image: Image
    contents: Contents
    bases: tuple[str, ...]
    folder: int
    files: int
    ignored: str
    unwanted: tuple[str, ...]
    user: str
    ports: tuple[int, ...]
    command: tuple[str, ...]
    history: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    rebuild: Rebuild | None = None
    variants: tuple[Variant, ...] = ()


class NotBuilt(Trouble):
    """A build failed; the message contains the builder's output."""


class Builder:
    """Builds the images of a project under one name of their own.

    Args:
        project: the project, where it may be built.
        place: a folder of ours for the file that tells Compose what to build.
        limit: seconds for each build.
    """

    def __init__(self, project: Project, place: Path, limit: float) -> None:
        self._project, self._file, self._limit = project, place / "images.yaml", limit
        self._name = up.name(project.name)

    def build(self, build: Build, **settings: object) -> tuple[str, str, float]:
        """Build once; returns the image's tag, what the builder said, and the seconds.

        Raises:
            NotBuilt: where the builder refuses, or does not end in time.
        """
        service = re.sub(r"[^a-z0-9]+", "-", "-".join([build.name, *map(str, settings.values())]).lower()).strip("-")
        tag = f"{self._name}-{service}"
        told = {**build.settings.raw, **settings, "labels": leftovers.labels(self._project.name)}
        raw = self._project.config.raw
        shared = {kind: raw[kind] for kind in ("secrets", "configs") if kind in raw}
        # One build may take another one's image as a context, and Compose looks for it among the services.
        others = {
            name: {"image": f"{self._name}-{name}", "build": {**other.build.raw, "labels": told["labels"]}}
            for name, other in self._project.config.services.items()
            if other.build
        }
        self._file.write_text(yaml.safe_dump({"services": {**others, service: {"image": tag, "build": told}}, **shared}))
        command = ["--project-name", self._name, "--progress", "plain", "--file", str(self._file), "build", service]
        started = time.monotonic()
        try:
            done = tool("compose", *command, cwd=self._file.parent, timeout=self._limit)
        except TookTooLong as problem:
            raise NotBuilt(str(problem)) from None
        if done.returncode:
            said = compose.words(done.stderr, self._project.folder, self._name, done.stdout)
            raise NotBuilt(f"{build.dockerfile} cannot be built.{advice(said)}\nThe builder says:\n{said}")
        return tag, done.stdout + done.stderr, time.monotonic() - started

    def measure(self, build: Build) -> Built:
        """Build an image and measure it.

        Raises:
            NotBuilt: where the builder refuses.
        """
        tag, said, seconds = self.build(build)
        starts_from = bases(self._project, build)
        measured = image.measure(tag, build.name, starts_from, seconds, said)
        on_engine = connect().images.get(tag)
        known = on_engine.attrs["Config"]
        return Built(
            build,
            measured,
            measured.contents(),
            starts_from,
            *_sent(build),
            known.get("User") or "",
            tcp(known.get("ExposedPorts")),
            (*(known.get("Entrypoint") or ()), *(known.get("Cmd") or ())),
            tuple(step["CreatedBy"] for step in on_engine.history()),
            dict(entry.partition("=")[::2] for entry in known.get("Env") or ()),
        )

    def again(self, built: Built) -> Built:
        """Touch one source file of the copy, build again, and put the file back."""
        context = Path(built.build.settings.context)
        file = _source(context, built.ignored)
        if file is None:
            return built
        before, known = file.read_bytes(), file.stat()
        try:
            file.write_bytes(before + _line_never_seen())
            _, said, seconds = self.build(built.build)
        except NotBuilt:
            return built
        finally:
            file.write_bytes(before)
            os.utime(file, (known.st_atime, known.st_mtime))
        return replace(built, rebuild=Rebuild(file.relative_to(context).as_posix(), steps(said), seconds))

    def variants(self, built: Built) -> Built:
        """Build the Dockerfile for development and for production, where it tells the two apart by an `ARG` or by stages."""
        found = []
        for asked, settings in modes(self._project.read(built.build.dockerfile)):
            try:
                tag, _, _ = self.build(built.build, **settings)
            except NotBuilt:
                return built
            measured = image.measure(tag, asked, built.bases)
            found.append(
                Variant(
                    asked,
                    settings.get("target") or next(iter(settings["args"])),
                    measured.size,
                    measured.packages().names if "python" in _programs(built) else (),
                )
            )
        return replace(built, variants=tuple(found))


def modes(dockerfile: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """How a Dockerfile is asked for development and for production: words for it, and settings of the build; none if it is not.

    Args:
        dockerfile: its text.
    """
    named = stages(dockerfile)
    asked: list[tuple[str, Mapping[str, Any]]] = []
    for words in _WORDS.values():
        stage = next((stage for stage in named if stage.lower() in words), None)
        asked += [(f"--target {stage}", {"target": stage})] if stage else []
    if len(asked) == 2:
        return tuple(asked)
    argument = mode_argument(dockerfile)
    word = next((word for word in _WORDS["production"] if re.search(rf"\b{word}\b", dockerfile)), None)
    if not argument or not word:
        return ()
    other = "dev" if word == "prod" else "development"
    return tuple((f"--build-arg {argument}={value}", {"args": {argument: value}}) for value in (other, word))


def ignore_file(build: Build) -> str:
    """The name of the file that keeps files from the builder; empty if there is none."""
    context, name = Path(build.settings.context), Path(build.dockerfile).name
    return next((file for file in (f"{name}.dockerignore", ".dockerignore") if (context / file).is_file()), "")


def _sent(build: Build) -> tuple[int, int, str, tuple[str, ...]]:
    """What a build's context holds: bytes, files, the file that keeps things out, and what no image needs."""
    context, ignored = Path(build.settings.context), ignore_file(build)
    known = _context(context, ignored)
    unwanted = [name for name in _UNWANTED if (context / name).exists() and any(Path(one).parts[:1] == (name,) for one in known)]
    return sum((context / name).lstat().st_size for name in known if not (context / name).is_dir()), len(known), ignored, tuple(unwanted)


def _context(context: Path, ignored: str) -> list[str]:
    """The files of a context that nothing keeps from the builder; none if it is not a folder here, but an address."""
    if not context.is_dir():
        return []
    lines = (context / ignored).read_text(encoding="utf-8-sig", errors="replace").splitlines() if ignored else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [name for name in exclude_paths(str(context), patterns) if not (context / name).is_dir()]


def _source(context: Path, ignored: str) -> Path | None:
    """A source file that is sent to the builder: the one nearest to the top."""
    fit = [
        Path(name).as_posix()
        for name in _context(context, ignored)
        if name.endswith(_SOURCE) and not _NO_SOURCE.search(Path(name).as_posix())
    ]
    own = (name for name in fit if (context / name).is_file() and not (context / name).is_symlink())  # a link may lead to the reader's own
    nearest = min(own, key=lambda name: (name.count("/"), name), default=None)
    return context / nearest if nearest else None


def _line_never_seen() -> bytes:
    """One more line for any source file: blank, and not the same twice, since the builder keeps what it has built once."""
    return b"\n" + bytes(b" \t"[bit == "1"] for bit in f"{secrets.randbits(40):040b}")


def _programs(built: Built) -> str:
    return " ".join([*built.bases, *built.history])
