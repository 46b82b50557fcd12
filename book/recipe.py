"""A recipe: a folder with a Dockerfile or a Compose file, as it lies on the disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from docker.models.networks import Network

from .engine import connect, labels, leftovers
from .files import compose
from .files.dockerfile import froms, tagged
from .measure import builder, commands, stack, timeline, tool, up
from .measure.image import Image, build
from .measure.limits import PATIENCE
from .places import ROOT
from .terminal import announced
from .trouble import Trouble

_LARGEST = 1_000_000  # bytes of a file that is read as text
_LISTED = 20  # files that an error names
_JUNK = {"__pycache__", ".pytest_cache", ".ruff_cache", ".DS_Store", ".git", ".vagrant", ".venv", "node_modules"}


class RecipeError(Trouble):
    """A recipe folder lacks what was asked for; the message names the file and what is there instead."""


class Recipe:
    """One recipe folder.

    Args:
        folder: the name of a folder in `recipes/`, or the path of any folder with a Dockerfile or a Compose file.

    Raises:
        RecipeError: where there is no such folder.
    """

    def __init__(self, folder: str | Path) -> None:
        named = ROOT / "recipes" / folder
        is_name = named.parent == ROOT / "recipes" and named.name not in ("", "..")
        self.path = named if is_name and os.path.isdir(named) else Path(os.path.realpath(str(folder).replace("\0", "")))
        self.name = self.path.name
        if not os.path.isdir(self.path):
            have = ", ".join(sorted(p.name for p in (ROOT / "recipes").iterdir() if p.is_dir()))
            raise RecipeError(f"There is no recipe folder {folder!s}. The book has: {have}.")

    def read(self, file: str) -> str:
        """Return the text of one file of the recipe.

        Raises:
            RecipeError: where the file is not there, and the message lists those that are; where it lies outside the folder; where it
                is too large, or no text in UTF-8.
        """
        path = self.path / file
        if not os.path.isfile(path):
            have = [str(f.relative_to(self.path)) for f in self.files()]
            more = f" and {len(have) - _LISTED} more" if len(have) > _LISTED else ""
            raise RecipeError(f"{self.name} has no file {file}. It has: {', '.join(have[:_LISTED]) or 'nothing, it is empty'}{more}.")
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise RecipeError(f"{file} leads out of the folder {self.name}: copy what the recipe needs into it.")
        if (size := path.stat().st_size) > _LARGEST:
            raise RecipeError(f"{file} has {size / 1e6:.1f} MB, and a recipe's file at most {_LARGEST / 1e6:g}: move its data elsewhere.")
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as problem:
            line = problem.object[: problem.start].count(b"\n") + 1
            raise RecipeError(f"{file}, line {line}, is not text in UTF-8: save it in that encoding, without a BOM.") from None
        except OSError as problem:
            raise RecipeError(f"{file} cannot be read ({problem.strerror}): look at its rights.") from None

    def files(self) -> tuple[Path, ...]:
        """The files of the recipe in a fixed order, without caches."""
        found = (p for p in self.path.rglob("*") if not _JUNK & set(p.relative_to(self.path).parts))
        return tuple(sorted(p for p in found if p.is_file()))

    def digest(self) -> str:
        """A digest over names and contents of all files: it changes when anything in the folder does."""
        total = hashlib.sha256()
        for file in self.files():
            with file.open("rb") as content:
                name = os.fsencode(file.relative_to(self.path)) + b"\0"
                total.update(name + hashlib.file_digest(content, "sha256").digest())
        return total.hexdigest()

    def bases(self, *dockerfiles: str, **arguments: str) -> tuple[str, ...]:
        """The images that the recipe starts from, as its Dockerfiles and Compose files name them; none that it builds itself.

        Args:
            dockerfiles: the files to read; where none is named, all Dockerfiles and Compose files of the folder.
            arguments: values for the Dockerfiles' `ARG`s.
        """
        names = [] if dockerfiles else [file.relative_to(self.path) for file in self.files()]
        texts = [self.read(name) for name in dockerfiles] or [self.read(str(name)) for name in names if "Dockerfile" in name.name]
        composed = [self.read(str(name)) for name in names if name.suffix in (".yaml", ".yml") and "compose" in name.name]
        found = compose.images(composed) | {image for text in texts for _, image in froms(text, arguments)}
        return tuple(sorted(tagged(image) for image in found if "$" not in image))

    @announced(commands.build)
    def build(self, dockerfile: str = "Dockerfile", target: str | None = None, cache: bool = True, **arguments: str) -> Image:
        """Build an image of this recipe on the engine and measure it.

        Args:
            dockerfile: the Dockerfile in the recipe folder.
            target: the stage to stop at; the last one if None.
            cache: False runs every step again, so that its output is in the log.
            arguments: values for the Dockerfile's `ARG`s.

        Raises:
            RecipeError: if there is no such Dockerfile.
            BuildFailed: if the builder refuses; the message contains the end of its output.
        """
        self._look_at(dockerfile)
        bases = self.bases(dockerfile, **arguments)
        return build(self.path, dockerfile, self.name, bases=bases, target=target, arguments=arguments, cache=cache)

    @announced(commands.check_dockerfile)
    def check_dockerfile(self, dockerfile: str = "Dockerfile", target: str | None = None) -> builder.Check:
        """What `docker build --check` finds in a Dockerfile, without building it.

        Args:
            dockerfile: the Dockerfile in the recipe folder.
            target: the stage to check; the last one if None.

        Raises:
            RecipeError: if there is no such Dockerfile.
            BuildFailed: if the builder here has no such check.
        """
        self._look_at(dockerfile)
        return builder.check(self.path, dockerfile, target)

    def _look_at(self, dockerfile: str) -> None:
        self.read(dockerfile)
        if os.path.lexists(self.path / ".dockerignore"):
            self.read(".dockerignore")  # a builder waits forever at one that is a pipe

    @announced(commands.check)
    def check(self, file: str = "compose.yaml", **environment: str) -> compose.Check:
        """What Compose says of a file of this recipe, without starting anything.

        Args:
            file: the Compose file in the recipe folder.
            environment: values for the variables in the file.

        Raises:
            RecipeError: where there is no such file.
        """
        return compose.read(self._compose(file, environment))[0]

    @announced(commands.up)
    def up(
        self,
        file: str = "compose.yaml",
        *services: str,
        wait: bool = True,
        free_ports: bool = True,
        profiles: Iterable[str] = (),
        limit: int = up.WAIT_SECONDS,
        **environment: str,
    ) -> stack.Stack:
        """Bring a Compose file of this recipe up, under a name of its own and with free ports of 127.0.0.1.

        Args:
            file: the Compose file in the recipe folder.
            services: what to bring up, with what it depends on; all where none is named.
            wait: until all are running and healthy.
            free_ports: False keeps the ports of the file.
            profiles: the profiles to switch on.
            limit: seconds that `wait` waits.
            environment: values for the variables in the file.

        Raises:
            RecipeError: where there is no such file.
            StackFailed: where Compose refuses; the message contains its last lines.
        """
        composed = self._compose(file, environment)
        return up.up(composed, self.name, services=services, profiles=profiles, wait=wait, free_ports=free_ports, limit=limit)

    def _compose(self, file: str, environment: Mapping[str, str]) -> compose.ComposeFile:
        self.read(file)
        return compose.ComposeFile(self.path, file, environment=environment)

    def tool(self, name: str, *arguments: str, limit: float = tool.LIMIT, **environment: str) -> tool.Said:
        """Run a real tool, `vagrant` or `devcontainer`, in the folder of this recipe, against the engine in use.

        Args:
            name: the tool.
            arguments: its arguments, as on a command line.
            limit: seconds until it is ended.
            environment: variables to set for it.

        Raises:
            ToolMissing: where the tool is not on this machine.
            NotInTime: if it takes longer than `limit`; the message contains its last lines.
        """
        return tool.run(self.path, self.name, name, *arguments, limit=limit, environment=environment)

    @announced(commands.network)
    def network(self, name: str) -> Network:
        """Make a network, as `docker network create` does; it has `remove()`.

        Args:
            name: the last part of its name. As with Compose's own networks, what stands before it is nobody else's.
        """
        return up.network(f"{up.name(self.name)}_{name}", self.name)

    @announced(commands.rebuild)
    def rebuild(self, changed: str, dockerfile: str = "Dockerfile", **arguments: str) -> Image:
        """Build in a copy, change files there, and build again; the log and the seconds are those of the second build.

        Args:
            changed: a folder of the recipe, whose files replace those with the same names; each gets a comment (`#`), so that it is new.
            dockerfile: the Dockerfile in the recipe folder.
            arguments: values for the Dockerfile's `ARG`s.

        Raises:
            RecipeError: if there is no such folder or Dockerfile.
            BuildFailed: if the builder refuses.
        """
        files, twin = [file for file in self.files() if file.parent == self.path / changed], self.copy()
        if not files:
            raise RecipeError(f"{self.name} has no files in a folder {changed}: put the changed files there.")
        again = partial(build, twin.path, dockerfile, self.name, bases=self.bases(dockerfile, **arguments), arguments=arguments)
        again()
        for file in files:
            (twin.path / file.name).write_text(f"{self.read(f'{changed}/{file.name}')}\n# {labels.RUN}\n")
        return again()

    def copy(self) -> Recipe:
        """A copy of the recipe in a temporary folder, for a chapter that edits its files; it goes with the last use of it."""
        place = tempfile.mkdtemp(prefix="recipe-")
        try:
            twin = Recipe(shutil.copytree(self.path, Path(place) / self.name, symlinks=True, ignore=left_out))
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        # Not a TemporaryDirectory: it prints a stack if a file belongs to another user, as do those that a container of a rootless
        # engine made. Such a file stays.
        weakref.finalize(twin, shutil.rmtree, place, ignore_errors=True)
        return twin

    @announced(commands.time_up)
    def time_up(
        self,
        file: str = "compose.yaml",
        *services: str,
        ask: Iterable[str],
        wait: bool = False,
        limit: float = PATIENCE,
        **environment: str,
    ) -> tuple[stack.Stack, timeline.Timeline]:
        """Bring a Compose file up as `up` does, and record what happens when, until all of `ask` has answered.

        Args:
            file: the Compose file in the recipe folder.
            services: what to bring up, with what it depends on; all where none is named.
            ask: `service:port`, `http://service:port/path` or `postgres://service:port`; each must be published.
            wait: whether `up` itself waits until all are running and healthy.
            limit: seconds to wait for answers after `up` has returned.
            environment: values for the variables in the file.

        Raises:
            RecipeError: where there is no such file.
            StackFailed: where Compose refuses; the message contains its last lines.
        """
        composed, project = self._compose(file, environment), up.name(self.name)
        return timeline.time_up(lambda: up.up(composed, self.name, services=services, project=project, wait=wait), project, ask, limit)

    @announced(commands.race)
    def race(
        self, runs: int, file: str = "compose.yaml", *, ask: Iterable[str], wait: bool = False, limit: float = PATIENCE, **environment: str
    ) -> tuple[timeline.Timeline, ...]:
        """Time `up` several times, each from nothing, and take each down again; one that fails has `failed` in its timeline.

        Args:
            runs: how often.
            file: the Compose file in the recipe folder.
            ask: as for `time_up`.
            wait: as for `time_up`.
            limit: as for `time_up`.
            environment: values for the variables in the file.
        """
        composed = self._compose(file, environment)
        return timeline.race(
            lambda project: up.up(composed, self.name, project=project, wait=wait),
            [up.name(self.name) for _ in range(runs)],
            ask,
            limit,
        )

    def down(self) -> None:
        """Remove everything that this run made for its recipes: containers, networks, volumes, images."""
        leftovers.reap(connect(), only=labels.RUN)


def left_out(folder: str, names: list[str]) -> set[str]:
    """What no copy of a recipe has: caches, and what is neither file, folder nor link, such as a pipe or a device."""
    plain = {entry.name for entry in os.scandir(folder) if entry.is_symlink() or entry.is_file() or entry.is_dir()}
    return {name for name in names if name in _JUNK or name not in plain}
