"""What is inside an image: for each layer the files that it added, and those of them that a later layer hid."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from posixpath import dirname, normpath
from typing import IO

_LARGEST = 8  # how many files, and how many folders, are named for each layer
_NEARLY_ALL = 0.9  # a folder is passed over where one folder in it holds this share of its bytes, and is named in its place
_WHITEOUT, _OPAQUE, _RESERVED = ".wh.", ".wh..wh..opq", ".wh..wh."


@dataclass(frozen=True)
class Part:
    """A file or a folder of a layer, and the bytes of it in the layer. The path of a folder ends in a slash."""

    path: str
    size: int


@dataclass(frozen=True)
class Hidden:
    """What a later layer overwrote or deleted: its bytes are still in the image, and no container can see them.

    Attributes:
        path: the file, or the folder (with a slash at its end) that was removed as a whole.
        size: bytes of it in the layer.
        by: the layer that hid it, as its place in `Contents.layers`.
        deleted: whether it was deleted; overwritten if False.
    """

    path: str
    size: int
    by: int
    deleted: bool


@dataclass(frozen=True)
class LayerContents:
    """One layer: the instruction that made it, and what is in it.

    Attributes:
        instruction: the step of the Dockerfile; empty if the image has no history.
        from_base: whether it comes from the base image.
        size: bytes of its files; a second name of a file (a hard link) and a symbolic link count nothing.
        files: how many files it contains, links and all.
        largest_files: the largest, largest first.
        largest_folders: the same for folders, with all that is below them.
        hidden: what later layers hid of it, largest first.
    """

    instruction: str
    from_base: bool
    size: int
    files: int
    largest_files: tuple[Part, ...]
    largest_folders: tuple[Part, ...]
    hidden: tuple[Hidden, ...]

    @property
    def wasted(self) -> int:
        """Bytes of this layer that later layers hid."""
        return sum(hidden.size for hidden in self.hidden)


@dataclass(frozen=True)
class Contents:
    """The layers of an image, oldest first. Steps that only set something, such as `ENV` and `CMD`, have no layer."""

    image: str
    layers: tuple[LayerContents, ...]

    @property
    def size(self) -> int:
        """Bytes of all files in all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def wasted(self) -> int:
        """Bytes of files that a later layer overwrote or deleted."""
        return sum(layer.wasted for layer in self.layers)

    @property
    def efficiency(self) -> float:
        """The share of the bytes in all layers that a container can see.

        The idea and the name are those of `dive` (wagoodman/dive, dive/filetree/efficiency.go), which divides, over all
        paths, the smallest version of each by the sum of its versions. The two agree if a file was deleted, or
        overwritten by one of its size. They part in three places: of an overwritten file we keep the version that can be
        seen, where dive keeps the smallest; a folder that was deleted as a whole is wasted here, and mostly escapes dive, which
        goes by the paths of files; and dive's wasted bytes count the last version of a path too, which is in use.
        """
        return 1 - self.wasted / self.size if self.size else 1.0


def read(
    image: str,
    saved: Iterable[tuple[tarfile.TarInfo, BufferedReader | None]],
    base_steps: int = 0,
    worded: Callable[[str], str] = str.strip,
) -> Contents:
    """Read what is in the layers of an image, in one pass over `docker image save` and without unpacking anything.

    Files that begin with `.wh.` say what a layer deletes (opencontainers/image-spec, layer.md, "Whiteouts").

    Args:
        image: what to call it.
        saved: the members of the archive, in any order, each with its bytes if it is a file.
        base_steps: how many steps of its history came with the base image.
        worded: how to word an instruction of the history.
    """
    documents: dict[str, bytes] = {}
    found: dict[str, _Layer] = {}
    also: dict[str, str] = {}  # engines before 25 save a layer once and link to it where it comes again
    for member, blob in saved:
        if member.issym():
            also[member.name] = normpath(f"{dirname(member.name)}/{member.linkname}")
        elif blob is None:
            continue
        elif blob.peek(1)[:1] in (b"{", b"["):
            documents[member.name] = blob.read()
        elif member.name.startswith("blobs/") or member.name.endswith(".tar"):
            found[member.name] = _parse(blob)
    manifest = json.loads(documents["manifest.json"])[0]
    layers = [found[also.get(name, name)] for name in manifest["Layers"]]
    history = json.loads(documents[manifest["Config"]]).get("history") or []
    steps = [
        (worded(step.get("created_by", "")), number < base_steps) for number, step in enumerate(history) if not step.get("empty_layer")
    ]
    if len(steps) != len(layers):  # history is optional, and some builders leave it out
        steps = [("", False)] * len(layers)
    return Contents(image, tuple(_contents(*step, layer, gone) for step, layer, gone in zip(steps, layers, _stack(layers), strict=True)))


@dataclass
class _Layer:
    """One layer's archive: its files, and what it deletes of the layers below."""

    files: dict[str, str] = field(default_factory=dict)  # path → the path under which its bytes lie
    sizes: dict[str, int] = field(default_factory=dict)  # that path → bytes
    folders: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)


def _parse(blob: IO[bytes]) -> _Layer:
    layer = _Layer()
    with tarfile.open(fileobj=blob, mode="r|*", errors="replace") as archive:  # plain, or packed where containerd stores images
        for member in archive:
            path = normpath(f"/{member.name}")
            folder, _, name = path.rpartition("/")
            if name == _OPAQUE:
                layer.emptied.append(folder)
            elif name.startswith(_WHITEOUT):
                if not name.startswith(_RESERVED):
                    layer.deleted.append(f"{folder}/{name.removeprefix(_WHITEOUT)}")
            elif member.isdir():
                layer.folders.append(path)
            else:
                target = normpath(f"/{member.linkname}") if member.islnk() else ""
                layer.files[path] = layer.files.get(target, path)
                layer.sizes.setdefault(layer.files[path], member.size if member.isreg() else 0)
            archive.members.clear()  # type: ignore[attr-defined]  # tarfile keeps every header otherwise; typeshed does not list it
    return layer


@dataclass
class _File:
    """Bytes in a layer, and the number of visible paths that lead to them."""

    size: int
    layer: int
    names: int = 0


_Tree = dict[str, "_File | _Tree"]


def _stack(layers: Sequence[_Layer]) -> list[list[Hidden]]:
    """Lay the layers upon each other, and note for each what those above it hid of it."""
    root: _Tree = {}
    hidden: list[list[Hidden]] = [[] for _ in layers]

    def hide(path: str, gone: _File | _Tree | None, by: int, deleted: bool) -> None:
        bytes_of: Counter[int] = Counter()
        for file in _files_in(gone):
            file.names -= 1
            if not file.names:
                bytes_of[file.layer] += file.size
        for layer, size in bytes_of.items():
            if size:
                hidden[layer].append(Hidden(f"{path}/" if isinstance(gone, dict) else path, size, by, deleted))

    def folder(path: str, by: int) -> _Tree:
        tree, parts = root, [part for part in path.split("/") if part]
        for depth, part in enumerate(parts):
            below = tree.get(part)
            if not isinstance(below, dict):
                hide("/" + "/".join(parts[: depth + 1]), below, by, deleted=False)
                below = tree[part] = {}
            tree = below
        return tree

    for number, layer in enumerate(layers):
        for path in layer.deleted:  # a layer deletes from those below it only, so this comes before what it adds
            above, _, name = path.rpartition("/")
            hide(path, folder(above, number).pop(name, None), number, deleted=True)
        for path in layer.emptied:
            tree = folder(path, number)
            hide(path, dict(tree), number, deleted=True)
            tree.clear()
        for path in layer.folders:
            folder(path, number)
        bodies = {path: _File(size, number) for path, size in layer.sizes.items()}
        for path, body in layer.files.items():
            above, _, name = path.rpartition("/")
            tree = folder(above, number)
            hide(path, tree.get(name), number, deleted=False)
            tree[name] = bodies[body]
            bodies[body].names += 1
    return hidden


def _files_in(node: _File | _Tree | None) -> Iterator[_File]:
    if isinstance(node, _File):
        yield node
    for below in (node or {}).values() if isinstance(node, dict) else ():
        yield from _files_in(below)


def _contents(instruction: str, from_base: bool, layer: _Layer, hidden: Iterable[Hidden]) -> LayerContents:
    return LayerContents(
        instruction,
        from_base,
        sum(layer.sizes.values()),
        len(layer.files),
        _largest(layer.sizes),
        _largest(_folders(layer.sizes)),
        tuple(sorted(hidden, key=lambda one: (-one.size, one.path))),
    )


def _folders(sizes: Mapping[str, int]) -> dict[str, int]:
    """The bytes below each folder, without the folders that are little more than the way to another one."""
    totals: Counter[str] = Counter()
    for path, size in sizes.items():
        while path := path.rpartition("/")[0]:
            totals[path] += size
    largest_below: Counter[str] = Counter()
    for path, size in totals.items():
        above = path.rpartition("/")[0]
        largest_below[above] = max(largest_below[above], size)
    return {f"{path}/": size for path, size in totals.items() if largest_below[path] < _NEARLY_ALL * size}


def _largest(sizes: Mapping[str, int]) -> tuple[Part, ...]:
    parts = sorted((Part(path, size) for path, size in sizes.items() if size), key=lambda part: (-part.size, part.path))
    return tuple(parts[:_LARGEST])
