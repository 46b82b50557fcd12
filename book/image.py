"""An image: built from a Dockerfile, its size, its layers, and what it does when it runs."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError, BuildError, ImageNotFound
from docker.models.containers import Container

from . import run
from .engine import connect, tool

_NEEDS_BUILDKIT = re.compile(r"--mount=|^(?:COPY|ADD)\s+--link|<<-?['\"]?\w", re.IGNORECASE | re.MULTILINE)
_LAST_LINES = 12
_ANSWER_SECONDS = 30
_RUN_SECONDS = 120
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STEP_PREFIX = re.compile(r"^#\d+ (?:[\d.]+ )?")  # how buildx marks the lines of a step
_SHELL_PREFIX = re.compile(r"^(?:RUN )?(?:\|\d+ (?:\S+=\S* )*)?/bin/sh -c (?:#\(nop\)\s*)?")


class BuildFailed(Exception):
    """The builder refused a Dockerfile; the message holds its own last words."""

    def _render_traceback_(self) -> list[str]:  # read by IPython: the builder's words, not our stack
        return [str(self)]


@dataclass(frozen=True)
class Layer:
    """One step of an image: the instruction, the bytes it added, and whether the base image brought it."""

    instruction: str
    size: int
    from_base: bool


@dataclass(frozen=True)
class Output:
    """What a command in a container wrote, and its exit code."""

    text: str
    exit_code: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, body, and the seconds from the container's start until it came."""

    status: int
    text: str
    seconds: float


@dataclass(frozen=True)
class Image:
    """An image that was built, with its measurements.

    Attributes:
        name: the variant, from the Dockerfile's name.
        id: the engine's id.
        size: bytes as `docker image inspect` counts them.
        storage_driver: the driver that counted; sizes of different drivers do not compare.
        layers: the steps, oldest first.
        seconds: how long the build took.
    """

    name: str
    id: str
    size: int
    storage_driver: str
    layers: tuple[Layer, ...]
    seconds: float

    def packed(self) -> int:
        """Bytes of `docker image save` through gzip (level 6), which is about what a registry moves."""
        squeeze = zlib.compressobj(6, wbits=31)
        return sum(len(squeeze.compress(chunk)) for chunk in connect().images.get(self.id).save()) + len(squeeze.flush())

    def run(self, *command: str) -> Output:
        """Run a command in a fresh container of this image, remove the container, and return what it wrote.

        Raises:
            APIError: where the engine cannot start the command.
        """
        with self._container(command=list(command), entrypoint="") as container:
            code = container.wait(timeout=_RUN_SECONDS)["StatusCode"]
            return Output(container.logs().decode(errors="replace"), code)

    def ask(self, path: str = "/", port: int = 5000) -> Answer:
        """Start the image as it is, ask for `path` over HTTP on a free port of 127.0.0.1, and return the answer.

        Raises:
            NoAnswer: where nothing answers in time; the message holds the container's last words.
        """
        with self._container(ports={f"{port}/tcp": ("127.0.0.1", None)}) as container:
            container.reload()
            published = container.attrs["NetworkSettings"]["Ports"][f"{port}/tcp"][0]["HostPort"]
            return answer(container, f"http://127.0.0.1:{published}{path}")

    @contextmanager
    def _container(self, **options) -> Iterator[Container]:
        client = connect()
        container = client.containers.create(self.id, labels=run.labels(self.name), init=True, **options)
        try:
            container.start()
            yield container
        finally:
            container.remove(force=True, v=True)


class NoAnswer(Exception):
    """A container did not answer in time; the message holds its last words."""

    def _render_traceback_(self) -> list[str]:  # read by IPython: the message is the whole story
        return [str(self)]


def build(
    folder: Path,
    dockerfile: str,
    text: str,
    recipe: str,
    bases: Iterable[str],
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
) -> Image:
    """Build `dockerfile` in `folder` and measure the image.

    Builds go through the Docker SDK; a Dockerfile that the SDK's builder cannot read (`RUN --mount`, here-documents,
    `COPY --link`) goes through buildx.

    Args:
        folder: the build context.
        dockerfile: the file's name in the folder.
        text: what stands in it.
        recipe: the name that labels what is made.
        bases: the images it starts from.
        target: the stage to stop at.
        arguments: values for its `ARG`s.

    Raises:
        BuildFailed: where the builder refuses.
    """
    name = dockerfile.removesuffix(".Dockerfile") if dockerfile != "Dockerfile" else recipe
    name = "-".join([name, *filter(None, [target]), *(arguments or {}).values()])
    tag = f"{recipe}:{name}-{run.RUN}".lower()
    started = time.monotonic()
    through = _buildx if _NEEDS_BUILDKIT.search(text) else _sdk
    through(folder, dockerfile, tag, run.labels(recipe), target, dict(arguments or {}))
    return measure(tag, name, bases, time.monotonic() - started)


def measure(reference: str, name: str, bases: Iterable[str] = (), seconds: float = 0.0) -> Image:
    """Measure an image that is on the engine.

    Args:
        reference: its tag or id.
        name: what to call it.
        bases: names of the images that it may start from.
        seconds: how long its build took, where it was built just now.
    """
    client = connect()
    image = client.images.get(reference)
    history = list(reversed(image.history()))
    inherited = max((_shared_steps(image.attrs, base) for base in bases), default=0)
    layers = tuple(
        Layer(_instruction(entry["CreatedBy"]), entry["Size"], from_base=number < inherited) for number, entry in enumerate(history)
    )
    return Image(name, image.id, image.attrs["Size"], client.info()["Driver"], layers, seconds)


def _sdk(folder: Path, dockerfile: str, tag: str, labels: dict[str, str], target: str | None, arguments: dict[str, str]) -> None:
    try:
        connect().images.build(
            path=str(folder), dockerfile=dockerfile, tag=tag, labels=labels, target=target or "", buildargs=arguments, rm=True, forcerm=True
        )
    except BuildError as problem:
        said = "".join(entry.get("stream", "") for entry in problem.build_log)
        raise BuildFailed(_last_words(dockerfile, said)) from None
    except APIError as problem:
        raise BuildFailed(f"{dockerfile}: {problem.explanation}") from None


def _buildx(folder: Path, dockerfile: str, tag: str, labels: dict[str, str], target: str | None, arguments: dict[str, str]) -> None:
    options = ["--load", "--progress=plain", f"--tag={tag}", f"--file={dockerfile}"]
    options += [f"--label={key}={value}" for key, value in labels.items()]
    options += [f"--build-arg={key}={value}" for key, value in arguments.items()]
    options += [f"--target={target}"] if target else []
    done = tool("buildx", "build", *options, ".", cwd=folder)
    if done.returncode:
        raise BuildFailed(_last_words(dockerfile, done.stderr))


def _last_words(dockerfile: str, said: str) -> str:
    lines = [_STEP_PREFIX.sub("", _ANSI.sub("", line)).rstrip() for line in said.splitlines()]
    return f"{dockerfile} does not build. The builder's last words:\n\n" + "\n".join([line for line in lines if line][-_LAST_LINES:])


def answer(container: Container, url: str) -> Answer:
    """Ask for `url` until an HTTP answer comes, whatever its status.

    Raises:
        NoAnswer: where nothing answers in time; the message holds the container's last words.
    """
    started = time.monotonic()
    while time.monotonic() - started < _ANSWER_SECONDS:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return Answer(reply.status, reply.read().decode(), time.monotonic() - started)
        except urllib.error.HTTPError as reply:
            return Answer(reply.code, reply.read().decode(), time.monotonic() - started)
        except OSError:
            time.sleep(0.05)
    words = container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
    raise NoAnswer(f"Nothing answered at {url} within {_ANSWER_SECONDS} seconds. The container said:\n{words or '(nothing)'}")


def _shared_steps(attributes: Mapping, base: str) -> int:
    """How many steps of its history an image has from `base`; 0 where it does not start from it."""
    try:
        found = connect().images.get(base)
    except ImageNotFound:
        return 0
    ours, theirs = attributes["RootFS"].get("Layers", []), found.attrs["RootFS"].get("Layers", [])
    return len(found.history()) if ours[: len(theirs)] == theirs else 0


def _instruction(created_by: str) -> str:
    """The instruction as a reader wrote it: the engine's history wraps it in the shell that ran it."""
    text = created_by.removesuffix("# buildkit").strip()
    bare = _SHELL_PREFIX.sub("", text)
    return re.sub(r"\s+", " ", bare if "#(nop)" in text or bare == text else f"RUN {bare}")
