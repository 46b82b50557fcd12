"""Run chapters on the engine."""

from __future__ import annotations

import asyncio
import atexit
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .. import engine
from ..claim import ClaimFailed
from ..engine.words import OF_THE_ENGINE, in_words
from ..progress import Step
from .chapter import NOTEBOOKS, RAN, Chapter

CELL_SECONDS = 600
_STOP_SECONDS = 15
_SHOWN_LINES = 12


@dataclass(frozen=True)
class Failure:
    """A chapter that did not run to its end, and the words of the cell that stopped it."""

    chapter: str
    words: str


def run(of: Sequence[Chapter], workers: int, step: Step, write: bool = True) -> list[Failure]:
    """Run chapters, `workers` at a time, and write their outputs into the notebooks; a failed one stays as it was.

    Args:
        of: the chapters.
        workers: how many at the same time.
        step: told of each cell that is done.
        write: False leaves the notebooks as they are.

    Raises:
        KeyboardInterrupt: where the reader wants no more; the kernels have ended by then.
    """
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task]] = []

    async def work() -> list[Failure]:
        running.append((asyncio.get_running_loop(), asyncio.current_task()))
        return await _run_all(of, workers, step, write)

    # In a thread: in the main one nbclient would catch Ctrl-C, end one kernel, and let the next chapter begin.
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(asyncio.run, work())
        try:
            return job.result()
        except KeyboardInterrupt:
            for loop, task in running:
                loop.call_soon_threadsafe(task.cancel)
            wait([job], timeout=_STOP_SECONDS)
            for child in psutil.Process().children(recursive=True):  # a kernel that did not hear it would build on
                child.kill()
            raise


async def _run_all(of: Sequence[Chapter], workers: int, step: Step, write: bool) -> list[Failure]:
    gate = asyncio.Semaphore(workers)
    total = sum(len(chapter.read().cells) for chapter in of)
    done = 0

    def cell_done(chapter: Chapter) -> None:
        nonlocal done
        done += 1
        step(done, total, chapter.name)

    async def one(chapter: Chapter) -> Failure | None:
        async with gate:
            return await _run(chapter, lambda **_: cell_done(chapter), write)

    # Longest first: a long one that begins last would run alone, with the other workers idle.
    ordered = sorted(of, key=lambda chapter: -chapter.read().metadata.get("book", {}).get("seconds", 0))
    return [failure for failure in await asyncio.gather(*map(one, ordered)) if failure]


async def _run(chapter: Chapter, cell_done: object, write: bool) -> Failure | None:
    notebook, digest, began = chapter.read(), chapter.digest(), time.monotonic()
    for cell in notebook.cells:  # else a failure would be told in the words that a later cell, which is meant to fail, had last time
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
        on_cell_complete=cell_done,
    )
    try:
        await client.async_execute()
    except CellExecutionError as problem:
        return Failure(chapter.name, _last_error(notebook) or problem.evalue or problem.ename)
    except CellTimeoutError:
        return Failure(chapter.name, f"a cell did not end within {CELL_SECONDS} seconds, and its kernel was ended. Run this again.")
    except (DeadKernelError, RuntimeError) as problem:
        words = "its kernel ended in mid-chapter: something killed it, or the machine ran out of memory. Run this again."
        return Failure(chapter.name, f"{words}\nIts last words: {problem}")
    finally:
        atexit.unregister(client._cleanup_kernel)  # cut off, nbclient leaves it there, and it complains of a kernel that is gone
    if not write:
        return None
    _settle(notebook)
    try:
        provenance = asdict(engine.provenance(chapter.recipe.bases()))
    except OF_THE_ENGINE as problem:
        return Failure(chapter.name, str(in_words(problem)))
    seconds = round(time.monotonic() - began, -1)  # in tens: the next diff shows what changed
    notebook.metadata["book"] = {"digest": digest, "provenance": provenance, "seconds": seconds}
    _replace(chapter.path, nbformat.writes(notebook) + "\n")
    _remember(chapter.name, digest)
    return None


def _last_error(notebook: nbformat.NotebookNode) -> str:
    """The words that the page would show; nbclient's own are those of the error before the book put it in words.

    A claim that fails tells what is no longer true, and not why: that stands in what its chapter showed last.
    """
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    errors = [output for output in outputs if output.output_type == "error"]
    if not errors or errors[-1].ename != ClaimFailed.__name__:
        return errors[-1].evalue if errors else ""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in outputs
        if "claim" not in output.get("metadata", {})
    ]
    shown = next((text.rstrip().splitlines()[-_SHOWN_LINES:] for text in reversed(texts) if text.strip()), [])
    return "\n  ".join([errors[-1].evalue, *(["What it showed last:", *shown] if shown else [])])


def _replace(path: Path, text: str) -> None:
    """Write a file at one stroke: whoever reads it at the same time sees the old one or the new one, and never a half."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.stem}-", suffix=".part", delete=False, encoding="utf-8") as new:
        new.write(text)
    os.chmod(new.name, path.stat().st_mode if path.exists() else 0o644)
    os.replace(new.name, path)


def _settle(notebook: nbformat.NotebookNode) -> None:
    """Leave out what differs from machine to machine without meaning anything: the next diff shows what changed."""
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output["traceback"] = output["traceback"][-1:]
            if "text/html" in output.get("data", {}):  # a widget of a kernel that is gone would be an error in JupyterLab
                output["data"].pop("application/vnd.jupyter.widget-view+json", None)


def _remember(name: str, digest: str) -> None:
    RAN.parent.mkdir(exist_ok=True)
    with open(RAN.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may write its own line at this moment
        ran = json.loads(RAN.read_text()) if RAN.exists() else {}
        _replace(RAN, json.dumps({**ran, name: digest}, indent=1))
