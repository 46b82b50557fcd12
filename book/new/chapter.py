"""A new chapter: its recipe, its notebook, its test, and its place in the book."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from myst_nb.core.read import read_myst_markdown_notebook

from ..files.compose import NAMES
from ..places import ROOT
from .files import Copied, NoChapter, copy

TEMPLATE = Path(__file__).parent / "template"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST = 50
_IN_CONTENTS = re.compile(r"^( *- file: notebooks/)\d\d-\S+\n", re.MULTILINE)
_CLAIM = "What runs is what the file declares."  # the claim of the template that the first page shows


@dataclass(frozen=True)
class Made:
    """The files of a new chapter.

    Attributes:
        name: the name of the recipe and of its chapter.
        notebook: the path of the chapter.
        recipe: the path of the recipe.
        test: the path of its test.
        copied: the result of copying a project; None if the recipe is from the template.
    """

    name: str
    notebook: Path
    recipe: Path
    test: Path
    copied: Copied | None


def make(name: str, project: Path | None = None, root: Path = ROOT) -> Made:
    """Create a recipe folder, its chapter and a test, and add them to the contents and to the first page.

    Args:
        name: a few words in lowercase, joined by hyphens.
        project: a folder whose files become the recipe; None uses the template.
        root: the clone of the book.

    Raises:
        NoChapter: if the name is not valid or is taken, or the project cannot become a recipe. Then nothing has changed.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        rule = f"use words of lowercase letters a-z and digits, joined by hyphens, at most {_LONGEST} characters, and begin with a letter"
        raise NoChapter(f"{name!r} is not a valid name of a chapter: {rule}. For example: cache-dependencies.")
    taken = sorted(place.stem for folder in ("recipes", "notebooks") for place in (root / folder).glob("[0-9][0-9]-*"))
    same = [other for other in taken if other[3:] == name]
    if same:
        raise NoChapter(f"The chapter {same[0]} exists already: choose another name.")
    number = f"{max((int(other[:2]) for other in taken), default=0) + 1:02}"
    if len(number) > 2:
        raise NoChapter("99 chapters exist already, and the number of a chapter has two digits.")
    chapter = f"{number}-{name}"
    recipe, notebook = root / "recipes" / chapter, root / "notebooks" / f"{chapter}.ipynb"
    test = root / f"tests/engine/test_chapter_{number}.py"
    if test.exists():
        raise NoChapter(f"{test.relative_to(root)} exists already, but no chapter {number}: remove the file first.")
    contents, headlines = root / "_toc.yml", root / "book/pages/recipes.yaml"
    texts = {contents: _with_chapter(contents.read_text(), chapter), headlines: headlines.read_text() + _headline(chapter)}
    with tempfile.TemporaryDirectory(dir=root / "recipes", prefix=".new-") as scratch, ExitStack() as undo:
        folder = Path(scratch) / chapter
        copied = copy(project, folder) if project else None
        if not copied:
            shutil.copytree(TEMPLATE / "recipe", folder)
        words = {"CHAPTER": chapter, "NUMBER": str(int(number)), "TITLE": _title(name), "COMPOSE": copied.compose if copied else NAMES[0]}
        if not copied:
            (folder / "README.md").write_text(_filled((folder / "README.md").read_text(), words))
        have = {"project" if copied else "template", *(["dockerfile"] if (folder / "Dockerfile").exists() else [])}
        undo.callback(shutil.rmtree, recipe, ignore_errors=True)
        for file in (notebook, test):
            undo.callback(file.unlink, missing_ok=True)
        folder.rename(recipe)
        nbformat.write(_notebook(words, have), notebook)
        test.write_text(_filled((TEMPLATE / "test_chapter.py").read_text(), words))
        for file, text in texts.items():
            file.write_text(text)
        undo.pop_all()
    return Made(chapter, notebook, recipe, test, copied)


def _notebook(words: Mapping[str, str], have: set[str]) -> nbformat.NotebookNode:
    """The chapter from its template, with the cells that fit the recipe."""
    read = read_myst_markdown_notebook(_filled((TEMPLATE / "chapter.md").read_text(), words))
    kept = [cell for cell in read.cells if cell.metadata.pop("needs", next(iter(have))) in have]
    for number, cell in enumerate(kept, 1):
        cell["id"] = f"cell-{number:02}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=kept, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    return made


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(rf"\b(?:{'|'.join(words)})\b", lambda found: words[found[0]], text)


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _with_chapter(contents: str, chapter: str) -> str:
    """The contents with a line for the chapter after the last one, indented like it."""
    lines = list(_IN_CONTENTS.finditer(contents))
    if not lines:
        raise NoChapter("_toc.yml lists no chapter, so the new one cannot be added after the last.")
    end = lines[-1].end()
    return f"{contents[:end]}{lines[-1][1]}{chapter}\n{contents[end:]}"


def _headline(chapter: str) -> str:
    row = {"chapter": chapter, "question": f"{_title(chapter[3:])}?", "answer": "Write the answer here, in one line.", "claim": _CLAIM}
    return yaml.safe_dump([row], sort_keys=False, allow_unicode=True, width=200)
