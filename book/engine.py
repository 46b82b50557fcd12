"""The Docker engine of this machine: find it, check its tools, and say what it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from threading import Thread, get_ident

import docker
from docker.errors import DockerException, ImageNotFound

from .trouble import TookTooLong, Trouble

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".engine"
PRIVATE_SOCKET = Path("/run/docker-recipes/docker.sock")
STAND_IN_LABEL = "org.docker-recipes.stand-in"

_TOOL_SECONDS = 600
_END_SECONDS = 10  # from being told to end until it is killed
_SILENT_SECONDS = 300  # the engine saves an image of gigabytes before its first word; longer than this is a hang
_PING_SECONDS = 30
_BUILDX_NEEDED = (0, 17)  # Compose 5 refuses an older one
_COMPOSE_NEEDED = (2, 24, 4)  # the first that reads `!override`, with which a run replaces the ports of a file
_VERSION_SECONDS = 30
_HOME_SOCKETS = (".docker/run/docker.sock", ".orbstack/run/docker.sock", ".colima/default/docker.sock")
_PLUGIN_FOLDERS = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/opt/homebrew/lib/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
)


class EngineMissing(Trouble):
    """No Docker engine answers; the message says what was tried and what to do."""


class ToolMissing(EngineMissing):
    """The engine answers, but a tool beside it is missing or too old."""


@dataclass(frozen=True)
class Base:
    """Where a base image came from.

    Attributes:
        reference: the name that recipes use.
        origin: `registry`, `stand-in` or `local`.
        detail: the registry's digest, or the versions inside the stand-in.
    """

    reference: str
    origin: str
    detail: str


@dataclass(frozen=True)
class Provenance:
    """On what a page was run: the engine, its storage driver, the machine, the base images and the day."""

    engine: str
    storage_driver: str
    cgroup_version: str
    architecture: str
    bases: tuple[Base, ...]
    day: str


@cache
def connect() -> docker.DockerClient:
    """Return a client of the engine that answers.

    Tried in this order: `DOCKER_HOST` or the active context, the usual sockets, the project's private engine.

    Raises:
        EngineMissing: where none answers.
    """
    tried = []
    for host in _candidates():
        try:
            client = docker.DockerClient(base_url=host, timeout=_PING_SECONDS) if host else docker.from_env(timeout=_PING_SECONDS)
            client.ping()
            return _limited(client)
        except (DockerException, OSError) as problem:
            tried.append(f"  {host or 'DOCKER_HOST or the active context'}: {_reason(problem)}")
    raise EngineMissing(
        "No Docker engine answers. Tried:\n" + "\n".join(tried) + "\n"
        "Start Docker Desktop or your engine's service, or set DOCKER_HOST, and run this again.\n"
        "On Debian or Ubuntu as root, `make book` starts a private engine."
    )


def _limited(client: docker.DockerClient) -> docker.DockerClient:
    """The client with a limit on every silence: the SDK waits for ever at a pull, a build or a container's end, if it is not told."""
    client.api.timeout = _SILENT_SECONDS
    send = client.api.send
    client.api.send = lambda request, **options: send(request, **{**options, "timeout": options.get("timeout") or _SILENT_SECONDS})
    return client


def address() -> str:
    """The address of the engine in use, as `DOCKER_HOST` takes it."""
    url = connect().api.base_url
    return f"unix://{_socket_of(connect())}" if url.startswith("http+docker") else url.replace("http://", "tcp://")


def tool(
    *arguments: str,
    cwd: Path | None = None,
    timeout: float = _TOOL_SECONDS,
    heard: Callable[[str], None] = lambda line: None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the real `buildx` or `compose` against the engine in use, and return what it said.

    Args:
        arguments: the plugin's name and its arguments, as after `docker`.
        cwd: the folder to run in.
        timeout: seconds until the tool is stopped.
        heard: called with each line of its progress as it comes.
        environment: variables to set for it.

    Raises:
        ToolMissing: where the tool is not there or too old.
        TookTooLong: where it takes longer than `timeout`.
    """
    name, *rest = arguments
    process = start(*arguments, cwd=cwd, environment=environment)
    said: list[str] = []

    def listen(lines: Iterable[str]) -> None:
        for line in lines:
            said.append(line)
            heard(line.rstrip())

    listener = Thread(target=listen, args=(process.stderr,), daemon=True)
    answered: list[str] = []
    reader = Thread(target=lambda: answered.append(process.stdout.read()), daemon=True)
    listener.start()
    reader.start()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise TookTooLong(f"docker {name} {_verb(rest)} did not end within {timeout:g} seconds, and was stopped.") from None
    finally:
        end(process)
        listener.join()
        reader.join()
    return subprocess.CompletedProcess(process.args, process.returncode, "".join(answered), "".join(said))


def start(*arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the real `buildx` or `compose` as `tool` does, and leave it running; who starts it reads its pipes and ends it."""
    name, *rest = arguments
    command = [str(_plugin(name)), *rest]
    variables = {**tool_environment(), **(environment or {})}
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,  # nobody sees a question that it asks
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def end(process: subprocess.Popen[str]) -> None:
    """End a tool that may still run: it is told to first, since Compose takes the builder that it started with it only then."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    process.kill()
    process.wait()


def tool_environment() -> dict[str, str]:
    """The environment that ties Docker's tools to the engine in use, through a configuration folder of ours.

    In it the reader's own `config.json` is linked: it holds what they have logged in to, and their proxies.
    """
    folder = HOME / "config"
    theirs = Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser() / "config.json"
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
    return {**os.environ, "DOCKER_HOST": address(), "DOCKER_CONFIG": str(folder), "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def preflight() -> str:
    """Check engine, buildx and Compose, and say in one line what was found.

    Raises:
        EngineMissing: where no engine answers.
        ToolMissing: where buildx or Compose is missing or too old.
    """
    version = connect().version()["Version"]
    return f"Engine {version}, buildx {_version('buildx')}, Compose {_version('compose')}"


def provenance(references: Iterable[str] = ()) -> Provenance:
    """Say on what the current page runs, with the origin of each base image named in `references`."""
    client = connect()
    info = client.info()
    return Provenance(
        engine=info["ServerVersion"],
        storage_driver=info["Driver"],
        cgroup_version=f"v{info.get('CgroupVersion', '1')}",
        architecture=info["Architecture"],
        bases=tuple(origin(reference) for reference in references),
        day=date.today().isoformat(),
    )


def origin(reference: str) -> Base:
    """Say where the image with this name came from; an absent one is `local` with no detail."""
    try:
        attributes: Mapping = connect().images.get(reference).attrs
    except ImageNotFound:
        return Base(reference, "local", "not on this engine")
    labels = attributes["Config"].get("Labels") or {}
    name, _, inside = labels.get(STAND_IN_LABEL, "").partition(" | ")
    if name == reference:  # an image that is built on a stand-in inherits its label
        return Base(reference, "stand-in", inside)
    digests = [entry.partition("@")[2] for entry in attributes.get("RepoDigests") or []]
    return Base(reference, "registry", digests[0]) if digests else Base(reference, "local", attributes["Id"])


def _candidates() -> Iterator[str | None]:
    yield None  # the SDK's own reading of DOCKER_HOST and the active context
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usual = ["/var/run/docker.sock", f"{runtime}/docker.sock" if runtime else ""]
    usual += [os.path.expanduser(f"~/{place}") for place in _HOME_SOCKETS]
    # os.path, not pathlib: a socket in a folder that is closed to us is no error
    yield from (f"unix://{socket}" for socket in [*usual, str(PRIVATE_SOCKET)] if socket and os.path.exists(socket))


def _reason(problem: BaseException) -> str:
    """The last link in a chain of wrapped errors, which names the cause."""
    while problem.__context__ is not None:
        problem = problem.__context__
    text = str(problem)
    if isinstance(problem, PermissionError):
        return "no rights on the socket: join its group, or run as root"
    return (
        f"it takes a question and does not answer within {_PING_SECONDS} seconds: restart it"
        if isinstance(problem, TimeoutError)
        else text[:160]
    )


def _socket_of(client: docker.DockerClient) -> str:
    return client.api.get_adapter(client.api.base_url).socket_path


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
    """Look for buildx and Compose anew: they may have come meanwhile."""
    _plugins.cache_clear()
    _version.cache_clear()


def _plugin(name: str) -> Path:
    """The program of a plugin, once it has shown that it runs and is new enough."""
    _version(name)
    return _plugins()[f"docker-{name}"]


@cache
def _version(name: str) -> str:
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
