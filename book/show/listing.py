"""A listing: the text of the file that runs, read when the cell runs, with a bar above it that has its name."""

from __future__ import annotations

import re

from IPython.display import Markdown
from markupsafe import Markup

from ..recipe import Recipe

_LANGUAGE = {".yaml": "yaml", ".yml": "yaml", ".py": "python", ".toml": "toml", ".sh": "bash", ".json": "json", ".sql": "sql"}
_KINDS = {"fails today": " book-note-fails", "use this": " book-note-use"}  # the style of a note; any other one is plain


def listing(recipe: Recipe, file: str, note: str = "") -> Markdown:
    """Show one file of a recipe.

    Args:
        recipe: the recipe.
        file: the file's name in its folder.
        note: what a reader should know before reading, as `fails today` or `use this`; beside the file's name.

    Raises:
        RecipeError: there is no such file.
    """
    suffix = "." + file.rpartition(".")[2]
    language = "dockerfile" if "Dockerfile" in file else _LANGUAGE.get(suffix, "text")
    text = recipe.read(file).rstrip("\n")
    fence = _ticks(text)
    return Markdown(f"{caption(file, note)}\n\n{fence}{language}\n{text}\n{fence}")


def caption(file: str, note: str = "") -> Markup:
    """The bar above a listing, on one line.

    Args:
        file: the file's name.
        note: as for `listing`.
    """
    name, words = " ".join(file.split()), " ".join(note.split())
    kind = _KINDS.get(words, "")
    beside = Markup(' <span class="book-note{}">{}</span>').format(kind, words) if words else ""
    return Markup('<div class="book-caption"><span class="book-file">{}</span>{}</div>').format(name, beside)


def _ticks(text: str) -> str:
    """Backticks to put around a text: more than it has in a row."""
    return "`" * max([3, *(len(found) + 1 for found in re.findall("`+", text))])
