"""The commands that a reader would type for what a recipe, an image or a stack does: the one place that knows them.

Each function describes the method of the same name, for `terminal.announced`: it takes what came of the call, then the call's own
arguments.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from ..engine import labels
from ..files import compose
from ..files.compose import ComposeFile
from ..places import ROOT
from ..terminal import Came, Typed
from .answer import NoAnswer
from .build_output import ANSI
from .knock import split
from .limits import PATIENCE, WAIT_SECONDS

if TYPE_CHECKING:  # they are described here
    from .image import Image
    from .stack import Stack
    from .timeline import Timeline

LIST_PACKAGES = """
from importlib.metadata import distributions
print(*sorted({d.name.lower() for d in distributions() if d.name}), sep="\\n")
"""
_LONGEST = 2_000  # characters of what a command printed
_SETTLED = ("created", "restarting", "removing")  # states of a container that do not last
_OF_THIS_RUN = re.compile(rf"[\w.-]*-{labels.RUN}-\d+_?")
# The name of a secret, as `report.secrets` has it in more detail, and a value that is no path and no variable.
_NAME = r"[\w-]*(?:PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS|API_?KEY|PRIVATE_?KEY)[\w-]*"
_SECRET = re.compile(rf"(?i)(?<![\w/.-])({_NAME}[\"']?\s?[=:]\s?)(?![/$])[^\s'\"]+")
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_SECRET_IN_URL = re.compile(r"(://[^:/@\s]{0,200}:)[^@\s]{1,500}@")
_SHORTEST = 6  # characters of a value that is hidden in every text; a shorter one may be an ordinary word
_HIDDEN = "•••"


class Folder(Protocol):
    """What a description needs of a recipe."""

    path: Path
    name: str


def variant(dockerfile: str, recipe: str, target: str | None = None, arguments: Mapping[str, str] | None = None) -> str:
    """What to call the image that is built from a Dockerfile: another name for each target and each set of arguments.

    Args:
        dockerfile: the file's name.
        recipe: the recipe, which gives the name if the file is just called `Dockerfile`.
        target: the stage at which the build stops.
        arguments: values for its `ARG`s.
    """
    name = dockerfile.removesuffix(".Dockerfile") if dockerfile != "Dockerfile" else recipe
    return "-".join([name, *filter(None, [target]), *(arguments or {}).values()])


def tag(name: str) -> str:
    """A name with only the characters that a tag may have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "recipe"


# of a recipe


def build(
    came: Came, recipe: Folder, dockerfile: str = "Dockerfile", target: str | None = None, cache: bool = True, **arguments: str
) -> Iterator[Typed]:
    """`docker build`."""
    name = tag(variant(dockerfile, recipe.name, target, arguments))
    words = ["docker", "build", *_file(dockerfile), *_target(target), *([] if cache else ["--no-cache"])]
    words += [part for argument, value in arguments.items() for part in ("--build-arg", f"{argument}={value}")]
    typed = _typed([*words, "--tag", name, "."], recipe.path, _secrets(arguments, recipe.path), came.exit_code)
    yield typed if came.problem else replace(typed, image=came.result.tag, size=came.result.size)


def rebuild(came: Came, recipe: Folder, changed: str, dockerfile: str = "Dockerfile", **arguments: str) -> Iterator[Typed]:
    """Copy the changed files over the first ones, then `docker build`."""
    yield Typed(f"cp {shlex.quote(changed)}/* .", _below(recipe.path))
    yield from build(came, recipe, dockerfile, None, True, **arguments)


def check_dockerfile(came: Came, recipe: Folder, dockerfile: str = "Dockerfile", target: str | None = None) -> Iterator[Typed]:
    """`docker build --check`, which fails if it finds something."""
    code = came.exit_code if came.problem else int(bool(came.result.found or came.result.error))
    yield _typed(["docker", "build", "--check", *_file(dockerfile), *_target(target), "."], recipe.path, exit_code=code)


def check(came: Came, recipe: Folder, file: str = "compose.yaml", **environment: str) -> Iterator[Typed]:
    """`docker compose config`."""
    code = came.exit_code if came.problem else came.result.exit_code
    yield _composed(ComposeFile(recipe.path, file, environment=environment), ["config", "--quiet"], code, every=True)


def up(
    came: Came,
    recipe: Folder,
    file: str = "compose.yaml",
    *services: str,
    wait: bool = True,
    free_ports: bool = True,
    profiles: Iterable[str] = (),
    limit: int = WAIT_SECONDS,
    **environment: str,
) -> Iterator[Typed]:
    """`docker compose up`."""
    chosen = [part for profile in profiles for part in ("--profile", profile)]
    waiting = ["--wait-timeout", str(limit)] if wait and limit != WAIT_SECONDS else []
    words = [*chosen, *_up(wait), *waiting, *services]
    yield from _brought_up(came, ComposeFile(recipe.path, file, environment=environment), words, came.result)


def time_up(
    came: Came,
    recipe: Folder,
    file: str = "compose.yaml",
    *services: str,
    ask: Iterable[str],
    wait: bool = False,
    limit: float = PATIENCE,
    **environment: str,
) -> Iterator[Typed]:
    """`docker compose up`, then a request to each page that answered."""
    stack, timeline = came.result or (None, None)
    yield from _brought_up(came, ComposeFile(recipe.path, file, environment=environment), [*_up(wait), *services], stack)
    if stack and timeline:
        yield from _answered(stack.file, stack.at_start, ask, timeline)


def race(
    came: Came, recipe: Folder, runs: int, file: str = "compose.yaml", *, ask: Iterable[str], wait: bool = False,
    limit: float = PATIENCE, **environment: str,
) -> Iterator[Typed]:  # fmt: skip
    """One of the runs: `docker compose up`, a request to each page that answered, `docker compose down`."""
    composed = ComposeFile(recipe.path, file, environment=environment)
    first = came.result[0] if came.result else None
    failed = came.exit_code or int(bool(first and first.first("failed") is not None))
    yield _composed(composed, _up(wait), failed, every=True)
    if first and not failed:
        yield from _answered(composed, compose.declared(compose.read(composed)[1]), ask, first)
    if not came.problem:
        yield _composed(composed, _DOWN)


def network(came: Came, recipe: Folder, name: str) -> Iterator[Typed]:
    """`docker network create`."""
    yield _typed(["docker", "network", "create", name], recipe.path, exit_code=came.exit_code)


# of an image


def run(came: Came, image: Image, *command: str, user: str = "") -> Iterator[Typed]:
    """`docker run` of a command."""
    program = ["--entrypoint", command[0]] if image.entrypoint and command else []
    words = [*(["--user", user] if user else []), *program, image.tag or image.name, *(command[1:] if program else command)]
    code = came.exit_code if came.problem else came.result.exit_code
    typed = _typed(["docker", "run", "--rm", *words], exit_code=code)
    yield typed if came.problem else replace(typed, printed=_end(came.result.text))


def packages(came: Came, image: Image) -> Iterator[Typed]:
    """`docker run` of a few words of Python, since an image may have no pip."""
    (typed,) = run(Came(problem=came.problem or Exception()), image, "python", "-c", LIST_PACKAGES)
    yield replace(typed, exit_code=came.exit_code, printed="" if came.problem else _end("\n".join(came.result.names)))


def contents(came: Came, image: Image) -> Iterator[Typed]:
    """`docker history`."""
    yield _typed(["docker", "history", image.tag or image.name], exit_code=came.exit_code)


def ask_image(came: Came, image: Image, path: str = "/", port: int = 5000, limit: float = PATIENCE) -> Iterator[Typed]:
    """Start a container, request a page, stop the container."""
    name = image.tag or image.name
    started = not came.problem or isinstance(came.problem, NoAnswer)
    yield _typed(
        ["docker", "run", "--detach", "--rm", "--init", "--name", name, "--publish", f"127.0.0.1:{port}:{port}", name],
        exit_code=0 if started else came.exit_code,
    )
    if started:
        yield _request(f"http://127.0.0.1:{port}{path}", came)
    if not came.problem:
        yield _typed(["docker", "stop", name])


# of a stack


def services(came: Came, stack: Stack) -> Iterator[Typed]:
    """`docker compose ps`."""
    typed = _composed(stack.file, ["ps", "--all"], came.exit_code)
    yield typed if came.problem else replace(typed, states=stack.states())


def service(came: Came, stack: Stack, name: str) -> Iterator[Typed]:
    """`docker compose ps` of one service."""
    typed = _composed(stack.file, ["ps", "--all", name], came.exit_code)
    yield typed if came.problem else replace(typed, states={key: state for key, state in stack.states().items() if key == name})


def exec(came: Came, stack: Stack, service: str, *command: str) -> Iterator[Typed]:
    """`docker compose exec`."""
    code = came.exit_code if came.problem else came.result.exit_code
    typed = _composed(stack.file, ["exec", "-T", service, *command], code)
    yield typed if came.problem else replace(typed, printed=_end(_without(came.result.text, _of_stack(stack.file))))


def logs(came: Came, stack: Stack, service: str, tail: int | Literal["all"] = "all") -> Iterator[Typed]:
    """`docker compose logs`."""
    last = [] if tail == "all" else ["--tail", str(tail)]
    typed = _composed(stack.file, ["logs", "--no-log-prefix", *last, service], came.exit_code)
    yield typed if came.problem else replace(typed, printed=_end(_without(came.result, _of_stack(stack.file))))


def ask(came: Came, stack: Stack, service: str, path: str = "/", port: int | None = None) -> Iterator[Typed]:
    """A request to the port that the file publishes: a reader runs the file as it is."""
    yield _request(_address(stack.file, stack.at_start, service, port) + path, came, _of_stack(stack.file))


def stop(came: Came, stack: Stack, service: str) -> Iterator[Typed]:
    """`docker compose stop`."""
    yield _changed(came, stack, "stop", service)


def restart(came: Came, stack: Stack, service: str) -> Iterator[Typed]:
    """`docker compose restart`."""
    yield _changed(came, stack, "restart", service)


def kill(came: Came, stack: Stack, service: str, signal: str = "KILL") -> Iterator[Typed]:
    """`docker compose kill`."""
    yield _changed(came, stack, "kill", *([] if signal == "KILL" else ["--signal", signal]), service)


def down(came: Came, stack: Stack) -> Iterator[Typed]:
    """`docker compose down`."""
    yield _composed(stack.file, _DOWN, came.exit_code)


_DOWN = ("down", "--volumes")


def state(status: str, exit_code: int, health: str) -> str:
    """The state of a service in a word; empty if it is on its way to another one.

    Args:
        status: of its container: `running`, `exited`, ….
        exit_code: of its last end.
        health: `starting`, `healthy`, `unhealthy`; empty if it has no health check.
    """
    if status in _SETTLED or (status == "running" and health == "starting"):
        return ""
    return f"exited ({exit_code})" if status == "exited" else health if status == "running" and health else status


# how a command is put together


def _typed(words: Iterable[str], folder: Path | None = None, secrets: Collection[str] = (), exit_code: int = 0) -> Typed:
    return Typed(_without(shlex.join(map(_here, words)), secrets), _below(folder), exit_code)


def _composed(file: ComposeFile, words: Iterable[str], exit_code: int = 0, every: bool = False) -> Typed:
    """A command of Compose.

    Args:
        file: the Compose file.
        words: what follows `docker compose` and its options.
        exit_code: the exit code.
        every: whether it needs all variables; else those without a default in the file, which Compose misses at each command.
    """
    own = file.name == compose.NAMES[0] and not file.over and not any((file.folder / name).exists() for name in _OVERRIDES)
    text = shlex.join(map(_here, ["docker", "compose", *([] if own else file.options()), *words]))
    needed = {name: value for name, value in file.environment.items() if every or not _has_default(file, name)}
    given = [f"{name}={shlex.quote(_here(value))}" for name, value in needed.items()]
    return Typed(_without(" ".join([*given, text]), _of_stack(file)), _below(file.folder), exit_code)


_OVERRIDES = ("compose.override.yaml", "compose.override.yml")  # Compose reads them beside a file that it finds by itself


def _has_default(file: ComposeFile, variable: str) -> bool:
    path = file.folder / file.name
    text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    return not re.search(rf"\$(?:{variable}\b|\{{{variable}(?!:?-))", text)


def _brought_up(came: Came, file: ComposeFile, words: Iterable[str], stack: Stack | None) -> Iterator[Typed]:
    typed = _composed(file, words, came.exit_code, every=True)
    yield replace(typed, states=stack.states()) if stack else typed
    if came.problem and not compose.read(file)[0].error:  # what a failed `up` made is removed
        yield _composed(file, _DOWN)


def _changed(came: Came, stack: Stack, *words: str) -> Typed:
    typed = _composed(stack.file, words, came.exit_code)
    return typed if came.problem else replace(typed, states=stack.states())


def _request(url: str, came: Came, secrets: Collection[str] = ()) -> Typed:
    # Only a port that the engine chooses is looked up by a command, and that needs double quotes.
    command = f'curl "{url}"' if url.startswith("http://$(") else shlex.join(["curl", url])
    answer = None if came.problem else (came.result.status, _without(_end(came.result.text), secrets))
    return Typed(_without(command, secrets), exit_code=came.exit_code, answer=answer)


def _answered(file: ComposeFile, declared: Iterable[compose.Declared], targets: Iterable[str], timeline: Timeline) -> Iterator[Typed]:
    for target in targets:
        protocol, service, port, path = split(target)
        if protocol == "http" and timeline.at(service, "first answer") is not None:
            yield Typed(f"curl {shlex.quote(_address(file, declared, service, port) + path)}")


def _address(file: ComposeFile, declared: Iterable[compose.Declared], service: str, port: int | None) -> str:
    """The address of a service on the reader's machine, as the file publishes it."""
    places = next((each.ports for each in declared if each.name == service), {})
    port = next(iter(places), 0) if port is None else port
    host, _, published = places.get(port, "").rpartition(":")
    if not published.isdecimal():  # none, or a range: the engine chooses
        return f"http://$({_composed(file, ['port', service, str(port)]).command})"
    return f"http://{'127.0.0.1' if host in ('', '0.0.0.0', '::', '[::]') else host}:{published}"


def _up(wait: bool) -> list[str]:
    return ["up", "--build", "--detach", *(["--wait"] if wait else [])]


def _file(dockerfile: str) -> list[str]:
    return [] if dockerfile == "Dockerfile" else ["--file", dockerfile]


def _target(target: str | None) -> list[str]:
    return ["--target", target] if target else []


def _below(folder: Path | None) -> str:
    """A folder within a recipe of the book, from the recipe's folder; empty for the recipe's folder, or any other one."""
    recipes = ROOT / "recipes"
    within = folder.relative_to(recipes).parts[1:] if folder and folder.is_relative_to(recipes) else ()
    return "/".join(within)


def _here(word: str) -> str:
    """A word as a reader would write it: the name that a run gives to its projects and networks means nothing to anybody else."""
    return _OF_THIS_RUN.sub("", word) or word


def _end(text: str) -> str:
    text = ANSI.sub("", text).replace("\r\n", "\n")
    return text if len(text) <= _LONGEST else text[-_LONGEST:]


def _of_stack(file: ComposeFile) -> frozenset[str]:
    return _secrets(file.environment, file.folder)


def _secrets(variables: Mapping[str, str], folder: Path) -> frozenset[str]:
    """The values that no text may show: of variables that are named like a secret, and of the files in a recipe's folder `secrets`."""
    named = {value for name, value in variables.items() if _SECRET_NAME.fullmatch(name)}
    files = [path for path in folder.glob("secrets/*") if path.is_file() and path.stat().st_size < _LONGEST]
    values = named | {path.read_text(encoding="utf-8", errors="replace").strip() for path in files}
    return frozenset(value for value in values if len(value) >= _SHORTEST)


def _without(text: str, secrets: Collection[str]) -> str:
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, _HIDDEN)
    return _SECRET.sub(rf"\1{_HIDDEN}", _SECRET_IN_URL.sub(rf"\1{_HIDDEN}@", text))
