"""What a longer book asks of the runner: the same cheap chapter in several numbers of copies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat

from ..recipe import Recipe
from . import copied, machine
from .interleave import Tell, interleave
from .result import Comparison, Fact, Reach, Result, Way

ROUNDS = 1
_COPIES = (5, 20, 80)
_WORKERS = 2
_RECIPE = "02-edit-while-it-runs"
_CELLS = (
    "from book import Recipe, claim\n\nrecipe = Recipe({name!r})",
    "with recipe.up() as stack:\n    answer = stack.ask('echo-service')",
    "claim('It answers.', answer.status == 200)\nrecipe.down()",
)
# Runs in the copy, in a process of its own: the system is asked what it held at most, without the kernels.
_RUNNER = """
import json, resource, sys, time
from book.chapters import chapter, running

began = time.monotonic()
failures = running.run(chapter.chapters(), int(sys.argv[1]), lambda *said: None)
seconds = time.monotonic() - began
unit = 1 if sys.platform == "darwin" else 1024
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps({"seconds": seconds, "memory": most, "failed": [failure.message for failure in failures]}))
"""


def measure(rounds: int, tell: Tell) -> Result:
    """Run copies of one chapter through the book's runner, and see how long it takes and how much memory the runner holds.

    Args:
        rounds: how often each number has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    where = machine.here(Recipe(_RECIPE).bases("Dockerfile"))
    held: dict[str, list[float]] = {_name(number): [] for number in _COPIES}

    def once(number: int) -> float:
        with copied.book() as folder:
            _fill(folder, number)
            found = json.loads(copied.python(folder, "-c", _RUNNER, str(_WORKERS)).splitlines()[-1])
        if found["failed"]:
            raise RuntimeError(f"{len(found['failed'])} of {number} copies failed: {found['failed'][0]}")
        held[_name(number)].append(found["memory"])
        return found["seconds"] / number

    with copied.book() as folder:  # the first copy would wait for the image, and the others have it from the cache
        _fill(folder, 1)
        copied.python(folder, "-c", _RUNNER, "1")
    times = interleave({_name(number): lambda number=number: once(number) for number in _COPIES}, rounds, tell)
    memory = {name: Way(tuple(values), times[name].failed) for name, values in held.items()}
    few, most = _name(_COPIES[0]), _name(_COPIES[-1])
    comparisons = (
        Comparison(f"Seconds for each copy, {_WORKERS} at a time", "s", times, few, reaches=(Reach(most, 1.0, of=few),)),
        Comparison("Memory that the runner held at most", "B", memory, few, reaches=(Reach(most, 1.1, of=few),)),
    )
    whole = Fact("Every copy ran to its end.", not any(way.failed for way in times.values()))
    return Result("growth", "A longer book", comparisons, where, (whole,))


def _name(number: int) -> str:
    return f"{number} copies"


def _fill(folder: Path, number: int) -> None:
    """Put that many copies of a cheap chapter, each with a recipe of its own, in place of the book's chapters."""
    for notebook in (folder / "notebooks").glob("*.ipynb"):
        notebook.unlink()
    for place in range(1, number + 1):
        name = f"{place:02}-copy"
        shutil.copytree(Recipe(_RECIPE).path, folder / "recipes" / name)
        cells = [nbformat.v4.new_code_cell(cell.format(name=name), id=f"cell-{at}") for at, cell in enumerate(_CELLS)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / f"{name}.ipynb")
