"""The site: built by Jupyter Book from the chapters and the pages, warnings as errors."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from ..places import ROOT
from ..trouble import Trouble
from . import archives, source

HTML = ROOT / "_build/html"
INDEX = HTML / "index.html"
_STAMP = ROOT / "_build/site.sha256"
_BUILD_SECONDS = 600
_PARTS = ("_config.yml", "_toc.yml", "requirements.txt", "recipes", "book", "_build/engines")
_SHOWN_LINES = 12


class SiteFailed(Trouble):
    """Jupyter Book refuses the site; the message holds its warnings and errors."""


def fresh(because: str = "") -> bool:
    """Whether the finished site shows the files and outputs that there are now, and gives the same reason for committed outputs."""
    return INDEX.exists() and _STAMP.exists() and _STAMP.read_text() == _digest(because)


def build(because: str = "") -> Path:
    """Build the site from nothing and return the path of its first page.

    Args:
        because: why the chapters could not be run on this machine; each page with committed outputs then gives this reason.

    Raises:
        SiteFailed: if Jupyter Book prints a warning or an error.
    """
    _STAMP.unlink(missing_ok=True)  # a build that is stopped or refused leaves an unfinished site
    shutil.rmtree(HTML, ignore_errors=True)  # a warm build lets warnings pass
    digest, folder = _digest(because), source.lay(because)
    program = Path(sysconfig.get_path("scripts"), "jupyter-book")
    options = [f"--path-output={ROOT}", "--all", "-W", "-n", "--keep-going", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [str(program), "build", str(folder), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=_BUILD_SECONDS)
    if done.returncode or not INDEX.exists():
        printed = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        worth = [line for line in printed if "WARNING" in line or "ERROR" in line or "rror:" in line] or printed[-_SHOWN_LINES:]
        raise SiteFailed("Jupyter Book refuses the site. Fix these, and run this again:\n" + "\n".join(worth[:_SHOWN_LINES]))
    _STAMP.write_text(digest)
    return INDEX


def _digest(because: str) -> str:
    total = hashlib.sha256(because.encode())
    for file in dict.fromkeys((*_files(), *source.choose().values(), *archives.of_the_book(ROOT))):  # the site has a zip of the book
        total.update(str(file).encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _files() -> list[Path]:
    paths = [ROOT / part for part in _PARTS]
    below = [file for path in paths for file in sorted(path.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
    return [*(path for path in paths if path.is_file()), *below]
