"""Real tools beside Docker (`vagrant`, `devcontainer`), run in a recipe's folder; all that they make on the engine is ours."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..engine import ToolMissing, leftovers
from ..engine import labels as engine_labels
from ..engine.plugins import tool_environment
from ..places import HOME
from .answer import Output
from .build_output import ANSI
from .limits import NotInTime

PROGRAMS = HOME / "bin"  # what was downloaded for the book
LIMIT = 540.0  # less than a chapter's cell may take, so that its error is shown and not the cell's
_LAST_LINES = 12
_WHERE = {
    "vagrant": "`make book` installs Debian's package if root runs it on Debian; elsewhere, install Vagrant yourself",
    "devcontainer": "`make book` fetches it where npm, or PyPI's Node.js, is available; else install @devcontainers/cli yourself",
}
_PROGRESS = re.compile(r"^(?:default:)?\s*(?:#\d+ |\(Reading database|\d+%$)")  # the builder's, and of what runs in its steps
_STAMP = re.compile(r"^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] ?")
ID = re.compile(r"\b(?:sha256:)?(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b")
# Read before a recipe's own Vagrantfile. Two machines at a time would both find Vagrant's usual port free.
_VAGRANTFILE = """Vagrant.configure("2") do |config|
  config.vm.network "forwarded_port", guest: 22, host: {port}, host_ip: "127.0.0.1", id: "ssh", auto_correct: true
end
"""
# Both tools call the `docker` on their path, and know nothing of our labels: this one adds them, and hands over to the real one.
# It lists this run's containers only: Vagrant inspects each that is listed, and fails where another run has removed one meanwhile.
_DOCKER = """#!/bin/sh
case "$1" in
  ps) shift; exec {docker} ps --filter=label={run} "$@" ;;
  run|create|build) verb=$1; shift; exec {docker} "$verb" {labels} "$@" ;;
  buildx) [ "$2" = build ] && {{ shift 2; exec {docker} buildx build {labels} "$@"; }} ;;
  network|volume) [ "$2" = create ] && {{ verb=$1; shift 2; exec {docker} "$verb" create {labels} "$@"; }} ;;
esac
exec {docker} "$@"
"""


@dataclass(frozen=True)
class Said(Output):
    """What a tool wrote and its exit code.

    Attributes:
        command: the command.
        seconds: how long it took.
        shown: what a page shows of the text: without what is different at each run, and without the builder's progress.
    """

    command: str = ""
    seconds: float = 0.0
    shown: str = field(default="", repr=False)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.shown}


def missing(name: str) -> str:
    """Why a tool cannot be run here, in a sentence; empty if it can be."""
    if os.name == "nt":
        return f"{name} is only run on Linux and macOS here."
    absent = next((program for program in (name, "docker") if not _program(program)), None)
    return f"{absent} is not on this machine: {_WHERE.get(absent, 'install it')}." if absent else ""


def forget() -> None:
    """Look for the tools anew: one has been fetched."""
    _program.cache_clear()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
        return port


def run(folder: Path, recipe: str, name: str, *arguments: str, limit: float = LIMIT, environment: Mapping[str, str] | None = None) -> Said:
    """Run a tool in a folder, against the engine in use.

    It has a home of its own that goes with this process, and whatever it makes on the engine carries our labels.

    Args:
        folder: where it runs.
        recipe: the name that labels what is made.
        name: the tool.
        arguments: its arguments.
        limit: seconds until it is ended, with all that it started.
        environment: variables to set for it.

    Raises:
        ToolMissing: if the tool is not on this machine.
        NotInTime: if it takes longer than `limit`; the message contains the last lines of its output.
    """
    if reason := missing(name):
        raise ToolMissing(reason)
    command, started = [str(_program(name)), *arguments], time.monotonic()
    variables = {**_environment(folder, recipe), **(environment or {})}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=limit)
    except BaseException as problem:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        if not isinstance(problem, subprocess.TimeoutExpired):
            raise
        words = "\n".join(_plain(said, folder).splitlines()[-_LAST_LINES:])
        raise NotInTime(
            f"{shlex.join([name, *arguments])} did not end within {limit:.0f} seconds. The last lines of its output:\n{words}"
        ) from None
    taken = time.monotonic() - started
    return Said(ANSI.sub("", said), process.returncode, shlex.join([name, *arguments]), taken, _plain(said, folder))


@cache
def _program(name: str) -> Path | None:
    places = [PROGRAMS / name, HOME / "root/usr/bin" / name]
    found = next((place for place in places if place.exists()), None) or shutil.which(name)
    return Path(found) if found else None


@cache
def _place() -> tempfile.TemporaryDirectory[str]:
    place = tempfile.TemporaryDirectory(prefix="tools-", ignore_cleanup_errors=True)
    for folder in ("bin", "vagrant", "tmp"):
        Path(place.name, folder).mkdir()
    Path(place.name, "vagrant/Vagrantfile").write_text(_VAGRANTFILE.format(port=free_port()))
    return place


def _environment(folder: Path, recipe: str) -> dict[str, str]:
    """The engine in use, our `docker`, and homes outside the recipe's folder: what a tool keeps there is no part of the recipe."""
    home = Path(_place().name)
    labels = shlex.join(f"--label={key}={value}" for key, value in leftovers.labels(recipe).items())
    shim = home / "bin/docker"
    shim.write_text(
        _DOCKER.format(docker=shlex.quote(str(_program("docker"))), labels=labels, run=f"{engine_labels.LABEL}={engine_labels.RUN}")
    )
    shim.chmod(0o755)
    known = tool_environment()
    return {
        **known,
        "PATH": f"{shim.parent}{os.pathsep}{known['PATH']}",
        "TMPDIR": str(home / "tmp"),
        "VAGRANT_HOME": str(home / "vagrant"),
        "VAGRANT_DOTFILE_PATH": str(home / "vagrant/machines" / str(folder).strip("/").replace("/", "-")),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
        "VAGRANT_NO_COLOR": "1",
    }


def _plain(text: str, folder: Path) -> str:
    """Without what is different at each run: folders, the engine's ids, times of the day. The builder's progress is left out, too."""
    text = ANSI.sub("", text).replace("\r", "\n").replace(f"{folder}/", "").replace(str(folder), ".")
    text = re.sub(re.escape(_place().name) + r"\S*", "…", ID.sub("…", text))
    lines = [_STAMP.sub("", line).rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line.strip(" :") not in ("", "default") and not _PROGRESS.match(line.strip()))
