"""A copy of the book in a temporary folder, to run other chapters in, or changed ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..engine import address
from ..places import HOME, ROOT

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".engine", "_build", "__pycache__", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"
)
_OF_ONE_CLONE = ("config", "steps")  # what the package of each clone writes by itself
_SECONDS = 4 * 3600


@contextmanager
def book() -> Iterator[Path]:
    """The folder of the copy, with the virtual environment and the engine's tools of this one; it is removed at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="book-", ignore_cleanup_errors=True) as place:
        folder = Path(shutil.copytree(ROOT, Path(place) / "book", symlinks=True, ignore=_LEFT_OUT))
        (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
        (folder / HOME.name).mkdir()
        for part in HOME.iterdir() if HOME.exists() else ():
            if part.name not in _OF_ONE_CLONE:
                (folder / HOME.name / part.name).symlink_to(part.resolve())
        yield folder


def run_python(folder: Path, *arguments: str) -> str:
    """Run Python in a copy of the book, with the copy's package, and return its output.

    Args:
        folder: the copy.
        arguments: as on a command line.

    Raises:
        RuntimeError: its exit code is not 0; the message contains the end of its output.
    """
    return run_program(folder, sys.executable, *arguments)


def run_program(folder: Path, *command: str) -> str:
    """Run a command in a copy of the book as `run_python` does."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "DOCKER_HOST": address()}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", timeout=_SECONDS)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with exit code {done.returncode}: {(done.stdout + done.stderr).strip()[-1500:]}")
    return done.stdout
