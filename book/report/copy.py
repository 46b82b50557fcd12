"""A copy of a project, so that nothing of the reader's is changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ..engine import connect
from ..engine.leftovers import labels
from ..measure.probe import python_image
from .project import NoProject, Project, read

_LARGEST = 2_000_000_000  # bytes of a folder that is copied


@contextmanager
def copied(project: Project, left_out: Iterable[Path] = ()) -> Iterator[Project]:
    """A project in a copy of its folder, so that nothing edits the original.

    Where a build reads more than the folder, all that it reads is copied. The copy lies as deep as the original, and what stands
    beside and above that is linked: a path that leads out of the folder leads to the same file.

    Args:
        project: the project.
        left_out: files of ours that are no part of it.

    Raises:
        NoProject: where that is more than is copied, and where Compose reads the original and not the copy.
    """
    contexts = [build.settings.context for build in project.builds if os.path.isdir(build.settings.context)]
    root = Path(os.path.commonpath([project.folder, *contexts]))
    if root in (Path("/"), Path.home()):
        raise NoProject(f"{project.name} reads all of {root}, which is not copied: put what it needs into a folder of its own.")
    if sum(_size(file) for file in _walk(root)) > _LARGEST:
        limit = f"{_LARGEST / 1e9:g} GB"
        raise NoProject(f"{project.name} is run in a copy, and {root} holds more than {limit}: move its data out of the folder.")
    place = Path(tempfile.mkdtemp(prefix="report-")).resolve()  # as Compose will call it
    try:
        ours = {path.resolve() for path in left_out}
        twin = place.joinpath(*root.parts[1:])
        shutil.copytree(root, twin, symlinks=True, ignore=lambda above, names: _odd(above, names, ours))
        _own(root, twin)
        _link_around(root, place)
        copy = read(replace(project, folder=twin / project.folder.relative_to(root)))
        if copy.check and copy.check.error and not (project.check and project.check.error):
            raise NoProject(f"{project.name} is run in a copy of its folder, and Compose does not read it there:\n{copy.check.error}")
        yield copy
    finally:
        _remove(place)


def _link_around(root: Path, place: Path) -> None:
    """Link what is beside the original, and beside each folder above it; not the folders of the machine's own root."""
    for above in list(root.parents)[:-1]:
        twin = place.joinpath(*above.parts[1:])
        with suppress(OSError):  # what may not be looked at, or linked, is not there
            for entry in os.scandir(above):
                if not os.path.lexists(twin / entry.name):
                    (twin / entry.name).symlink_to(entry.path)


def _walk(root: Path) -> Iterator[Path]:
    for above, _, names in os.walk(root):
        yield from (Path(above, name) for name in names)


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.lstat().st_size
    return 0


def _odd(above: str, names: list[str], ours: set[Path]) -> set[str]:
    """What no copy has: pipes, sockets and devices, what may not be read, and what is ours."""
    plain = {
        entry.name
        for entry in os.scandir(above)
        if entry.is_symlink() or (((entry.is_file() or entry.is_dir()) and os.access(entry.path, os.R_OK)) and Path(entry.path) not in ours)
    }
    return {name for name in names if name not in plain}


def _own(root: Path, twin: Path) -> None:
    """Give each file of the copy the owner that it has in the original: a container's user may be one of them."""
    if os.name == "nt" or os.geteuid():
        return
    for file in [root, *_walk(root), *(Path(above, name) for above, below, _ in os.walk(root) for name in below)]:
        with suppress(OSError):
            known = file.lstat()
            os.chown(twin / file.relative_to(root), known.st_uid, known.st_gid, follow_symlinks=False)


def _remove(place: Path) -> None:
    """Remove the copy; what a container's root wrote into it goes through a container where we may not."""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        command = ["python", "-c", "import shutil; shutil.rmtree('/place', ignore_errors=True)"]
        volumes = {str(place): {"bind": "/place", "mode": "rw"}}
        connect().containers.run(python_image(), command, entrypoint=[], remove=True, labels=labels("report"), volumes=volumes)
        shutil.rmtree(place, ignore_errors=True)
