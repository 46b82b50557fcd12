"""The chapters, and which of them are stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from ..places import ROOT
from ..recipe import Recipe
from ..trouble import Trouble

NOTEBOOKS = ROOT / "notebooks"
RAN = ROOT / "_build/ran.json"  # which outputs are of this machine; a fresh clone has none
_REACHED = ("engine", "files", "measure", "show")  # folders of the package that `import book` loads


@dataclass(frozen=True)
class Chapter:
    """A notebook and the recipe folder of the same name."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def recipe(self) -> Recipe:
        """The recipe that the chapter runs."""
        return Recipe(self.name)

    def read(self) -> nbformat.NotebookNode:
        """The notebook as it lies on the disk."""
        return nbformat.read(self.path, as_version=4)

    def digest(self) -> str:
        """A digest of all that decides what the chapter shows: its cells, its recipe, and the package."""
        cells = [[cell.cell_type, cell.source, cell.metadata.get("tags", [])] for cell in self.read().cells]
        parts = [json.dumps(cells), self.recipe.digest(), _package_digest()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def chapters(starting: Sequence[str] = ()) -> list[Chapter]:
    """The book's chapters in order, or those whose names start with one of `starting`.

    Raises:
        Trouble: where no chapter's name starts so.
    """
    every = [Chapter(path) for path in sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))]
    found = [chapter for chapter in every if not starting or chapter.name.startswith(tuple(starting))]
    if starting and not found:
        names = ", ".join(chapter.name for chapter in every)
        raise Trouble(f"No chapter's name starts with {' or '.join(starting)}. The chapters: {names}.")
    return found


def stale(of: Sequence[Chapter]) -> list[Chapter]:
    """Those whose outputs are not of this machine, or older than their cells, their recipe or the package."""
    ran = json.loads(RAN.read_text()) if RAN.exists() else {}
    return [chapter for chapter in of if not ran.get(chapter.name) == chapter.digest() == recorded(chapter)]


def recorded(chapter: Chapter) -> str | None:
    """The digest that was written into the notebook when its outputs were made."""
    return chapter.read().metadata.get("book", {}).get("digest")


def _package_digest() -> str:
    """A digest of all of the package that a chapter can reach, with the names of its files."""
    total = hashlib.sha256()
    for file in reached():
        total.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def reached() -> list[Path]:
    """The files of the package that a chapter can reach, in a fixed order: its modules and the styles that they read."""
    top = [file for file in (ROOT / "book").glob("*.py") if file.name not in ("__main__.py", "progress.py")]
    below = [file for folder in _REACHED for kind in ("*.py", "*.css") for file in (ROOT / "book" / folder).rglob(kind)]
    return sorted([*top, *below])
