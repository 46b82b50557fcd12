"""`clean`: remove everything of ours."""

from __future__ import annotations

import argparse

from docker.errors import DockerException

from .. import engine
from ..engine import leftovers
from ..offline import bases, daemon, second
from ..progress import step
from .clean_bare import remove_folders
from .needs import CannotGoOn


def run(options: argparse.Namespace) -> int:
    """Remove what is ours from the engine, the private engine, and the folders that the book made.

    Args:
        options: none are used.

    Raises:
        CannotGoOn: if something is left, with its name and the next step.
    """
    kept: list[str] = []
    elsewhere: list[str] = []
    with step("Containers, networks, volumes, images") as bar:
        try:
            client = engine.connect()
            removed = leftovers.reap(client, everything=True)
            for reference in bases.of_ours():
                removed.take("images", reference, client.images.remove, reference)
            bar.note(", ".join(f"{number} {kind}" for kind, number in removed.counted().items()))
            private = daemon.is_ours() and daemon.in_use()  # then everything on it is removed with it
            kept = [] if private else removed.kept
        except (engine.EngineMissing, DockerException):
            elsewhere = bases.elsewhere()
            bar.note("no engine answers, so nothing of ours can run there")
    with step("Private engine"):
        second.remove_dead()
        daemon.stop()
    remove_folders()
    if elsewhere:
        message = f"This folder is clean. But no Docker engine answers, and this clone pulled or built {', '.join(elsewhere)} on one"
        raise CannotGoOn(f"{message}: if that engine still exists, remove them with `docker image rm`.")
    if kept:
        raise CannotGoOn("\n  ".join(["The engine did not remove these, because something else uses them. Remove that, then them:", *kept]))
    print("✓ Clean: nothing of ours is left.")
    return 0
