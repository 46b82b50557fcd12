"""What commands need before they begin: an engine, base images, tools, a browser."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .. import engine
from ..chapters import chapter
from ..engine import leftovers
from ..engine.words import OF_THE_ENGINE
from ..measure.limits import within
from ..offline import bases, daemon, debian, tools
from ..places import ROOT
from ..progress import step
from ..trouble import TookTooLong

_TURN_SECONDS = 3600
_AWAKE_SECONDS = 30
_IN_CI = os.environ.get("CI") == "true"


class CannotGoOn(Exception):
    """A command cannot do its work; the message says why and what to do."""


@contextmanager
def alone() -> Iterator[None]:
    """One run at a time writes this clone's chapters and site; the next one waits, and finds most of its work done."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with open(ROOT / "_build/book.lock", "w") as lock:
        deadline, told = time.monotonic() + _TURN_SECONDS, False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CannotGoOn("Another `make book` still runs in this folder: stop it, and run this again.") from None
                if not told:
                    print("  Another `make book` runs in this folder: waiting for its end.", flush=True)
                    told = True
                time.sleep(0.5)
        yield


def remove_leftovers() -> None:
    """Remove what the run left, unless its engine hangs: then the next run does it, and the reader need not wait once more."""
    try:
        within(_AWAKE_SECONDS, "The engine's answer", engine.connect().ping)
    except (TookTooLong, engine.EngineMissing, *OF_THE_ENGINE):
        return
    leftovers.reap(engine.connect())


def have_engine() -> None:
    """Have an engine and its tools, a private one where none answers; remove what dead runs left.

    Raises:
        EngineMissing: where there is none, and none can be started here.
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
            print("  None answers. Starting a private one from Debian's packages, in .engine: `make clean` takes it away.", flush=True)
            try:
                daemon.start(bar)
            except daemon.NoEngine as problem:
                raise engine.EngineMissing(f"{missing}\n  Here, {problem}") from None
            engine.connect.cache_clear()
        os.environ.update(engine.variables())  # kernels and tests use this one, and look no further
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
        bar.note(found)
        leftovers.reap(engine.connect())


def everything_for(of: Sequence[chapter.Chapter]) -> set[str]:
    """Have an engine, its tools, and all that `of` start from or run; remove what dead runs left. Says which tools cannot be had."""
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
    if absent and _IN_CI:
        raise CannotGoOn(f"A chapter cannot be run whole: {reasons}")
    if absent:
        print(f"  What needs it is left out: {reasons}", flush=True)
    return set(absent)


def have_browser() -> bool:
    """Have Debian's chromium; say so where it cannot be had, and refuse to go on without it in CI."""
    if shutil.which("chromium"):
        return True
    try:
        with step("Chromium") as bar:
            debian.install(["chromium"], say=bar.note)
        return True
    except (debian.NoPackages, FileNotFoundError) as problem:
        if _IN_CI:
            raise CannotGoOn(f"The site must be looked at in a browser, and chromium cannot be had: {problem}") from problem
        print(f"  The site was not looked at in a browser, since chromium cannot be had: {problem}")
        return False
