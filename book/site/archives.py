"""The recipes, packed for download: of each, exactly the files that ran."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from ..recipe import Recipe

FOLDER = "recipes"
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip can store: the same files give the same archive


def write(folder: Path, recipes: Iterable[Recipe]) -> None:
    """Write a zip of each recipe, with the recipe's folder as the one at its top.

    Args:
        folder: where to write; it is created if it is missing.
        recipes: the recipes to pack.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in recipes:
        with zipfile.ZipFile(folder / f"{recipe.name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in recipe.files():
                entry = zipfile.ZipInfo(f"{recipe.name}/{file.relative_to(recipe.path).as_posix()}", _DAY)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if file.stat().st_mode & 0o100 else 0o644) << 16
                archive.writestr(entry, file.read_bytes())
