"""The site: built by Jupyter Book from the notebooks and the pages, warnings as errors."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from ..places import ROOT

HTML = ROOT / "_build/html"
INDEX = HTML / "index.html"
_STAMP = ROOT / "_build/site.sha256"
_BUILD_SECONDS = 600
_PARTS = (
    "_config.yml",
    "_toc.yml",
    "requirements.txt",
    "notebooks",
    "recipes",
    "book",
)


class SiteFailed(Exception):
    """Jupyter Book refuses; the message holds its own words."""


def fresh(committed_because: str = "") -> bool:
    """Whether the finished site is made of what lies here now, and says the same about where its outputs are from."""
    return INDEX.exists() and _STAMP.exists() and _STAMP.read_text() == _digest(committed_because)


def build(committed_because: str = "") -> Path:
    """Build the site from nothing and return the path of its first page.

    Args:
        committed_because: why the chapters could not be run here; every page then says that its outputs are the committed ones.

    Raises:
        SiteFailed: where Jupyter Book gives a warning or an error.
    """
    _STAMP.unlink(missing_ok=True)  # a build that is cut off or refused leaves a site that is none
    shutil.rmtree(HTML, ignore_errors=True)  # a warm build lets warnings pass
    program = Path(sysconfig.get_path("scripts"), "jupyter-book")
    command = [str(program), "build", str(ROOT), "--all", "-W", "-n", "--keep-going", "--quiet"]
    environment = {**os.environ, "BOOK_COMMITTED_BECAUSE": committed_because, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=_BUILD_SECONDS)
    if done.returncode or not INDEX.exists():
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        worth = [line for line in said if "WARNING" in line or "ERROR" in line or "rror:" in line] or said[-12:]
        raise SiteFailed("Jupyter Book refuses the site:\n" + "\n".join(worth[:12]))
    _STAMP.write_text(_digest(committed_because))
    return INDEX


def _digest(committed_because: str) -> str:
    total = hashlib.sha256(committed_because.encode())
    for part in _PARTS:
        path = ROOT / part
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            total.update(str(file).encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()
