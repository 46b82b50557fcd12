"""Replacements for base images, built from Debian's packages and PyPI if no registry responds."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import places
from ..advice import away
from ..engine import plugins
from ..progress import Step
from ..trouble import Trouble
from . import debian

_SOURCE = Path(__file__).parent / "stand-ins"
_CONTEXT = places.HOME / "stand-ins"
_TARGETS = {"python:3.13-slim": "python-slim", "python:3.13-alpine": "python-alpine", "postgres:17": "postgres"}
_SUITE = "trixie"
_CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_BUILD_SECONDS = 900
_PAUSES = (5, 20)  # seconds before each further try, if an index does not respond


class NoStandIn(Trouble):
    """A stand-in cannot be built here; the message says why.

    Attributes:
        stderr: what the builder printed.
    """

    def __init__(self, message: str, stderr: str = "") -> None:
        super().__init__(message)
        self.stderr = stderr


def build(references: Sequence[str], step: Step) -> None:
    """Build the stand-ins for `references` and tag them with those names.

    Raises:
        NoStandIn: if one of them has no stand-in, or this machine cannot build it.
    """
    unknown = [reference for reference in references if reference not in _TARGETS]
    if unknown:
        raise NoStandIn(f"there is no stand-in for {', '.join(unknown)}")
    if platform.machine() != "x86_64":
        raise NoStandIn(f"the stand-ins are only built for x86_64, and this is {platform.machine()}")
    try:
        _with_pauses(lambda: _prepare(step), step)
    except (debian.NoPackages, subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        raise NoStandIn(f"the parts of the stand-ins are not available: {_printed(problem).strip()[-300:]}") from problem
    _with_pauses(lambda: _bake([_TARGETS[reference] for reference in references], step), step)


def _with_pauses(work: Callable[[], None], step: Step) -> None:
    """Do a part of the work; if an index does not respond, wait and do it again."""
    for pause in _PAUSES:
        try:
            return work()
        except (debian.NoPackages, NoStandIn, subprocess.CalledProcessError) as problem:
            if not away(_printed(problem)):
                raise
        step(0.1, 1, f"an index does not respond: the next try is in {pause} s")
        time.sleep(pause)
    return work()


def _printed(problem: Exception) -> str:
    return str(getattr(problem, "stderr", "") or problem)


def _prepare(step: Step) -> None:
    """Create the build context: the files in `stand-ins`, the wheels, and a Debian root with the system's CA bundle."""
    debian.install(["mmdebstrap"], say=step.note)
    shutil.copytree(_SOURCE, _CONTEXT, dirs_exist_ok=True)
    _wheels(step)
    root = _CONTEXT / "debian.tar"
    if root.exists():
        return
    step(0.2, 1, "a Debian root")
    hooks = [f"--customize-hook=upload {_CA_BUNDLE} {_CA_BUNDLE}"] if Path(_CA_BUNDLE).exists() else []
    slim = [f"--dpkgopt=path-exclude=/usr/share/{place}/*" for place in ("man", "doc", "locale", "info", "lintian")]
    unfinished = root.with_suffix(".part.tar")
    unfinished.unlink(missing_ok=True)  # of a try that failed
    command = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates,netbase,tzdata", *slim, *hooks, _SUITE, str(unfinished)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_BUILD_SECONDS)
    unfinished.rename(root)


def _wheels(step: Step) -> None:
    step(0.1, 1, "CPython from PyPI")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    for listed, options in (("wheels.txt", []), ("wheels-musl.txt", ["--platform=musllinux_1_2_x86_64", "--python-version=3.13"])):
        command = [*pip, *options, f"--dest={_CONTEXT / 'wheels'}", f"--requirement={_SOURCE / listed}"]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_BUILD_SECONDS)
    for plugin in (_CONTEXT / "wheels").glob("poetry_plugin*.whl"):
        zipfile.ZipFile(plugin).extractall(_CONTEXT / "poetry/mirror")
    (_CONTEXT / "poetry/config.toml").write_text(f'[plugins.pypi_mirror]\nurl = "{_simple_index()}"\n')


def _simple_index() -> str:
    """The index that pip uses here, for Poetry: in some networks PyPI's other pages cannot be reached."""
    from pip._internal.models.index import PyPI

    configured = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    return configured.stdout.strip() or PyPI.simple_url


def _bake(targets: Sequence[str], step: Step) -> None:
    def heard(line: str) -> None:
        if found := re.match(r"#\d+ \[(.+?) +(\d+)/(\d+)\]", line):
            step(0.3 + 0.7 * int(found[2]) / int(found[3]), 1, found[1])

    done = plugins.tool("buildx", "bake", "--progress=plain", *targets, cwd=_CONTEXT, timeout=_BUILD_SECONDS, heard=heard)
    if done.returncode:
        raise NoStandIn("the builder failed:\n" + "\n".join(done.stderr.splitlines()[-8:]), done.stderr)
