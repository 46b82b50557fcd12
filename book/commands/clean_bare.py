"""`clean` without the virtual environment: what the standard library can remove, so that nothing is installed just to be removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import places
from ..offline import owner, remains
from ..progress import step

_CACHES = (".pytest_cache", ".ruff_cache", ".mypy_cache", ".import_linter_cache")
_ELSEWHERE = """  Other Docker engines were not searched, because there is no virtual environment. To remove what this book left on one:
    docker ps --all --quiet --filter label=org.docker-recipes | xargs docker rm --force --volumes
    docker network prune --filter label=org.docker-recipes
    docker volume prune --all --filter label=org.docker-recipes
    docker image prune --all --filter label=org.docker-recipes"""


def run() -> int:
    """Stop the private engine of this clone, and remove the folders that the book made."""
    running = owner.owner_of_engine()
    ours = running is not None and owner.is_ours(running)
    if not ours and not any(folder.exists() for folder in _folders()):
        print("This folder has neither .venv nor .engine nor _build: there is nothing to remove.")
        return 0
    if running is not None and ours:
        with step("Private engine"), _alone():
            remains.end_and_remove(running)
    remove_folders()
    print(f"✓ Clean: nothing of ours is left in this folder, and no private engine.\n{_ELSEWHERE}")
    return 0


@contextmanager
def _alone() -> Iterator[None]:
    """No other command starts or ends the private engine meanwhile."""
    import fcntl  # of Unix, as is the private engine

    with open(f"{owner.RUN}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_folders() -> None:
    """Remove the folders that the book made in this clone."""
    for folder in (*_folders(), *(places.ROOT / cache for cache in _CACHES)):
        shutil.rmtree(folder, ignore_errors=True)


def _folders() -> tuple[Path, ...]:
    return places.HOME, places.ROOT / "_build", places.ROOT / ".venv"
