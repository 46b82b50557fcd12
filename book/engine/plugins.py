"""Docker's plugins buildx and Compose: find them, check their versions, run them against the engine in use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread, get_ident
from typing import IO

from ..places import HOME
from ..trouble import TookTooLong, Trouble
from .choice import configuration
from .client import EngineMissing, has_buildkit, variables

_TOOL_SECONDS = 600
_LOOK_SECONDS = 0.5  # between two looks at its limits
_END_SECONDS = 10  # from SIGTERM until it is killed
_BUILDX_NEEDED = (0, 17)  # Compose 5 refuses an older one
_COMPOSE_NEEDED = (2, 24, 4)  # the first that reads `!override`, with which a run replaces the ports of a file
_VERSION_SECONDS = 30
_PLUGIN_FOLDERS = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/opt/homebrew/lib/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
)


class ToolMissing(EngineMissing):
    """The engine answers, but a tool beside it is missing or too old."""


def tool(
    *arguments: str,
    cwd: Path | None = None,
    timeout: float = _TOOL_SECONDS,
    silent: float | None = None,
    heard: Callable[[str], None] = lambda line: None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the real `buildx` or `compose` against the engine in use, and return what it printed.

    Args:
        arguments: the plugin's name and its arguments, as after `docker`.
        cwd: the folder to run in.
        timeout: seconds until the tool is stopped.
        silent: seconds without output until the tool is stopped; no limit if None.
        heard: called with each line of its progress as it comes.
        environment: variables to set for it.

    Raises:
        ToolMissing: if the tool is not installed or too old.
        TookTooLong: if it takes longer than `timeout`, or prints nothing for longer than `silent`.
    """
    name, *rest = arguments
    process = start(*arguments, cwd=cwd, environment=environment)
    said: list[str] = []
    began = last = time.monotonic()

    def listen(lines: Iterable[str]) -> None:
        nonlocal last
        for line in lines:
            last = time.monotonic()
            said.append(line)
            heard(line.rstrip())

    stdout, stderr = pipes(process)
    listener = Thread(target=listen, args=(stderr,), daemon=True)
    printed: list[str] = []
    reader = Thread(target=lambda: printed.append(stdout.read()), daemon=True)
    listener.start()
    reader.start()
    try:
        while process.poll() is None:
            if (now := time.monotonic()) > began + timeout:
                raise TookTooLong(f"docker {name} {_verb(rest)} did not end within {timeout:g} seconds, and was stopped.")
            if silent is not None and now > last + silent:
                raise TookTooLong(f"docker {name} {_verb(rest)} printed nothing for {silent:g} seconds, and was stopped.")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
    finally:
        end(process)
        listener.join()
        reader.join()
    return subprocess.CompletedProcess(process.args, process.returncode, "".join(printed), "".join(said))


def start(*arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the real `buildx` or `compose` as `tool` does, and leave it running; the caller reads its pipes and ends it."""
    name, *rest = arguments
    command = [str(_plugin(name)), *rest]
    variables = {**tool_environment(), **(environment or {})}
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,  # it cannot ask anything: nobody would see the question
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    """Standard output and standard error of a tool that `start` started."""
    assert process.stdout is not None, "start() opens it"
    assert process.stderr is not None, "start() opens it"
    return process.stdout, process.stderr


def end(process: subprocess.Popen[str]) -> None:
    """End a tool that may still run: first with SIGTERM, since Compose ends the builder that it started only then."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    process.kill()
    process.wait()


def tool_environment() -> dict[str, str]:
    """The environment that ties Docker's tools to the engine in use, through a configuration folder of ours.

    It links the reader's own `config.json`, which contains their logins and proxies.
    """
    folder = HOME / "config"
    theirs = configuration() / "config.json"
    links = {folder / "cli-plugins" / name: program for name, program in _plugins().items()}
    links |= {folder / theirs.name: theirs} if theirs.is_file() and theirs.parent.resolve() != folder.resolve() else {}
    try:
        (folder / "cli-plugins").mkdir(parents=True, exist_ok=True)
        for link, target in links.items():
            if not link.is_symlink() or os.readlink(link) != str(target):
                fresh = link.with_name(f".{link.name}-{os.getpid()}-{get_ident()}")  # moved into place: another run may do the same
                fresh.symlink_to(target)
                fresh.replace(link)
    except PermissionError:
        words = f"The folder {HOME.name} of this clone belongs to another user: run this as that user, or in a clone of your own."
        raise Trouble(words) from None
    return {
        **os.environ,
        **variables(),
        "DOCKER_CONFIG": str(folder),
        "BUILDX_CONFIG": _state().name,
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        **({} if has_buildkit() else {"DOCKER_BUILDKIT": "0"}),  # or Compose asks an engine without BuildKit for it
    }


@cache
def _state() -> tempfile.TemporaryDirectory[str]:
    """Where buildx notes its builds, until this process ends.

    The records on the engine itself stay: BuildKit keeps the newest 50. `docker buildx history rm` could remove ours, but
    an engine with a BuildKit before 0.29 then crashes at the next `docker buildx history ls` (moby/buildkit, pull request 6614).
    """
    return tempfile.TemporaryDirectory(prefix="buildx-", ignore_cleanup_errors=True)


@cache
def _plugins() -> dict[str, Path]:
    beside_python = Path(sysconfig.get_path("scripts"))
    folders = [HOME / "root/usr/libexec/docker/cli-plugins", *(Path(folder).expanduser() for folder in _PLUGIN_FOLDERS)]
    found = {}
    for name, places in {"docker-compose": [beside_python, *folders], "docker-buildx": folders}.items():
        program = next((place / name for place in places if (place / name).exists()), None)
        program = program or (Path(which) if (which := shutil.which(name)) else None)
        if program is None:
            raise ToolMissing(
                f"{name} is missing: install Docker's {name.removeprefix('docker-')} plugin (looked in {len(places)} usual folders)."
            )
        found[name] = program
    return found


def forget_tools() -> None:
    """Look for buildx and Compose again, after an installation."""
    _plugins.cache_clear()
    version.cache_clear()


def _plugin(name: str) -> Path:
    """The program of a plugin, once it has shown that it runs and is new enough."""
    version(name)
    return _plugins()[f"docker-{name}"]


@cache
def version(name: str) -> str:
    """The version of a plugin, as it prints it.

    Raises:
        ToolMissing: if it is not installed, does not run or is too old.
    """
    program = _plugins()[f"docker-{name}"]
    why, needed = {
        "buildx": ("Compose wants", _BUILDX_NEEDED),
        "compose": ("the book wants", _COMPOSE_NEEDED),
    }[name]
    try:
        done = subprocess.run([program, "version"], capture_output=True, text=True, errors="replace", timeout=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ToolMissing(f"{program.name} does not run: {problem}. Install Docker's {name} plugin again.") from None
    found = re.search(r"v?(\d+\.\d+(?:\.\d+)?)", done.stdout)
    if done.returncode or not found:
        said = (done.stderr or done.stdout).strip()[:160]
        raise ToolMissing(f"{program.name} does not say its version: {said or '(nothing)'}. Install Docker's {name} plugin again.")
    if tuple(map(int, found[1].split("."))) < needed:
        raise ToolMissing(
            f"{name} {found[1]} is too old: {why} {'.'.join(map(str, needed))} or newer. Update Docker, or its {name} plugin."
        )
    return found[1]


def _verb(arguments: Iterable[str]) -> str:
    """What a tool was asked to do: the first of its arguments that is a plain word of Docker's."""
    verbs = ("config", "up", "down", "stop", "restart", "kill", "build", "bake", "version")
    return next((word for word in arguments if word in verbs), "")
