"""Zip files for download: each recipe with exactly the files that ran, and the whole book."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from ..places import ROOT
from ..recipe import Recipe

FOLDER = "recipes"
BOOK = "docker-recipes-for-python"  # the zip of the whole book, and the folder in it
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip can store: the same files give the same archive
_GIT_SECONDS = 60


def write(folder: Path, recipes: Iterable[Recipe]) -> None:
    """Write a zip of each recipe, with the recipe's folder as the one at its top.

    Args:
        folder: where to write; it is created if it is missing.
        recipes: the recipes to pack.
    """
    for recipe in recipes:
        _pack(folder / f"{recipe.name}.zip", recipe.name, recipe.path, recipe.files())


def write_book(folder: Path, root: Path = ROOT) -> Path:
    """Write a zip of the whole book, with one folder at its top, and return its path.

    Args:
        folder: where to write; it is created if it is missing.
        root: the clone of the book.
    """
    archive = folder / f"{BOOK}.zip"
    _pack(archive, BOOK, root, of_the_book(root))
    return archive


def of_the_book(root: Path = ROOT) -> list[Path]:
    """The files of the book: those under git, so that a reader's private file is never packed; without git, those that it would not ignore.

    Args:
        root: the clone of the book, or the unpacked zip.
    """
    return _under_git(root) or _in_the_tree(root)


def _under_git(root: Path) -> list[Path]:
    try:
        command = ["git", "-C", str(root), "ls-files", "-z"]
        listed = subprocess.run(command, capture_output=True, timeout=_GIT_SECONDS, check=True).stdout.decode()
    except (OSError, subprocess.SubprocessError):
        return []  # no git, or an unpacked zip
    files = (root / name for name in sorted(listed.split("\0")) if name)
    return [file for file in files if file.is_file() and not file.is_symlink()]  # one that was removed is still listed


def _in_the_tree(root: Path) -> list[Path]:
    ignore = root / ".gitignore"
    patterns = [line.strip() for line in ignore.read_text().splitlines()] if ignore.exists() else []
    patterns = [line for line in patterns if line and not line.startswith("#")] + [".git", ".DS_Store"]
    return [file for file in _walk(root, root, patterns) if file.is_file() and not file.is_symlink()]


def _walk(folder: Path, root: Path, patterns: list[str]) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if any(_ignored(path.relative_to(root), pattern) for pattern in patterns):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, root, patterns)
        else:
            yield path


def _ignored(path: Path, pattern: str) -> bool:
    """Whether a line of .gitignore means this path: a line with a slash before its end counts from the top."""
    name = pattern.rstrip("/")
    return fnmatch(path.as_posix(), name.lstrip("/")) if "/" in name else fnmatch(path.name, name)


def _pack(archive: Path, top: str, root: Path, files: Iterable[Path]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            entry = zipfile.ZipInfo(f"{top}/{file.relative_to(root).as_posix()}", _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if file.stat().st_mode & 0o100 else 0o644) << 16
            packed.writestr(entry, file.read_bytes())
