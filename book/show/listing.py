"""A listing: the text of the file that runs, read when the cell runs, with its name above it."""

from __future__ import annotations

import re

from IPython.display import Markdown

from ..recipe import Recipe

_LANGUAGE = {".yaml": "yaml", ".yml": "yaml", ".py": "python", ".toml": "toml", ".sh": "bash", ".json": "json", ".sql": "sql"}


def listing(recipe: Recipe, file: str) -> Markdown:
    """Show one file of a recipe.

    Args:
        recipe: the recipe.
        file: the file's name in its folder.

    Raises:
        RecipeError: there is no such file.
    """
    suffix = "." + file.rpartition(".")[2]
    language = "dockerfile" if "Dockerfile" in file else _LANGUAGE.get(suffix, "text")
    text = recipe.read(file).rstrip("\n")
    fence, title = _ticks(text, 3), " ".join(f"{recipe.name}/{file}".split())
    marks = _ticks(title, 1)
    title = f" {title} " if "`" in title else title
    return Markdown(f"{marks}{title}{marks}\n\n{fence}{language}\n{text}\n{fence}")


def _ticks(text: str, least: int) -> str:
    """Backticks to put around a text: more than it has in a row."""
    return "`" * max([least, *(len(found) + 1 for found in re.findall("`+", text))])
