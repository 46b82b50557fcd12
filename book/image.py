"""An image: built from a Dockerfile, its size, its layers, and what it does when it runs."""

from __future__ import annotations

import io
import re
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import IO, Any, TypeVar

import requests
from docker.errors import APIError, ImageNotFound
from docker.models.containers import Container
from docker.utils import exclude_paths

from . import contents, run
from .advice import advice
from .engine import connect, tool
from .trouble import TookTooLong, Trouble

_NEEDS_BUILDKIT = re.compile(r"--mount=|^(?:COPY|ADD)\s+--link|<<-?['\"]?\w", re.IGNORECASE | re.MULTILINE)
_LAST_LINES = 8
_LONGEST = 200  # characters of a line of the builder's last words
_LARGEST_CONTEXT = 1_000_000_000  # bytes
_ANSWER_SECONDS = 30
_RUN_SECONDS = 120
_LIST_PACKAGES = "from importlib.metadata import distributions as all; print(*sorted({d.name.lower() for d in all()}), sep='\\n')"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STEP_PREFIX = re.compile(r"^#\d+ (?:[\d.]+ )?")  # how buildx marks the lines of a step
_STEP_IMAGE = re.compile(r"^ ---> ([0-9a-f]{12})$", re.MULTILINE)  # how the SDK's builder names the image of a step
_STEP_CONTAINER = re.compile(r"^ ---> Running in ([0-9a-f]{12})$", re.MULTILINE)  # and the container that makes it
_MOST = 1 << 20  # bytes of a container's output that a page can hold
_T = TypeVar("_T")
_BUILT = re.compile(r"(?:^Successfully built |sha256:)[0-9a-f]+$", re.MULTILINE)  # as the SDK looks for it
_SHELL_PREFIX = re.compile(r"^(?:RUN )?(?:\|\d+ (?:\S+=\S* )*)?/bin/sh -c (?:#\(nop\)\s*)?")


class BuildFailed(Trouble):
    """The builder refused a Dockerfile; the message holds its own last words."""


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

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text.rstrip()}


@dataclass(frozen=True)
class Packages:
    """The names of the Python packages in an image, in order."""

    image: str
    names: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.names


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, body, and the seconds from the container's start until it came."""

    status: int
    text: str
    seconds: float

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # read by IPython
        printer.text(f"HTTP {self.status}: {self.text.strip()}")


@dataclass(frozen=True)
class Image:
    """An image that was built, with its measurements.

    Attributes:
        name: the variant, from the Dockerfile's name.
        id: the engine's id.
        size: bytes as `docker image inspect` counts them.
        packed: bytes of its layers from `docker image save`, each through gzip (level 6): what a registry moves.
        storage_driver: the driver that counted; sizes of different drivers do not compare.
        layers: the steps, oldest first.
        seconds: how long the build took.
        log: what the builder said, which is little for steps that it had in its cache; empty where nothing was built.
    """

    name: str
    id: str
    size: int
    packed: int
    storage_driver: str
    layers: tuple[Layer, ...]
    seconds: float
    log: str = field(default="", repr=False)

    def said(self, words: str) -> str:
        """The lines with these words in what the builder said while it built the image."""
        return "\n".join(line for line in self.log.splitlines() if words in line)

    @property
    def base_size(self) -> int:
        """Bytes that came with the base image; every image on that base shares them."""
        return sum(layer.size for layer in self.layers if layer.from_base)

    def run(self, *command: str, user: str = "") -> Output:
        """Run a command in a fresh container of this image, remove the container, and return what it wrote.

        Args:
            command: the program and its arguments; one that the image does not have gives exit code 127, as in a shell.
            user: who runs it; the image's own user where empty.
        """
        try:
            with self._container(command=list(command), entrypoint="", user=user) as container:
                code = container.wait(timeout=_RUN_SECONDS)["StatusCode"]
                return Output(end_of(container.logs(stream=True, follow=False)), code)
        except requests.RequestException as problem:
            if "timed out" not in str(problem).lower():
                raise
            raise TookTooLong(f"`{' '.join(command)}` did not end within {_RUN_SECONDS} seconds in {self.name}, and was ended.") from None
        except APIError as problem:
            if "executable file not found" not in str(problem.explanation):
                raise
            return Output(f"{command[0]}: not found in this image\n", 127)

    def packages(self) -> Packages:
        """The Python packages that the image's own `python` can see."""
        return Packages(self.name, tuple(self.run("python", "-c", _LIST_PACKAGES).text.split()))

    def contents(self) -> contents.Contents:
        """What each layer added, and what later layers hid of it; read from `docker image save`, which takes a second or more."""
        saved = connect().images.get(self.id).save()
        return contents.read(self.name, _members(saved), sum(layer.from_base for layer in self.layers), _instruction)

    def ask(self, path: str = "/", port: int = 5000) -> Answer:
        """Start the image as it is, ask for `path` over HTTP on a free port of 127.0.0.1, and return the answer.

        Raises:
            NoAnswer: where nothing answers in time; the message holds the container's last words.
        """
        with self._container(ports={f"{port}/tcp": ("127.0.0.1", None)}) as container:
            return answer(container, port, path)

    @contextmanager
    def _container(self, **options: object) -> Iterator[Container]:
        client = connect()
        container = client.containers.create(self.id, labels=run.labels(self.name), init=True, **options)
        try:
            container.start()
            yield container
        finally:
            container.remove(force=True, v=True)


class NoAnswer(Trouble):
    """A container did not answer in time; the message holds its last words."""


def build(
    folder: Path,
    dockerfile: str,
    text: str,
    recipe: str,
    bases: Iterable[str],
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
    heard: Callable[[str], None] = lambda line: None,
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
        heard: called with each line of the builder as it comes.

    Raises:
        BuildFailed: where the builder refuses.
    """
    name = dockerfile.removesuffix(".Dockerfile") if dockerfile != "Dockerfile" else recipe
    name = "-".join([name, *filter(None, [target]), *(arguments or {}).values()])
    # A tag takes few characters, and a folder's name or an argument's value may have others.
    tag = f"{_tame(recipe)}:{_tame(name)}-{run.RUN}"
    through = _buildx if _NEEDS_BUILDKIT.search(text) else _sdk
    if through is _sdk and (reason := _too_much(folder)):
        raise BuildFailed(f"{dockerfile} is not built: {reason}")
    started = time.monotonic()
    said = through(folder, dockerfile, tag, run.labels(recipe), target, dict(arguments or {}), heard)
    return measure(tag, name, bases, time.monotonic() - started, "\n".join(_lines(said)))


def measure(reference: str, name: str, bases: Iterable[str] = (), seconds: float = 0.0, log: str = "") -> Image:
    """Measure an image that is on the engine.

    Args:
        reference: its tag or id.
        name: what to call it.
        bases: names of the images that it may start from.
        seconds: how long its build took, where it was built just now.
        log: what the builder said.
    """
    client = connect()
    image = client.images.get(reference)
    history = list(reversed(image.history()))
    inherited = max((_shared_steps(image.attrs, base) for base in bases), default=0)
    steps = (Layer(_instruction(entry["CreatedBy"]), entry["Size"], number < inherited) for number, entry in enumerate(history))
    layers = tuple(step for step in steps if step.from_base or not step.instruction.startswith(f"LABEL {run.LABEL}"))
    return Image(name, image.id, image.attrs["Size"], _packed(image.save()), client.info()["Driver"], layers, seconds, log)


class _Stream(io.RawIOBase):
    """The chunks of a download as a file, so that tarfile can read them as they come."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self._rest = self._rest or next(self._chunks, b"")
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


_packed_bytes: dict[str, int] = {}  # by the digest in the blob's name: images share the layers of their base


def _members(saved: Iterator[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """What `docker image save` writes, as it comes: each member, with its bytes where it is a file."""
    with tarfile.open(fileobj=io.BufferedReader(_Stream(saved), 1 << 20), mode="r|") as archive:
        for member in archive:
            yield member, archive.extractfile(member) if member.isreg() else None


def _packed(saved: Iterator[bytes]) -> int:
    total = 0
    for member, blob in _members(saved):
        if blob is None:
            continue
        if member.name not in _packed_bytes:
            squeeze = zlib.compressobj(6, wbits=31)
            packed = sum(len(squeeze.compress(chunk)) for chunk in iter(lambda blob=blob: blob.read(1 << 20), b""))
            _packed_bytes[member.name] = packed + len(squeeze.flush())
        total += _packed_bytes[member.name]
    return total


def _sdk(
    folder: Path,
    dockerfile: str,
    tag: str,
    labels: dict[str, str],
    target: str | None,
    arguments: dict[str, str],
    heard: Callable[[str], None],
) -> str:
    said, rest, refused = "", "", ""
    try:
        entries = connect().api.build(
            path=str(folder),
            dockerfile=dockerfile,
            tag=tag,
            labels=labels,
            target=target or "",
            buildargs=arguments,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for entry in entries:
            refused = refused or entry.get("error", "")
            said += entry.get("stream", "")
            *lines, rest = (rest + entry.get("stream", "")).split("\n")
            for line in lines:
                # At once, not at the end: whoever ends us in mid-build leaves nothing that the next run does not know of.
                run.note_images(_STEP_IMAGE.findall(line))
                run.note_containers(_STEP_CONTAINER.findall(line))
                heard(line)
    except APIError as problem:
        raise BuildFailed(_last_words(folder, dockerfile, "", str(problem.explanation))) from None
    if refused or not _BUILT.search(said):
        raise BuildFailed(_last_words(folder, dockerfile, said, refused))
    return said


def _buildx(
    folder: Path,
    dockerfile: str,
    tag: str,
    labels: dict[str, str],
    target: str | None,
    arguments: dict[str, str],
    heard: Callable[[str], None],
) -> str:
    options = ["--load", "--progress=plain", f"--tag={tag}", f"--file={dockerfile}"]
    options += [f"--label={key}={value}" for key, value in labels.items()]
    options += [f"--build-arg={key}={value}" for key, value in arguments.items()]
    options += [f"--target={target}"] if target else []
    done = tool("buildx", "build", *options, ".", cwd=folder, heard=heard)
    if done.returncode:
        raise BuildFailed(_last_words(folder, dockerfile, done.stderr))
    return done.stderr


def _last_words(folder: Path, dockerfile: str, said: str, cause: str = "") -> str:
    cause = re.sub(r"^The command '.*' returned", "The command returned", cause, flags=re.DOTALL)  # the step stands above it
    lines = _lines(f"{said.rstrip()}\n{cause}")
    number = _line(folder, dockerfile, lines)
    where = f" (line {number})" if number else ""
    return f"{dockerfile} does not build{where}.{advice(chr(10).join(lines[-_LAST_LINES:]))}\nThe builder's last words:\n\n" + "\n".join(
        line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…" for line in lines[-_LAST_LINES:]
    )


def _line(folder: Path, dockerfile: str, lines: list[str]) -> str:
    """The line of the Dockerfile that the builder stopped at, as it says itself, or else as its last step is written there; or empty."""
    text = "\n".join(lines)
    if found := re.search(rf"parse error on line (\d+)|^{re.escape(dockerfile)}:(\d+)$", text, re.MULTILINE):
        return found[1] or found[2]
    step = next((line.partition(" : ")[2] for line in reversed(lines) if line.startswith("Step ")), "")
    written = (folder / dockerfile).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    same = [number for number, line in enumerate(written, 1) if line.strip() == step]
    return str(same[0]) if len(same) == 1 else ""


def _tame(name: str) -> str:
    """A name as a part of a tag may be."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "recipe"


def _too_much(folder: Path) -> str:
    """Why a build context should not be sent to the builder; empty where it may be: the SDK first copies all of it to a temporary file."""
    ignore = folder / ".dockerignore"
    patterns = [line.strip() for line in ignore.read_text(encoding="utf-8-sig", errors="replace").splitlines()] if ignore.is_file() else []
    paths = (folder / name for name in exclude_paths(str(folder), [line for line in patterns if line and line[0] != "#"]))
    sizes = {path: path.stat().st_size for path in paths if path.is_file() and not path.is_symlink()}
    if sum(sizes.values()) <= _LARGEST_CONTEXT:
        return ""
    most = max(sizes, key=sizes.__getitem__).relative_to(folder)
    limit = f"{_LARGEST_CONTEXT / 1e9:g} GB"
    return f"its folder holds more than {limit}, most of it in {most}. Name in .dockerignore what the image does not need."


def _lines(said: str) -> list[str]:
    """What the builder said, without its colours, the numbers of its steps and the ids of its images."""
    lines = (_STEP_PREFIX.sub("", _ANSI.sub("", line)).rstrip() for line in said.splitlines())
    return [line for line in lines if line and not line.startswith(" --->")]


def answer(container: Container, port: int, path: str) -> Answer:
    """Ask a container for `path` over HTTP through its published port until an answer comes, whatever its status.

    Raises:
        NoAnswer: where nothing answers in time; the message holds the container's last words.
    """
    started = time.monotonic()
    while time.monotonic() - started < _ANSWER_SECONDS:
        container.reload()
        published = container.ports.get(f"{port}/tcp")
        if container.status == "exited":
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{published[0]['HostPort']}{path}", timeout=5) as reply:
                return Answer(reply.status, reply.read().decode(), time.monotonic() - started)
        except urllib.error.HTTPError as reply:
            return Answer(reply.code, reply.read().decode(), time.monotonic() - started)
        except (OSError, HTTPException, TypeError):  # it went away midway; TypeError: not published yet
            time.sleep(0.05)
    words = container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
    said = f"Nothing answered on port {port} of the container within {_ANSWER_SECONDS} seconds. It said:\n{words or '(nothing)'}"
    raise NoAnswer("\n".join(filter(None, [said, out_of_memory(container)])))


def out_of_memory(container: Container) -> str:
    """That a container was ended for its memory, in a sentence with the next step; empty where it was not."""
    container.reload()
    limit = container.attrs["HostConfig"]["Memory"] / 2**20
    what = f"its limit of {limit:g} MiB" if limit else "this machine has"
    wished = f"It was killed for using more memory than {what}: give it more (`mem_limit`), or let it use less."
    return wished if container.attrs["State"]["OOMKilled"] else ""


def end_of(chunks: Iterable[bytes]) -> str:
    """The text of a stream; of a very long one its last MiB, after a line that says what was left out."""
    kept, left_out = bytearray(), 0
    for chunk in chunks:
        kept += chunk
        if len(kept) > 2 * _MOST:
            left_out += len(kept) - _MOST
            del kept[:-_MOST]
    note = f"[… {left_out / 2**20:.0f} MiB before this are left out]\n" if left_out else ""
    return note + kept.decode(errors="replace")


def within(seconds: float, what: str, work: Callable[[], _T]) -> _T:
    """Do what the SDK does without a limit of its own, within one.

    Raises:
        TookTooLong: where it does not end in time.
    """
    done: list[_T] = []
    failed: list[Exception] = []

    def go() -> None:
        try:
            done.append(work())
        except Exception as problem:
            failed.append(problem)

    worker = Thread(target=go, daemon=True)
    worker.start()
    worker.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TookTooLong(f"{what} did not end within {seconds:g} seconds.")
    return done[0]


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
    bare = re.sub(r"\b(file|dir|multi):[0-9a-f]{64} in ", r"\1 ", bare)  # the SDK's builder names what it copied by its digest
    return re.sub(r"\s+", " ", bare if "#(nop)" in text or bare == text else f"RUN {bare}")
