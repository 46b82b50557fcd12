"""The chapters: which of them are stale, and running those on the engine."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .. import engine
from ..progress import Step
from ..recipe import Recipe

NOTEBOOKS = engine.ROOT / "notebooks"
CELL_SECONDS = 600
_RAN = engine.ROOT / "_build/ran.json"  # which outputs are of this machine; a fresh clone has none


@dataclass(frozen=True)
class Chapter:
    """A notebook and the recipe folder of the same name."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def recipe(self) -> Recipe:
        """The recipe that the chapter runs."""
        return Recipe(self.name)

    def read(self) -> nbformat.NotebookNode:
        """The notebook as it lies on the disk."""
        return nbformat.read(self.path, as_version=4)

    def digest(self) -> str:
        """A digest of all that decides what the chapter shows: its cells, its recipe, and the package."""
        cells = [[cell.cell_type, cell.source, cell.metadata.get("tags", [])] for cell in self.read().cells]
        parts = [json.dumps(cells), self.recipe.digest(), _package_digest()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Failure:
    """A chapter that did not run to its end, and the words of the cell that stopped it."""

    chapter: str
    words: str


def chapters(starting: Sequence[str] = ()) -> list[Chapter]:
    """The book's chapters in order, or those whose names start with one of `starting`."""
    found = [Chapter(path) for path in sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))]
    return [chapter for chapter in found if not starting or chapter.name.startswith(tuple(starting))]


def stale(of: Sequence[Chapter]) -> list[Chapter]:
    """Those whose outputs are not of this machine, or older than their cells, their recipe or the package."""
    ran = json.loads(_RAN.read_text()) if _RAN.exists() else {}
    return [chapter for chapter in of if not ran.get(chapter.name) == chapter.digest() == recorded(chapter)]


def recorded(chapter: Chapter) -> str | None:
    """The digest that was written into the notebook when its outputs were made."""
    return chapter.read().metadata.get("book", {}).get("digest")


def run(of: Sequence[Chapter], workers: int, step: Step) -> list[Failure]:
    """Run chapters, `workers` at a time, and write their outputs into the notebooks; a failed one stays as it was."""
    return asyncio.run(_run_all(of, workers, step))


async def _run_all(of: Sequence[Chapter], workers: int, step: Step) -> list[Failure]:
    gate = asyncio.Semaphore(workers)
    total = sum(len(chapter.read().cells) for chapter in of)
    done = 0

    def cell_done(chapter: Chapter) -> None:
        nonlocal done
        done += 1
        step(done, total, chapter.name)

    async def one(chapter: Chapter) -> Failure | None:
        async with gate:
            return await _run(chapter, lambda **_: cell_done(chapter))

    return [failure for failure in await asyncio.gather(*map(one, of)) if failure]


async def _run(chapter: Chapter, cell_done: object) -> Failure | None:
    notebook, digest = chapter.read(), chapter.digest()
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        record_timing=False,
        store_widget_state=False,
        on_cell_complete=cell_done,
    )
    try:
        await client.async_execute()
    except CellExecutionError as problem:
        return Failure(chapter.name, problem.evalue or problem.ename)
    except (CellTimeoutError, DeadKernelError, RuntimeError) as problem:
        return Failure(chapter.name, f"its kernel did not go on: {problem}")
    _settle(notebook)
    notebook.metadata["book"] = {"digest": digest, "provenance": asdict(engine.provenance(chapter.recipe.bases()))}
    nbformat.write(notebook, chapter.path)
    _remember(chapter.name, digest)
    return None


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
    _RAN.parent.mkdir(exist_ok=True)
    ran = json.loads(_RAN.read_text()) if _RAN.exists() else {}
    _RAN.write_text(json.dumps({**ran, name: digest}, indent=1))


def _package_digest() -> str:
    files = sorted([*(engine.ROOT / "book").glob("*.py"), *(engine.ROOT / "book/show").glob("*.py")])
    behind_the_stage = {"__main__.py", "bootstrap.py", "progress.py"}
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files if file.name not in behind_the_stage)).hexdigest()
