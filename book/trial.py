"""A reader's own version of a recipe's file: built or brought up from a copy, measured, and shown beside the book's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .engine import labels
from .files.compose import ComposeFile
from .measure import image, up
from .measure.build_output import ANSI
from .measure.image import Image
from .measure.probe import Reach
from .places import ROOT
from .recipe import Recipe
from .show.connectivity import connectivity
from .show.editor import Editor, Tell, Work
from .show.html import Piece, joined
from .show.layers import layers
from .show.services import services
from .show.sizes import sizes

_STEP = re.compile(r"^(?:Step (\d+)/(\d+) :|#\d+ \[(?:\S+ +)?(\d+)/(\d+)\] )")  # of the SDK's builder, and of buildx
YOURS = "yours"


def try_it(
    recipe: Recipe, file: str = "Dockerfile", beside: Iterable[Image | Reach] = (), reach: Iterable[str] = (), **arguments: str
) -> Editor:
    """An editor with a file of a recipe, in which a reader builds or brings up a version of their own, and sees it measured.

    It works on a copy. A Compose file goes down again when it has been measured.

    Args:
        recipe: the recipe.
        file: a Dockerfile or a Compose file in its folder.
        beside: what the book measured: images, to be shown beside the reader's, or for a Compose file what `stack.reach` returned;
            if none is given, the book's Compose file is brought up and measured, too.
        reach: for a Compose file, what each of its services tries to reach, as for `stack.reach`.
        arguments: values for the Dockerfile's `ARG`s, or for the variables in the Compose file.

    Raises:
        RecipeError: if there is no such file.
        ValueError: if `reach` is given for a Dockerfile.
    """
    beside, reach = tuple(beside), tuple(reach)
    images, tries = (tuple(each for each in beside if isinstance(each, Image)), tuple(each for each in beside if isinstance(each, Reach)))
    title, text = f"{recipe.name}/{file}", recipe.read(file)
    folder = f"recipes/{recipe.name}" if (ROOT / "recipes" / recipe.name).is_dir() else recipe.name
    # A name that only this run knows means nothing to a reader, and no longer exists after the run.
    values = [f"{name}={shlex.quote(value)}" for name, value in arguments.items() if labels.RUN not in value]
    if file.endswith((".yaml", ".yml")):
        command = " ".join([*values, shlex.join(["docker", "compose", "--file", file, "up", "--build"])])
        return Editor(title, text, "Up", (f"cd {shlex.quote(folder)}", command), _Copy(recipe, file, arguments).up(tries, reach))
    if reach:
        raise ValueError(f"{file} is no Compose file: nothing runs that `reach` could connect to.")
    given = [part for value in values for part in ("--build-arg", value)]
    command = " ".join(["docker", "build", "--file", shlex.quote(file), *given, "."])
    return Editor(title, text, "Build", (f"cd {shlex.quote(folder)}", command), _Copy(recipe, file, arguments).build(images))


class _Copy:
    """A copy of a recipe that is made when it is first needed, in which the reader's text takes the place of one file."""

    def __init__(self, recipe: Recipe, file: str, arguments: Mapping[str, str]) -> None:
        self._recipe, self._file, self._arguments = recipe, file, dict(arguments)
        self._copy: Recipe | None = None

    def _write(self, text: str) -> Recipe:
        self._copy = self._copy or self._recipe.copy()
        (self._copy.path / self._file).write_text(text)
        return self._copy

    def build(self, beside: tuple[Image, ...]) -> Work:
        def work(text: str, tell: Tell) -> Piece:
            copy = self._write(text)
            bases = copy.bases(self._file, **self._arguments)
            built = image.build(
                copy.path,
                self._file,
                copy.name,
                bases=bases,
                arguments=self._arguments,
                heard=lambda line: _tell(line, tell),
            )
            yours = replace(built, name=YOURS)
            return _together(sizes(*beside, yours), layers(yours.contents()))

        return work

    def up(self, beside: tuple[Reach, ...], reach: tuple[str, ...]) -> Work:
        book = list(beside)

        def work(text: str, tell: Tell) -> Piece:
            shown, mine = self._measured(self._write(text), reach, tell)
            if reach and not book:
                tell("the book's version, to be shown beside yours …")
                book.extend(self._measured(self._write(self._recipe.read(self._file)), reach, tell)[1])
            both = [(mine, YOURS), (book, "the book's")]
            named = [replace(each, source=f"{each.source} ({whose})") for found, whose in both for each in found]
            return _together(shown, *([connectivity(named)] if named else []))

        return work

    def _measured(self, copy: Recipe, reach: tuple[str, ...], tell: Tell) -> tuple[Piece, tuple[Reach, ...]]:
        file = ComposeFile(copy.path, self._file, environment=self._arguments)
        with up.up(file, copy.name, heard=lambda line: _tell(line, tell)) as running:
            shown = services(running.services())
            tell("measuring …")
            return shown, running.reach(*reach) if reach else ()


def _tell(line: str, tell: Tell) -> None:
    plain = ANSI.sub("", line).rstrip()
    step = _STEP.match(plain)
    done, of = (int(number) for number in step.groups() if number) if step else (0, 0)
    tell(plain, done, of)


def _together(*pieces: Piece) -> Piece:
    return Piece(joined(piece.html for piece in pieces), "\n\n".join(piece.text for piece in pieces))
