"""`clean`: remove everything of ours."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from docker.errors import DockerException

from .. import engine
from ..engine import leftovers
from ..offline import bases, daemon
from ..places import HOME, ROOT
from ..progress import step
from .needs import CannotGoOn


def _clean(starting: Sequence[str], workers: int) -> int:
    kept: list[str] = []
    unasked: list[str] = []
    with step("Containers, networks, volumes, images") as bar:
        try:
            client = engine.connect()
            removed = leftovers.reap(client, everything=True)
            for reference in bases.of_ours():
                removed.take("images", reference, client.images.remove, reference)
            bar.note(", ".join(f"{number} {kind}" for kind, number in removed.counted().items()))
            kept = [] if daemon.is_ours() and daemon.in_use() else removed.kept  # the private engine goes, and all that it has
        except (engine.EngineMissing, DockerException):
            unasked = bases.elsewhere()
            bar.note("no engine answers, so none of ours can run there")
    with step("Private engine"):
        daemon.stop()
    for folder in (HOME, ROOT / "_build", ROOT / ".venv"):
        shutil.rmtree(folder, ignore_errors=True)
    for cache in (".pytest_cache", ".ruff_cache"):
        shutil.rmtree(ROOT / cache, ignore_errors=True)
    if unasked:
        words = f"This folder is clean. But no Docker engine answers, and this clone brought {', '.join(unasked)} onto one"
        raise CannotGoOn(f"{words}: where it still exists, `docker image rm` takes them away.")
    if kept:
        raise CannotGoOn("\n  ".join(["The engine would not give these up, as something else uses them. Remove that, then them:", *kept]))
    print("✓ Clean: nothing of ours is left.")
    return 0
