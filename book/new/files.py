"""The files of a project that becomes a recipe, without caches, history and secrets."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..files.compose import NAMES
from ..files.dockerfile import exposed
from ..recipe import left_out
from ..trouble import Trouble

_SECRET = re.compile(
    r"\.env(?!\.(?:example|sample|template)$)(?:\..*)?|.*\.env|secrets?|\.?(?:netrc|pypirc|npmrc)|.*\.(?:pem|key|p12|pfx)|id_(?:rsa|dsa|ecdsa|ed25519)|\.aws|\.ssh|credentials(?:\.(?:json|csv|ini|ya?ml))?"
)
_CACHES = {".mypy_cache", ".tox", ".nox", ".hypothesis", ".eggs", "venv", ".idea", ".vscode", ".svn", ".hg", ".coverage", "htmlcov"}
_LARGEST = 20_000_000  # bytes of a project that becomes a recipe


class NoChapter(Trouble):
    """The chapter cannot be created; the message says why, and what to do."""


@dataclass(frozen=True)
class Copied:
    """What a copy contains, and what was left out.

    Attributes:
        compose: the Compose file at the top.
        left_out: files that may contain a secret and are not in the copy.
        outside: links to files outside the project, which are not in the copy.
        written: files that were missing and were written.
    """

    compose: str
    left_out: tuple[str, ...]
    outside: tuple[str, ...]
    written: tuple[str, ...]


def copy(project: Path, into: Path) -> Copied:
    """Copy a project without caches, history, files that may contain a secret, and links to files outside.

    Args:
        project: a folder with a Dockerfile or a Compose file.
        into: the folder to create.

    Raises:
        NoChapter: if the folder does not exist, has neither file, or is too large.
    """
    if not project.is_dir():
        raise NoChapter(f"The folder {project} does not exist.")
    found = [name for name in NAMES if (project / name).is_file()]
    if not found and not (project / "Dockerfile").is_file():
        raise NoChapter(f"{project} has neither a Dockerfile nor a {NAMES[0]} at its top: use the folder that has one.")
    top = project.resolve()
    secret: list[str] = []
    outside: list[str] = []
    if into.resolve().is_relative_to(top):
        raise NoChapter(f"{project} contains this book itself: copy only what the recipe needs, and use that folder.")

    def skip(folder: str, names: list[str]) -> set[str]:
        place = Path(folder)
        skipped = left_out(folder, names) | (_CACHES & set(names)) | {name for name in names if name.endswith((".pyc", ".egg-info"))}
        for name in sorted(set(names) - skipped):
            if _SECRET.fullmatch(name.lower()):
                secret.append(str((place / name).relative_to(project)))
            elif (place / name).is_symlink() and not Path(os.path.realpath(place / name)).is_relative_to(top):
                outside.append(str((place / name).relative_to(project)))
            else:
                continue
            skipped.add(name)
        return skipped

    size = sum(_sizes(project, skip))
    if size > _LARGEST:
        most = f"{_LARGEST / 1e6:g} MB"
        raise NoChapter(
            f"{project} has {size / 1e6:.0f} MB, and a recipe at most {most}: copy only what the recipe needs, and use that folder."
        )
    secret.clear()
    outside.clear()
    try:
        shutil.copytree(project, into, symlinks=True, ignore=skip)
    except OSError as problem:  # shutil collects what it could not copy
        first = problem.args[0][0][2] if isinstance(problem, shutil.Error) else problem
        raise NoChapter(f"{project} cannot be copied: {first}. Check the permissions of its files.") from None
    written = []
    if not found:
        (into / NAMES[0]).write_text(_service(project / "Dockerfile"))
        written.append(NAMES[0])
    if not (into / "README.md").exists():
        (into / "README.md").write_text(f"# {into.name}\n\n    docker compose up --build\n")
        written.append("README.md")
    return Copied((found or NAMES)[0], tuple(secret), tuple(outside), tuple(written))


def _sizes(project: Path, skip: Callable[[str, list[str]], set[str]]) -> list[int]:
    """The sizes of the files that would be copied."""
    sizes = []
    for folder, folders, names in os.walk(project):
        skipped = skip(folder, [*folders, *names])
        folders[:] = [name for name in folders if name not in skipped]
        sizes += [os.lstat(os.path.join(folder, name)).st_size for name in names if name not in skipped]
    return sizes


def _service(dockerfile: Path) -> str:
    """A Compose file for a project that only has a Dockerfile; the exposed ports are published on 127.0.0.1."""
    found = exposed(dockerfile.read_text(encoding="utf-8-sig", errors="replace"))
    ports = "".join(f'      - "127.0.0.1:{port.container}:{port.container}"\n' for port in found if port.is_tcp)
    return "services:\n  app:\n    build: .\n    init: true\n" + (f"    ports:\n{ports}" if ports else "")
