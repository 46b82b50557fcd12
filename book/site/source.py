"""The folder that Jupyter Book reads: the pages, and each chapter with the newest outputs that there are."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from ..chapters.chapter import Chapter, chapters, executed_here
from ..places import ROOT

FOLDER = ROOT / "_build/source"
_PARTS = ("_config.yml", "_toc.yml", "book/pages", "book/assets", "book/new/template")  # a page shows the template
_COMMITTED = "committed.json"
_NOT_RUN = "the chapters have not been run on this machine yet (make book runs them)"


@dataclass(frozen=True)
class Committed:
    """The chapters whose outputs came with the book, since none were made on this machine.

    Attributes:
        chapters: their names.
        some: whether other chapters have outputs of this machine.
        because: why, as the rest of a sentence.
    """

    chapters: tuple[str, ...]
    some: bool
    because: str


def choose() -> dict[Chapter, Path]:
    """For each chapter the file to show: what ran on this machine if nothing has changed since then, else the committed one."""
    return {chapter: chapter.executed if executed_here(chapter) else chapter.path for chapter in chapters()}


def lay(because: str = "") -> Path:
    """Make the folder anew and return it. Copies, since Sphinx follows a symbolic link out of the folder and loses the page's address.

    Args:
        because: why chapters were not run on this machine; empty if nothing hindered it.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    for part in _PARTS:
        old, new = ROOT / part, FOLDER / part
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(old, new) if old.is_dir() else shutil.copy(old, new)
    (FOLDER / "notebooks").mkdir()
    chosen = choose()
    for chapter, file in chosen.items():
        shutil.copy(file, FOLDER / "notebooks" / chapter.path.name)
    names = tuple(chapter.name for chapter, file in chosen.items() if file == chapter.path)
    found = Committed(names, len(names) < len(chosen), because or _NOT_RUN)
    (FOLDER / _COMMITTED).write_text(json.dumps(asdict(found)))
    return FOLDER


def committed(folder: Path) -> Committed:
    """Which chapters in a source folder have outputs that came with the book."""
    found = json.loads((folder / _COMMITTED).read_text())
    return Committed(tuple(found["chapters"]), found["some"], found["because"])
