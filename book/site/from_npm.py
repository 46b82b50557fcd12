"""Programs from npm that check the site: installed together, from one lockfile with a hash of each package."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from ..offline import tools
from ..offline.debian import Bar
from ..places import HOME
from ..trouble import Trouble

PACKAGES = HOME / "npm"  # where they are installed
_LOCK = Path(__file__).with_name("npm")  # package.json, and package-lock.json
_INSTALLED = "installed.json"  # a copy of the lockfile, written last: an installation that was stopped has none
_INSTALL_SECONDS = 600


class NoNpmPackages(Trouble):
    """The packages cannot be installed; the message says why."""


def version(package: str) -> str:
    """The version of a package that package.json pins."""
    return str(json.loads((_LOCK / "package.json").read_text())["dependencies"][package])


def program(script: str, step: Bar) -> list[str]:
    """The command that runs a script of an installed package; installs the packages first if they are missing or outdated.

    Args:
        script: the script's path below `node_modules`.
        step: is called with the progress.

    Raises:
        NoNpmPackages: if Node.js or a package cannot be installed.
    """
    try:
        node, npm = tools.node_and_npm(step)
        _install(npm, step)
    except (OSError, subprocess.SubprocessError) as problem:
        output = getattr(problem, "stderr", "") or str(problem)
        raise NoNpmPackages(f"npm cannot install what {_LOCK.name}/package.json lists: {output.strip()[-300:]}") from problem
    return [str(node), str(PACKAGES / "node_modules" / script)]


def _install(npm: list[str], step: Bar) -> None:
    lock, installed = (_LOCK / "package-lock.json").read_text(), PACKAGES / _INSTALLED
    if installed.exists() and installed.read_text() == lock:
        return
    step(0, 1, "packages from npm")
    shutil.rmtree(PACKAGES, ignore_errors=True)
    shutil.copytree(_LOCK, PACKAGES)
    command = [*npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts", f"--prefix={PACKAGES}"]
    subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_INSTALL_SECONDS)
    installed.write_text(lock)
