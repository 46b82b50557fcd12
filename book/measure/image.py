"""An image: built from a Dockerfile, its size, its layers, and what it does when it runs."""

from __future__ import annotations

import io
import itertools
import re
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from docker.errors import ImageNotFound
from docker.models.containers import Container
from zlib_ng import zlib_ng

from ..engine import connect, has_buildkit, labels, leftovers, storage
from ..terminal import announced
from ..trouble import TookTooLong, Trouble
from . import builder, classic, commands, contents
from .answer import Answer, Output, answer, end_of
from .builder import Build, BuildFailed
from .limits import PATIENCE

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # exists for type checkers only

_count = itertools.count(1)
_RUN_SECONDS = 120
_MOST_WORDS = 500  # characters of what a command said that an error shows
_SHELL_PREFIX = re.compile(r"^(?:RUN )?(?:\|\d+ (?:\S+=\S* )*)?/bin/sh -c (?:#\(nop\)\s*)?")


@dataclass(frozen=True)
class Layer:
    """One step of an image: the instruction, the bytes it added, and whether it comes from the base image."""

    instruction: str
    size: int
    from_base: bool


@dataclass(frozen=True)
class Packages:
    """The names of the Python packages in an image, in order."""

    image: str
    names: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.names


@dataclass(frozen=True)
class Image:
    """An image that was built, with its measurements.

    Attributes:
        name: the variant, from the Dockerfile's name.
        id: the engine's id.
        size: bytes of its layers, unpacked, as `docker image history` counts them; what `inspect` counts differs between image stores.
        packed: bytes of its layers from `docker image save`, through gzip (level 6) unless it is packed: what a registry moves.
        storage_driver: the image store that counted; sizes of different stores do not compare.
        layers: the steps, oldest first.
        seconds: how long the build took.
        log: what the builder printed, which is little for cached steps; empty if nothing was built.
        tag: the short name that a reader's own build gives it; empty if it was not built here.
        entrypoint: the program that it starts whatever the command, with its arguments.
    """

    name: str
    id: str
    size: int
    packed: int
    storage_driver: str
    layers: tuple[Layer, ...]
    seconds: float
    log: str = field(default="", repr=False)
    tag: str = ""
    entrypoint: tuple[str, ...] = ()

    def said(self, words: str) -> str:
        """The lines of the builder's output that contain these words."""
        return "\n".join(line for line in self.log.splitlines() if words in line)

    @property
    def base_size(self) -> int:
        """Bytes that came with the base image; every image on that base shares them."""
        return sum(layer.size for layer in self.layers if layer.from_base)

    @announced(commands.run)
    def run(self, *command: str, user: str = "") -> Output:
        """Run a command in a fresh container of this image, remove the container, and return what it wrote.

        Args:
            command: the program and its arguments; one that the image does not have gives exit code 127, as in a shell.
            user: who runs it; the image's own user if empty.
        """
        try:
            with self._container(command=list(command), entrypoint="", user=user) as container:
                code = container.wait(timeout=_RUN_SECONDS)["StatusCode"]
                return Output(end_of(container.logs(stream=True, follow=False)), code)
        except requests.RequestException as problem:
            if "timed out" not in str(problem).lower():
                raise
            raise TookTooLong(f"`{' '.join(command)}` did not end within {_RUN_SECONDS} seconds in {self.name}, and was ended.") from None

    @announced(commands.packages)
    def packages(self) -> Packages:
        """The Python packages that the image's own `python` can see.

        Raises:
            Trouble: if it has no `python` that can list them.
        """
        said = self.run("python", "-c", commands.LIST_PACKAGES)
        if said.exit_code:
            raise Trouble(f"{self.name} cannot list its Python packages. It printed:\n{said.text.strip()[-_MOST_WORDS:]}")
        return Packages(self.name, tuple(said.text.split()))

    @announced(commands.contents)
    def contents(self) -> contents.Contents:
        """What each layer added, and what later layers hid of it; read from `docker image save`, which takes a second or more."""
        saved = connect().images.get(self.id).save()
        return contents.read(self.name, _members(saved), sum(layer.from_base for layer in self.layers), _instruction)

    @announced(commands.ask_image)
    def ask(self, path: str = "/", port: int = 5000, limit: float = PATIENCE) -> Answer:
        """Start the image as it is, request `path` over HTTP on a free port of 127.0.0.1, and return the answer.

        Args:
            path: the path.
            port: the port in the container.
            limit: seconds to wait for an answer.

        Raises:
            NoAnswer: if nothing answers in time; the message contains the container's last lines of output.
        """
        with self._container(port=port) as container:
            return answer(container, port, path, limit)

    @contextmanager
    def _container(
        self, command: list[str] | None = None, entrypoint: str | None = None, user: str | None = None, port: int | None = None
    ) -> Iterator[Container]:
        container = connect().containers.create(
            self.id,
            command,
            entrypoint=entrypoint,
            user=user,
            ports={f"{port}/tcp": ("127.0.0.1", 0)} if port else {},  # 0: a free one
            labels=leftovers.labels(self.name),
            init=True,
        )
        try:
            container.start()
            yield container
        finally:
            container.remove(force=True, v=True)


def build(
    folder: Path,
    dockerfile: str,
    recipe: str,
    *,
    bases: Iterable[str],
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
    cache: bool = True,
    heard: Callable[[str], None] = lambda line: None,
) -> Image:
    """Build `dockerfile` in `folder` and measure the image.

    Args:
        folder: the build context.
        dockerfile: the file's name in the folder.
        recipe: the name that labels what is made.
        bases: the images it starts from.
        target: the stage to stop at.
        arguments: values for its `ARG`s.
        cache: whether steps may come from the builder's cache.
        heard: called with each line of the builder as it comes.

    Raises:
        BuildFailed: if the build fails.
    """
    name = commands.variant(dockerfile, recipe, target, arguments)
    # A tag takes few characters, and a folder's name or an argument's value may have others.
    # Each build has a tag of its own: a tag that moves is absent for a moment, and so is the image that had it.
    tag = f"{commands.tag(recipe)}:{commands.tag(name)}-{labels.RUN}-{next(_count)}"
    started = time.monotonic()
    what = Build(folder, dockerfile, tag, leftovers.labels(recipe), target, arguments or {}, cache, heard)
    make = builder.build if has_buildkit() else classic.build
    try:
        built = make(what)
    except BuildFailed as problem:
        if not problem.again:
            raise
        built = make(what)
    return measure(built.image, name, bases, time.monotonic() - started, built.printed, commands.tag(name))


def measure(reference: str, name: str, bases: Iterable[str] = (), seconds: float = 0.0, log: str = "", tag: str = "") -> Image:
    """Measure an image that is on the engine.

    Args:
        reference: its tag or id.
        name: what to call it.
        bases: names of the images that it may start from.
        seconds: how long its build took, if it was built just now.
        log: what the builder printed.
        tag: the short name that a reader's own build gives it.
    """
    client = connect()
    image = client.images.get(reference)
    history = list(reversed(image.history()))
    inherited = max((_shared_steps(image.attrs, base) for base in bases), default=0)
    steps = (Layer(_instruction(entry["CreatedBy"]), entry["Size"], number < inherited) for number, entry in enumerate(history))
    layers = tuple(step for step in steps if step.from_base or not step.instruction.startswith(f"LABEL {labels.LABEL}"))
    size = sum(entry["Size"] for entry in history)
    entrypoint = tuple((image.attrs.get("Config") or {}).get("Entrypoint") or ())
    return Image(name, image.attrs["Id"], size, _packed(image.save()), storage(), layers, seconds, log, tag, entrypoint)


class _Stream(io.RawIOBase):
    """The chunks of a download as a file, so that tarfile can read them as they come."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        self._rest = self._rest or next(self._chunks, b"")
        taken, self._rest = self._rest[: len(room)], self._rest[len(room) :]
        room[: len(taken)] = taken
        return len(taken)


_GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1
_packed_bytes: dict[str, int] = {}  # by the digest in the blob's name: images share the layers of their base


def _members(saved: Iterator[bytes]) -> Iterator[tuple[tarfile.TarInfo, io.BufferedReader | None]]:
    """What `docker image save` writes, as it comes: each member, with its bytes if it is a file."""
    with tarfile.open(fileobj=io.BufferedReader(_Stream(saved), 1 << 20), mode="r|") as archive:
        for member in archive:
            blob = archive.extractfile(member) if member.isreg() else None
            yield member, blob if isinstance(blob, io.BufferedReader) else None  # tarfile's own class for a member is one


def _packed(saved: Iterator[bytes]) -> int:
    total = 0
    for member, blob in _members(saved):
        if blob is None:
            continue
        if member.name not in _packed_bytes and blob.peek(2)[:2] == _GZIP:  # as the containerd store keeps them, and pushes them
            _packed_bytes[member.name] = member.size
        if member.name not in _packed_bytes:
            compressor, packed = zlib_ng.compressobj(6, wbits=31), 0  # as gzip does it, in less than half of the time
            while chunk := blob.read(1 << 20):
                packed += len(compressor.compress(chunk))
            _packed_bytes[member.name] = packed + len(compressor.flush())
        total += _packed_bytes[member.name]
    return total


def _shared_steps(attributes: Mapping[str, Any], base: str) -> int:
    """How many steps of its history an image has from `base`; 0 if it does not start from it."""
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
