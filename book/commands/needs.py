"""What commands need before they begin: an engine, base images, tools, a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from filelock import FileLock, Timeout

from .. import engine
from ..chapters import chapter
from ..engine import leftovers
from ..engine.words import OF_THE_ENGINE
from ..measure.limits import within
from ..offline import bases, daemon, debian, tools
from ..places import ROOT
from ..progress import step
from ..trouble import TookTooLong, Trouble

_TURN_SECONDS = 3600
_POLL_SECONDS = 0.5
_AWAKE_SECONDS = 30
IN_CI = os.environ.get("CI") == "true"


class CannotGoOn(Trouble):
    """A command cannot do its work; the message says why and what to do."""


@contextmanager
def alone() -> Iterator[None]:
    """One run at a time writes this clone's chapters and site; the next one waits, and then has little left to do.

    Raises:
        CannotGoOn: if the other run does not end.
    """
    (ROOT / "_build").mkdir(exist_ok=True)
    lock = FileLock(ROOT / "_build/book.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("  Another `make book` runs in this folder: waiting for its end.", flush=True)
        try:
            lock.acquire(timeout=_TURN_SECONDS, poll_interval=_POLL_SECONDS)
        except Timeout:
            raise CannotGoOn("Another `make book` still runs in this folder: stop it, and run this again.") from None
    try:
        yield
    finally:
        lock.release()


def remove_leftovers() -> None:
    """Remove what the run left, unless its engine hangs: then the next run does it, and the reader does not wait again."""
    try:
        within(_AWAKE_SECONDS, "The engine's answer", engine.connect().ping)
    except (TookTooLong, engine.EngineMissing, *OF_THE_ENGINE):
        return
    leftovers.reap(engine.connect())


def have_engine() -> None:
    """Connect to an engine and find its tools; start a private engine if none answers. Remove what dead runs left.

    Raises:
        ChosenEngineMissing: if the engine that the reader chose does not answer. No other one takes its place.
        EngineMissing: if there is none, and none can be started here.
        CannotGoOn: if the private engine has another image store than `BOOK_STORE` names.
    """
    with step("Docker engine") as bar:
        try:
            engine.connect()
        except engine.ChosenEngineMissing:
            raise  # the reader chose another engine: a private one would not be it
        except engine.EngineMissing as missing:
            reason = daemon.possible()
            if reason:
                raise engine.EngineMissing(f"{missing}\n  Here, {reason}.") from None
            print("  None answers. Starting a private one from Debian's packages, in .engine: `make clean` removes it.", flush=True)
            try:
                daemon.start(bar)
            except daemon.NoEngine as problem:
                raise engine.EngineMissing(f"{missing}\n  Here, {problem}") from None
            engine.connect.cache_clear()
        os.environ.update(engine.variables())  # kernels and tests use this one, and no other
        try:
            found = engine.preflight()
        except engine.ToolMissing as missing:
            if not daemon.in_use():
                raise
            print("  The private engine of another clone answers. This one fetches the tools beside it into its own .engine.", flush=True)
            try:
                daemon.fetch_tools(bar)
            except daemon.NoEngine as problem:
                raise engine.ToolMissing(f"{missing}\n  Here, {problem}") from None
            found = engine.preflight()
        if daemon.in_use() and (reason := daemon.stores_elsewhere()):
            raise CannotGoOn(reason)
        bar.note(found)
        leftovers.reap(engine.connect())


def everything_for(of: Sequence[chapter.Chapter]) -> set[str]:
    """Provide an engine, its tools, and all that the chapters start from or run. Remove what dead runs left.

    Args:
        of: the chapters.

    Returns:
        The names of the tools that are not available here.

    Raises:
        EngineMissing: if there is no engine.
        CannotGoOn: in CI, if a tool is not available.
    """
    have_engine()
    with step("Base images") as bar:
        found = bases.ensure((name for chapter in of for name in chapter.recipe.bases()), bar)
        bar.note(", ".join(f"{base.reference} ({base.origin})" for base in found))
    needed = tools.wanted(chapter.recipe for chapter in of)
    if not needed:
        return set()
    with step("Tools beside Docker") as bar:
        absent = tools.ensure(needed, bar)
        bar.note(", ".join(name for name in needed if name not in absent))
    reasons = "; ".join(absent.values())
    if absent and IN_CI:
        raise CannotGoOn(f"A chapter cannot run as a whole: {reasons}")
    if absent:
        print(f"  What needs it is left out: {reasons}", flush=True)
    return set(absent)


def have_browser() -> bool:
    """Install Debian's chromium if it is missing, and return whether it is available.

    Raises:
        CannotGoOn: in CI, if it is not available.
    """
    if shutil.which("chromium"):
        return True
    try:
        with step("Chromium") as bar:
            debian.install(["chromium"], say=bar.note)
        return True
    except (debian.NoPackages, FileNotFoundError) as problem:
        if IN_CI:
            raise CannotGoOn(f"The site must be checked in a browser, and chromium is not available: {problem}") from problem
        print(f"  The site is not checked in a browser, because chromium is not available: {problem}")
        return False
