"""Run chapters on the engine, and store what they show."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .. import engine
from ..claim import GO_ON, HELD, ClaimFailed
from ..engine.words import OF_THE_ENGINE, in_words
from ..places import ROOT
from ..terminal import TERMINAL
from .chapter import NOTEBOOKS, Chapter

CELL_SECONDS = 1200
_LOGS = ROOT / "_build/kernels"
_STOP_SECONDS = 15
_SHOWN_LINES = 12
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)

Tell = Callable[[float, float, str], None]  # how much is done, of how much, and what is being done
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Failure:
    """A chapter that did not run to its end, and the error of the cell that stopped it."""

    chapter: str
    message: str


@dataclass(frozen=True)
class Shown:
    """What a chapter showed that went on after errors.

    Attributes:
        notebook: the chapter with its outputs.
        stopped: why it ended before its last cell; empty if it did not.
    """

    notebook: nbformat.NotebookNode
    stopped: str


def run(of: Sequence[Chapter], workers: int, tell: Tell, write: bool = True) -> list[Failure]:
    """Run chapters, `workers` at a time, and write them with their outputs below `_build`; a failed one leaves what was there.

    Args:
        of: the chapters.
        workers: how many run at the same time.
        tell: called after each cell.
        write: False writes nothing.

    Raises:
        KeyboardInterrupt: on Ctrl-C; the kernels have ended by then.
        SystemExit: on SIGTERM, with exit code 143; the kernels have ended by then.
    """
    return _in_a_thread(lambda: _run_all(of, workers, tell, write))


def go_on(chapter: Chapter, tell: Tell) -> Shown:
    """Run one chapter to its last cell, whatever fails on the way, and write nothing.

    Args:
        chapter: the chapter.
        tell: called after each cell.

    Raises:
        KeyboardInterrupt: as for `run`.
        SystemExit: as for `run`.
    """
    return _in_a_thread(lambda: _go_on(chapter, tell))


def record(chapter: Chapter) -> None:
    """Write the outputs of the last run on this machine into the committed notebook."""
    _replace(chapter.path, chapter.executed.read_text(encoding="utf-8"))


def _in_a_thread(work: Callable[[], Coroutine[None, None, _Found]]) -> _Found:
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[_Found]]] = []

    async def task_of_work() -> _Found:
        task = asyncio.create_task(work())
        running.append((asyncio.get_running_loop(), task))
        return await task

    # In a thread: in the main thread nbclient would catch Ctrl-C and SIGTERM, end one kernel, and let the next chapter begin.
    with _sigterm_exits(), ThreadPoolExecutor(1) as pool:
        job = pool.submit(asyncio.run, task_of_work())
        try:
            return job.result()
        except (KeyboardInterrupt, SystemExit):
            for loop, task in running:
                loop.call_soon_threadsafe(task.cancel)
            wait([job], timeout=_STOP_SECONDS)
            for child in psutil.Process().children(recursive=True):  # a kernel that did not stop would go on building
                child.kill()
            raise


@contextmanager
def _sigterm_exits() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that kernels are ended and leftovers removed; by default the process just dies."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set a handler
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


async def _run_all(of: Sequence[Chapter], workers: int, tell: Tell, write: bool) -> list[Failure]:
    gate = asyncio.Semaphore(workers)
    total = sum(len(chapter.read().cells) for chapter in of)
    done = 0

    def cell_done(chapter: Chapter) -> None:
        nonlocal done
        done += 1
        tell(done, total, chapter.name)

    async def one(chapter: Chapter) -> Failure | None:
        async with gate:
            return await _run(chapter, lambda **_: cell_done(chapter), write)

    # Longest first: a long chapter that starts last would run alone, with the other workers idle.
    ordered = sorted(of, key=_seconds, reverse=True)
    return [failure for failure in await asyncio.gather(*map(one, ordered)) if failure]


def _seconds(chapter: Chapter) -> float:
    """How long the last run took that we know of: here, or where the committed outputs were made."""
    last = Chapter(chapter.executed) if chapter.executed.exists() else chapter
    return float(last.read().metadata.get("book", {}).get("seconds", 0))


async def _run(chapter: Chapter, cell_done: Callable[..., None], write: bool) -> Failure | None:
    notebook, digest, began = chapter.read(), chapter.digest(), time.monotonic()
    if reason := await _execute(chapter.name, notebook, cell_done):
        return Failure(chapter.name, reason)
    if not write:
        return None
    _settle(notebook)
    try:
        provenance = asdict(engine.provenance(chapter.recipe.bases()))
    except OF_THE_ENGINE as problem:
        return Failure(chapter.name, str(in_words(problem)))
    seconds = round(time.monotonic() - began, -1)  # in tens: the next diff shows what changed
    notebook.metadata["book"] = {"digest": digest, "provenance": provenance, "seconds": seconds}
    text: str = nbformat.writes(notebook)
    _replace(chapter.executed, text + "\n")
    return None


async def _go_on(chapter: Chapter, tell: Tell) -> Shown:
    notebook, done = chapter.read(), 0
    total = sum(cell.cell_type == "code" for cell in notebook.cells)

    def cell_done(**_: object) -> None:
        nonlocal done
        done += 1
        tell(done, total, chapter.name)

    return Shown(notebook, await _execute(chapter.name, notebook, cell_done, allow_errors=True))


async def _execute(name: str, notebook: nbformat.NotebookNode, cell_done: Callable[..., None], allow_errors: bool = False) -> str:
    """Run the cells of a notebook, and return why it did not come to its end; empty if it did."""
    for cell in notebook.cells:  # otherwise a failure could show the old error of a later cell, which is meant to fail
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=CRITICAL"],
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        record_timing=False,
        store_widget_state=False,
        allow_errors=allow_errors,
        on_cell_complete=cell_done,
    )
    log = _LOGS / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, GO_ON: "1" if allow_errors else "0"}  # what a reader's shell has set never weakens a claim
    try:
        with log.open("wb") as raw:  # a kernel that ends may print stack traces of its own, which are no message for the reader
            await client.async_execute(stdout=raw, stderr=raw, env=environment)
    except CellExecutionError as problem:
        return _last_error(notebook) or problem.evalue or problem.ename
    except CellTimeoutError:
        return f"a cell did not end within {CELL_SECONDS} seconds, and its kernel was ended. Run this again."
    except (DeadKernelError, RuntimeError) as problem:
        message = "its kernel ended in mid-chapter: something killed it, or the machine ran out of memory. Run this again."
        return f"{message}\n  The error: {problem}\n  What the kernel printed: {log}"
    finally:
        atexit.unregister(client._cleanup_kernel)  # after a cancelled run nbclient leaves it there, and it fails at exit
    return ""


def _last_error(notebook: nbformat.NotebookNode) -> str:
    """The message that the page would show; nbclient reports the original error, before the book turned it into a message.

    A claim that fails says what is no longer true, but not why: the reason is in what its chapter showed last.
    """
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    errors = [output for output in outputs if output.output_type == "error"]
    if not errors or errors[-1].ename != ClaimFailed.__name__:
        return errors[-1].evalue if errors else ""
    texts: list[str] = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in outputs
        if not {HELD, TERMINAL} & set(output.get("metadata", {}))
    ]
    shown: list[str] = next((text.rstrip().splitlines()[-_SHOWN_LINES:] for text in reversed(texts) if text.strip()), [])
    return "\n  ".join([errors[-1].evalue, *(["What it showed last:", *shown] if shown else [])])


def _replace(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old text or the new one, never a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.stem}-", suffix=".part", delete=False, encoding="utf-8") as new:
        new.write(text)
    os.chmod(new.name, path.stat().st_mode if path.exists() else 0o644)
    os.replace(new.name, path)


def _settle(notebook: nbformat.NotebookNode) -> None:
    """Leave out what differs from machine to machine without a meaning, so that a diff shows only what changed."""
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output["traceback"] = output["traceback"][-1:]
            if "text/html" in output.get("data", {}):  # a widget without its kernel is an error in JupyterLab
                output["data"].pop("application/vnd.jupyter.widget-view+json", None)
            if TERMINAL in output.get("metadata", {}):  # the style is for JupyterLab; a site has its own
                output["data"]["text/html"] = _STYLE.sub("", output["data"]["text/html"])
