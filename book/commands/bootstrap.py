"""From a bare Python to the virtual environment of the book. Standard library only."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ..offline import debian
from ..places import ROOT
from ..progress import Step, step
from ..trouble import Trouble

VENV = ROOT / ".venv"
_REQUIREMENTS = ROOT / "requirements.txt"
_OLDEST = (3, 11)


class NoEnvironment(Trouble):
    """The virtual environment cannot be made; the message says what to do."""


def python() -> Path:
    """The Python of the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def inside() -> bool:
    """Whether this process runs in the virtual environment, with the packages that requirements.txt names today."""
    return Path(sys.prefix).resolve() == VENV.resolve() and _stamp().exists() and _stamp().read_text() == _digest()


def make() -> None:
    """Make or renew the virtual environment from requirements.txt; a no-op if it is up to date.

    Raises:
        NoEnvironment: if Python is too old, or the environment or its packages cannot be installed.
    """
    if sys.version_info < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        raise NoEnvironment(f"This is Python {sys.version.split()[0]}; the book needs {needed} or newer: run it with that one.")
    if _stamp().exists() and _stamp().read_text() == _digest():
        return
    with step("Python packages") as bar:
        made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], capture_output=True, text=True)
        if made.returncode:
            raise NoEnvironment(f"{VENV} cannot be made: free the folder, or fix this Python, and run this again.\n{made.stderr[-500:]}")
        _install(bar)
        # So that a notebook opened in any editor with this environment finds the book.
        site = subprocess.check_output([str(python()), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
        Path(site.strip(), "book.pth").write_text(f"{ROOT}\n")
        _stamp().write_text(_digest())


def _stamp() -> Path:
    return VENV / "requirements.sha256"


def _digest() -> str:
    return hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()


def _install(bar: Step) -> None:
    total = sum("==" in line for line in _REQUIREMENTS.read_text().splitlines())
    with tempfile.TemporaryDirectory() as scratch:
        command = [*_pip(Path(scratch)), "install", "--require-hashes", "--no-input", "--requirement", str(_REQUIREMENTS)]
        live = {**os.environ, "PYTHONUNBUFFERED": "1"}  # otherwise pip prints everything at the end
        process = subprocess.Popen(command, env=live, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        printed: list[str] = []
        seen = 0
        for line in process.stdout or ():
            printed.append(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied"))
            bar(0.8 * seen if not line.startswith("Installing") else 0.9 * total, total, line.split("=")[0].strip()[:48])
        if process.wait():
            raise NoEnvironment(
                "pip could not install requirements.txt: check the network, and run this again. Its last lines:\n" + "".join(printed[-8:])
            )


def _pip(scratch: Path) -> list[str]:
    """A pip that installs into the environment: our Python's own, else the wheel inside Debian's package."""
    if importlib.util.find_spec("ensurepip"):
        subprocess.run([str(python()), "-m", "ensurepip", "--upgrade"], check=True, capture_output=True)
        return [str(python()), "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", f"--python={python()}"]
    try:
        debian.fetch(["python3-pip-whl"], scratch)
    except debian.NoPackages as problem:
        raise NoEnvironment(
            f"This Python has neither ensurepip nor pip ({problem}). Install python3-venv, and run this again."
        ) from problem
    wheel = next((scratch / "root").rglob("pip-*.whl"))
    return [str(python()), f"{wheel}/pip"]
