"""A recipe: a folder with a Dockerfile or a Compose file, as it lies on the disk."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from docker.models.networks import Network

from . import compose, run, stack, timeline
from . import tool as tools
from .engine import ROOT, connect
from .image import Image, build
from .trouble import Trouble

_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
_IMAGE = re.compile(r"^\s+image:\s*['\"]?([\w./:@-]+)", re.MULTILINE)
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
        self.path = named if named.is_dir() else Path(folder).resolve()
        self.name = self.path.name
        if not self.path.is_dir():
            have = ", ".join(sorted(p.name for p in (ROOT / "recipes").iterdir() if p.is_dir()))
            raise RecipeError(f"There is no recipe folder {folder!s}. The book has: {have}.")

    def read(self, file: str) -> str:
        """Return the text of one file of the recipe.

        Raises:
            RecipeError: where the file is not there; the message lists those that are.
        """
        path = self.path / file
        if not path.is_file():
            have = ", ".join(str(f.relative_to(self.path)) for f in self.files())
            raise RecipeError(f"{self.name} has no file {file}. It has: {have}.")
        return path.read_text()

    def files(self) -> tuple[Path, ...]:
        """The files of the recipe in a fixed order, without caches."""
        found = (p for p in self.path.rglob("*") if not _JUNK & set(p.relative_to(self.path).parts))
        return tuple(sorted(p for p in found if p.is_file()))

    def digest(self) -> str:
        """A digest over names and contents of all files: it changes when anything in the folder does."""
        total = hashlib.sha256()
        for file in self.files():
            total.update(f"{file.relative_to(self.path)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
        return total.hexdigest()

    def bases(self, *dockerfiles: str) -> tuple[str, ...]:
        """The images that the recipe starts from, as its Dockerfiles and Compose files name them.

        Args:
            dockerfiles: the files to read; where none is named, all Dockerfiles and Compose files of the folder.
        """
        texts = [self.read(name) for name in dockerfiles] or [f.read_text() for f in self.files() if "Dockerfile" in f.name]
        composed = [] if dockerfiles else [f.read_text() for f in self.files() if f.suffix in (".yaml", ".yml") and "compose" in f.name]
        found = {image for text in composed for image in _IMAGE.findall(text)}
        for text in texts:
            stages = {stage for _, stage in _FROM.findall(text) if stage}
            found |= {image for image, _ in _FROM.findall(text) if image not in stages and image != "scratch"}
        return tuple(sorted(image if ":" in image else f"{image}:latest" for image in found if "$" not in image))

    def build(self, dockerfile: str = "Dockerfile", target: str | None = None, **arguments: str) -> Image:
        """Build an image of this recipe on the engine and measure it.

        Args:
            dockerfile: the Dockerfile in the recipe folder.
            target: the stage to stop at; the last one where None.
            arguments: values for the Dockerfile's `ARG`s.

        Raises:
            RecipeError: where there is no such Dockerfile.
            BuildFailed: where the builder refuses; the message holds the builder's own last words.
        """
        text = self.read(dockerfile)
        return build(self.path, dockerfile, text, self.name, self.bases(dockerfile), target, arguments)

    def check(self, file: str = "compose.yaml", **environment: str) -> compose.Check:
        """What Compose says of a file of this recipe, without starting anything.

        Args:
            file: the Compose file in the recipe folder.
            environment: values for the variables in the file.

        Raises:
            RecipeError: where there is no such file.
        """
        self.read(file)
        return compose.read(self.path, file, environment=environment)[0]

    def up(
        self,
        file: str = "compose.yaml",
        *services: str,
        wait: bool = True,
        free_ports: bool = True,
        profiles: Iterable[str] = (),
        **environment: str,
    ) -> stack.Stack:
        """Bring a Compose file of this recipe up, under a name of its own and with free ports of 127.0.0.1.

        Args:
            file: the Compose file in the recipe folder.
            services: what to bring up, with what it depends on; all where none is named.
            wait: until all are running and healthy.
            free_ports: False keeps the ports of the file.
            profiles: the profiles to switch on.
            environment: values for the variables in the file.

        Raises:
            RecipeError: where there is no such file.
            StackFailed: where Compose refuses; the message holds its own last words.
        """
        self.read(file)
        return stack.up(self.path, file, self.name, services, wait, free_ports, profiles, environment)

    def tool(self, name: str, *arguments: str, limit: float = tools.LIMIT, **environment: str) -> tools.Said:
        """Run a real tool, `vagrant` or `devcontainer`, in the folder of this recipe, against the engine in use.

        Args:
            name: the tool.
            arguments: its arguments, as on a command line.
            limit: seconds until it is ended.
            environment: variables to set for it.

        Raises:
            ToolMissing: where the tool is not on this machine.
            NotInTime: where it takes longer than `limit`; the message holds its last words.
        """
        return tools.run(self.path, self.name, name, *arguments, limit=limit, environment=environment)

    def network(self, name: str) -> Network:
        """Make a network, as `docker network create` does; it has `remove()`.

        Args:
            name: the last part of its name. As with Compose's own networks, what stands before it is nobody else's.
        """
        return stack.network(f"{stack.name(self.name)}_{name}", self.name)

    def copy(self) -> Recipe:
        """A copy of the recipe in a temporary folder, for a chapter that edits its files; it goes with the last use of it."""
        place = tempfile.TemporaryDirectory(prefix="recipe-", ignore_cleanup_errors=True)
        twin = Recipe(shutil.copytree(self.path, Path(place.name) / self.name, ignore=shutil.ignore_patterns(*_JUNK)))
        twin._place = place
        return twin

    def time_up(
        self, file: str = "compose.yaml", *services: str, ask: Iterable[str], wait: bool = False, limit: float = 30.0, **environment: str
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
            StackFailed: where Compose refuses; the message holds its own last words.
        """
        self.read(file)
        project = stack.name(self.name)
        return timeline.time_up(
            lambda: stack.up(self.path, file, self.name, services, wait, environment=environment, project=project), project, ask, limit
        )

    def race(
        self, runs: int, file: str = "compose.yaml", *, ask: Iterable[str], wait: bool = False, limit: float = 30.0, **environment: str
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
        self.read(file)
        return timeline.race(
            lambda project: stack.up(self.path, file, self.name, (), wait, environment=environment, project=project),
            [stack.name(self.name) for _ in range(runs)],
            ask,
            limit,
        )

    def down(self) -> None:
        """Remove everything that this run made for its recipes: containers, networks, volumes, images."""
        run.reap(connect(), only=run.RUN)
