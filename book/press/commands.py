"""What each command does, step by step."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.errors import DockerException

from .. import engine
from .. import run as own
from ..bench import result, works
from ..bench.table import table
from ..engine import HOME, ROOT
from ..image import within
from ..offline import bases, daemon, debian, tools
from ..progress import step
from ..trouble import OF_THE_ENGINE, TookTooLong, Trouble, in_words
from . import chapters, lighthouse, site, soak

_CELL_SECONDS = str(chapters.CELL_SECONDS)
_VISITS = 5
_PORT = 8000
_TURN_SECONDS = 3600
_AWAKE_SECONDS = 30
_IN_CI = os.environ.get("CI") == "true"


class CannotGoOn(Exception):
    """A command cannot do its work; the message says why and what to do."""


def run(command: str, starting: Sequence[str], workers: int) -> int:
    """Do one command and return its exit code."""
    try:
        does = {
            "book": _book,
            "test": _test,
            "bench": _bench,
            "lab": _lab,
            "serve": _serve,
            "clean": _clean,
            "soak": _soak,
            "chapter": _chapter,
        }
        return does[command](starting, workers)
    except (CannotGoOn, Trouble, bases.NoBase, site.SiteFailed, debian.NoPackages, lighthouse.NoLighthouse) as problem:
        print(f"✗ {problem}", file=sys.stderr, flush=True)
    except OF_THE_ENGINE as problem:
        print(f"✗ {in_words(problem)}", file=sys.stderr, flush=True)
    except subprocess.TimeoutExpired as problem:
        print(f"✗ {Path(str(problem.cmd[0])).name} did not end within {problem.timeout:g} seconds. Run this again.", file=sys.stderr)
    return 1


def _book(starting: Sequence[str], workers: int) -> int:
    with _alone():
        return _make_book(starting, workers)


@contextmanager
def _alone() -> Iterator[None]:
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


def _make_book(starting: Sequence[str], workers: int) -> int:
    todo = chapters.stale(chapters.chapters(starting))
    because = ""
    if todo:
        try:
            _engine(todo)
        except engine.EngineMissing as problem:
            print(f"{problem}\n  The site is built from the outputs that came with the book.", flush=True)
            of_a_tool = isinstance(problem, engine.ToolMissing)
            because = "a tool beside the Docker engine is missing or too old" if of_a_tool else "no Docker engine was found"
            todo = []
    if todo and not _run_all(todo, workers):
        return 1
    if not site.fresh(because):
        with step("Site"):
            site.build(because)
    print(site.INDEX)
    return 0


def _chapter(starting: Sequence[str], workers: int) -> int:
    """Run chapters, stale or not, and build no site."""
    with _alone():
        todo = chapters.chapters(starting)
        _engine(todo)
        return 0 if _run_all(todo, workers) else 1


def _run_all(todo: Sequence[chapters.Chapter], workers: int) -> bool:
    """Run these chapters, say which of them fail, and leave nothing; True where all ran to their end."""
    try:
        with step(f"Chapters ({len(todo)} to run)") as bar:
            failures = chapters.run(todo, workers, bar)
    finally:  # also where Ctrl-C ended it
        _reap()
    for failure in failures:
        print(f"✗ {failure.chapter}: {failure.words}", file=sys.stderr)
    return not failures


def _reap() -> None:
    """Remove what the run left, unless its engine hangs: then the next run does it, and the reader need not wait once more."""
    try:
        within(_AWAKE_SECONDS, "The engine's answer", engine.connect().ping)
    except (TookTooLong, engine.EngineMissing, *OF_THE_ENGINE):
        return
    own.reap(engine.connect())


def _test(starting: Sequence[str], workers: int) -> int:
    with step("Code style"):
        _must(["ruff", "check", "."], "ruff finds faults")
        _must(["ruff", "format", "--check", "."], "ruff would format these files otherwise")
    _pytest("Unit tests", "tests/unit", "tests/chapters")
    todo = chapters.chapters(starting)
    absent = _engine(todo)
    _pytest("Engine tests", "tests/engine")
    _pytest("Bad input", "tests/bad")
    chromium = _browser()  # a report's page is opened, too
    _pytest(
        "Reports",
        "--numprocesses=3",
        "tests/report",
        *([] if chromium else ["--deselect=tests/report/test_report_page.py"]),
    )
    _pytest("Faults", "tests/faults")
    options = [
        "--nbval-lax",
        "--nbval-current-env",
        f"--nbval-cell-timeout={_CELL_SECONDS}",
        "--nbval-sanitize-with=tests/chapters/sanitize.cfg",
    ]
    before = soak.holds()
    whole = [chapter for chapter in todo if absent.isdisjoint(tools.wanted([chapter.recipe]))]
    for chapter in (chapter for chapter in todo if chapter not in whole):
        print(f"  {chapter.name} is not compared, since a tool that it needs is missing here.")
    if whole:  # without a path, pytest would take all that it knows
        _pytest("Chapters", *options, "--dist=loadscope", f"--numprocesses={workers}", *(str(chapter.path) for chapter in whole))
    own.reap(engine.connect())
    left = soak.holds() - before
    if left and daemon.is_ours():  # on an engine that others use too, what is new there need not be ours
        raise CannotGoOn(f"The chapters left this on the engine: {', '.join(sorted(left))}")
    with _alone():
        with step("Site"):
            site.build()
        if chromium:
            _pytest("Site in a browser", "--numprocesses=2", "tests/site")
    if chromium:
        _pytest("JupyterLab in a browser", "tests/lab")
    return 0


def _bench(chosen: Sequence[str], workers: int) -> int:
    every = (lighthouse.WORK, *works.NAMES)  # it visits the site as it is, and what the others find makes that one old
    named = [name for name in chosen if name in every] or list(every)
    starting = [name for name in chosen if name not in every]
    if starting and not set(named) <= {*works.OF_CHAPTERS, lighthouse.WORK}:
        raise CannotGoOn(f"No work is called {', '.join(starting)}. There are: {', '.join(every)}.")
    rounds = int(os.environ.get("ROUNDS", 0)) or None
    missed = []
    for name in named:
        try:
            _lighthouse(starting) if name == lighthouse.WORK else _work(name, rounds, starting)
        except (CannotGoOn, Trouble, RuntimeError, lighthouse.NoLighthouse, *OF_THE_ENGINE) as problem:  # the others take an hour
            print(f"✗ {name}: {in_words(problem) if isinstance(problem, OF_THE_ENGINE) else problem}", file=sys.stderr, flush=True)
            missed.append(name)
    return 1 if missed else 0


def _work(name: str, rounds: int | None, starting: Sequence[str]) -> None:
    _engine(chapters.chapters())
    try:
        with step(name) as bar:
            found = works.measure(name, rounds, bar, starting)
    finally:
        own.reap(engine.connect())
    print(table(found))
    if silent := sorted({way for one in found.comparisons for way, turns in one.ways.items() if not turns.samples}):
        raise CannotGoOn(f"Nothing is stored, since there is no sample of: {', '.join(silent)}. The last stored result stays.")
    print(result.store(found).relative_to(ROOT))


def _lighthouse(starting: Sequence[str]) -> None:
    if not site.fresh():
        raise CannotGoOn("There is no site of what lies here now: `make book` builds it.")
    if not _browser():
        raise CannotGoOn("Lighthouse needs chromium.")
    with step("Lighthouse") as bar:
        scores = lighthouse.score(lighthouse.pages(starting), _VISITS, bar)
    print(lighthouse.table(scores))
    print(lighthouse.REPORT)


def _lab(starting: Sequence[str], workers: int) -> int:
    _engine(chapters.chapters())
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # the private engine is root's
    if not (Path(sys.prefix) / "etc/jupyter/labconfig/page_config.json").exists():
        # Else it asks each reader whether it may fetch news from the internet.
        command = ["labextension", "disable", "--level=sys_prefix", "@jupyterlab/apputils-extension:announcements"]
        subprocess.run([sys.executable, "-m", "jupyter", *command], capture_output=True)
    return subprocess.call([sys.executable, "-m", "jupyter", "lab", *as_root, "notebooks"], cwd=ROOT)


def _serve(starting: Sequence[str], workers: int) -> int:
    if not site.INDEX.exists():
        raise CannotGoOn("There is no site yet: `make book` builds it.")
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind(("127.0.0.1", _PORT))
        except OSError:
            raise CannotGoOn(f"Something on this machine holds port {_PORT} of 127.0.0.1: stop it, and run this again.") from None
    return subprocess.call([sys.executable, "-m", "http.server", "--bind=127.0.0.1", f"--directory={site.HTML}", str(_PORT)])


def _soak(starting: Sequence[str], workers: int) -> int:
    todo = chapters.chapters(starting)
    _engine(todo)
    in_a_row, at_once = (int(os.environ.get(name, usual)) for name, usual in (("ROUNDS", soak.IN_A_ROW), ("AT_ONCE", soak.AT_ONCE)))
    found = []
    try:
        for each in soak.rounds(todo, in_a_row, at_once, workers, step):
            found.append(each)
            print(*([soak.HEAD] if len(found) == 1 else []), each, sep="\n", flush=True)
            for failure in each.failures:
                print(f"✗ {failure.chapter}: {failure.words}", file=sys.stderr, flush=True)
    finally:  # also where Ctrl-C ended it
        _reap()
    print("\n".join([soak.HEAD, *map(str, found)]))
    for sentence in (wrong := soak.grown(found)):
        print(f"✗ {sentence}", file=sys.stderr)
    return 1 if wrong or any(each.failures for each in found) else 0


def _clean(starting: Sequence[str], workers: int) -> int:
    kept: list[str] = []
    unasked: list[str] = []
    with step("Containers, networks, volumes, images") as bar:
        try:
            client = engine.connect()
            removed = own.reap(client, everything=True)
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


def have_engine() -> None:
    """Have an engine and its tools, a private one where none answers; remove what dead runs left.

    Raises:
        EngineMissing: where there is none, and none can be started here.
    """
    with step("Docker engine") as bar:
        try:
            engine.connect()
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
        os.environ["DOCKER_HOST"] = engine.address()  # kernels and tests use this one, and look no further
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
        own.reap(engine.connect())


def _engine(of: Sequence[chapters.Chapter]) -> set[str]:
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


def _pytest(name: str, *arguments: str) -> None:
    print(f"  {name} …", flush=True)
    code = subprocess.call([sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT)
    if code:
        raise CannotGoOn(f"{name}: see the failures above.")


def _must(command: Sequence[str], otherwise: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CannotGoOn(f"{otherwise}:\n{done.stdout[-3000:]}{done.stderr[-500:]}")


def _browser() -> bool:
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
