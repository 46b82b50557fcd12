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
_CLAIM = "What runs is what the file declares."  # of the template's, the one that the first page shows


@dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        name: of the recipe and of its chapter.
        notebook: where the chapter lies.
        recipe: where the recipe lies.
        test: where its test lies.
        copied: what became of a project's files; None where the recipe is the template's.
    """

    name: str
    notebook: Path
    recipe: Path
    test: Path
    copied: Copied | None


def make(name: str, project: Path | None = None, root: Path = ROOT) -> Made:
    """Make a recipe folder, its chapter, a test, and their lines in the contents and in the first page's table.

    Args:
        name: a few words in small letters, joined by hyphens.
        project: a folder whose files become the recipe; the template's where None.
        root: the clone of the book.

    Raises:
        NoChapter: where the name cannot be a chapter's or is taken, or the project cannot be a recipe. Nothing has changed then.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        rule = f"at most {_LONGEST} small letters a-z and digits in words that are joined by hyphens, the first beginning with a letter"
        raise NoChapter(f"{name!r} cannot be the name of a chapter: {rule}, as in cache-dependencies.")
    taken = sorted(place.stem for folder in ("recipes", "notebooks") for place in (root / folder).glob("[0-9][0-9]-*"))
    same = [other for other in taken if other[3:] == name]
    if same:
        raise NoChapter(f"There is a chapter {same[0]} already: choose another name.")
    number = f"{max((int(other[:2]) for other in taken), default=0) + 1:02}"
    if len(number) > 2:
        raise NoChapter("There are 99 chapters already, and a name has two digits.")
    chapter = f"{number}-{name}"
    recipe, notebook = root / "recipes" / chapter, root / "notebooks" / f"{chapter}.ipynb"
    test = root / f"tests/engine/test_chapter_{number}.py"
    if test.exists():
        raise NoChapter(f"{test.relative_to(root)} is there already, and there is no chapter {number}: take it away first.")
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
        undo.callback(lambda: [shutil.rmtree(recipe, ignore_errors=True), notebook.unlink(missing_ok=True), test.unlink(missing_ok=True)])
        folder.rename(recipe)
        nbformat.write(_notebook(words, have), notebook)
        test.write_text(_filled((TEMPLATE / "test_chapter.py").read_text(), words))
        for file, text in texts.items():
            file.write_text(text)
        undo.pop_all()
    return Made(chapter, notebook, recipe, test, copied)


def _notebook(words: Mapping[str, str], have: set[str]) -> nbformat.NotebookNode:
    """The chapter from its template: of its cells, those that need no more than the recipe has."""
    read = read_myst_markdown_notebook(_filled((TEMPLATE / "chapter.md").read_text(), words))
    kept = [cell for cell in read.cells if cell.metadata.pop("needs", next(iter(have))) in have]
    for number, cell in enumerate(kept, 1):
        cell["id"] = f"cell-{number:02}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=kept, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(rf"\b(?:{'|'.join(words)})\b", lambda found: words[found[0]], text)


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _with_chapter(contents: str, chapter: str) -> str:
    """The contents with one more line, after the last chapter's and in its layout."""
    lines = list(_IN_CONTENTS.finditer(contents))
    if not lines:
        raise NoChapter("_toc.yml names no chapter: no place for one more can be found.")
    end = lines[-1].end()
    return f"{contents[:end]}{lines[-1][1]}{chapter}\n{contents[end:]}"


def _headline(chapter: str) -> str:
    row = {"chapter": chapter, "question": f"{_title(chapter[3:])}?", "claim": _CLAIM}
    return yaml.safe_dump([row], sort_keys=False, allow_unicode=True, width=200)
