"""The chapters, their outputs, and which of them are stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import nbformat

from ..places import ROOT
from ..recipe import Recipe
from ..trouble import Trouble

NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / "_build/chapters"  # what ran on this machine; a fresh clone has none
# Folders of the package that no chapter can reach. A new folder counts as reached, so that it cannot drop out of the digest unnoticed.
_NOT_REACHED = ("assets", "bench", "chapters", "commands", "engines", "new", "offline", "pages", "report", "site")
_NOT_REACHED_MODULES = ("__main__.py", "progress.py")


@dataclass(frozen=True)
class Chapter:
    """A notebook and the recipe folder of the same name."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @property
    def recipe(self) -> Recipe:
        """The recipe that the chapter runs."""
        return Recipe(self.name)

    @property
    def executed(self) -> Path:
        """The file that a run of the chapter on this machine writes."""
        return EXECUTED / self.path.name

    def read(self) -> nbformat.NotebookNode:
        """The notebook at the chapter's path."""
        return _read(self.path)

    def digest(self) -> str:
        """A digest of everything that decides what the chapter shows: its cells, its recipe, and the package."""
        return _digest(*self._own_parts(), _package_digest())

    def own_digest(self) -> str:
        """A digest of what decides what the chapter claims: its cells and its recipe, without the package that runs them."""
        return _digest(*self._own_parts())

    def _own_parts(self) -> tuple[str, str]:
        cells = [[cell.cell_type, cell.source, cell.metadata.get("tags", [])] for cell in self.read().cells]
        return json.dumps(cells), self.recipe.digest()


def chapters(starting: Sequence[str] = (), folder: Path | None = None) -> list[Chapter]:
    """The book's chapters in order, or those whose names start with one of `starting`.

    Args:
        starting: the starts of names; empty for all chapters.
        folder: the folder of the notebooks; None for the committed ones.

    Raises:
        Trouble: if no chapter's name starts so.
    """
    every = [Chapter(path) for path in sorted((folder or NOTEBOOKS).glob("[0-9][0-9]-*.ipynb"))]
    found = [chapter for chapter in every if not starting or chapter.name.startswith(tuple(starting))]
    if starting and not found:
        names = ", ".join(chapter.name for chapter in every)
        raise Trouble(f"No chapter's name starts with {' or '.join(starting)}. The chapters: {names}.")
    return found


def executed_here(chapter: Chapter) -> bool:
    """Whether the chapter ran on this machine, and its cells, its recipe and the package are still the same."""
    return chapter.executed.exists() and _recorded(chapter.executed) == chapter.digest()


def stale(of: Sequence[Chapter]) -> list[Chapter]:
    """The chapters that did not run on this machine, or have changed since then."""
    return [chapter for chapter in of if not executed_here(chapter)]


def outdated(of: Sequence[Chapter]) -> list[Chapter]:
    """The chapters whose committed outputs are older than their cells, their recipe or the package."""
    return [chapter for chapter in of if recorded(chapter) != chapter.digest()]


def recorded(chapter: Chapter) -> str | None:
    """The digest that was written into the notebook when its outputs were made."""
    return _recorded(chapter.path)


def reached() -> list[Path]:
    """The files of the package that a chapter can reach, in a fixed order: modules, styles and data."""
    package = ROOT / "book"
    top = [file for file in package.glob("*.py") if file.name not in _NOT_REACHED_MODULES]
    folders = [folder for folder in package.iterdir() if folder.is_dir() and folder.name not in _NOT_REACHED]
    below = [file for folder in folders for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return sorted([*top, *below])


def _read(path: Path) -> nbformat.NotebookNode:
    return cast(nbformat.NotebookNode, nbformat.read(path, as_version=4))


def _recorded(path: Path) -> str | None:
    return cast("str | None", _read(path).metadata.get("book", {}).get("digest"))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _package_digest() -> str:
    total = hashlib.sha256()
    for file in reached():
        total.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()
