"""What a longer book needs of the runner: the same cheap chapter in several numbers of copies."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import nbformat

from ..recipe import Recipe
from . import copied, growth_runner, machine
from .interleave import Tell, interleave
from .result import Bound, Comparison, Fact, Measured, Result

ROUNDS = 1
_COPIES = (5, 20, 80)
_WORKERS = 2
_RECIPE = "02-edit-while-it-runs"
_CELLS = (
    "from book import Recipe, claim\n\nrecipe = Recipe({name!r})",
    "with recipe.up() as stack:\n    answer = stack.ask('echo-service')",
    "claim('It answers.', answer.status == 200)\nrecipe.down()",
)


def measure(rounds: int, tell: Tell) -> Result:
    """Run copies of one chapter through the book's runner, and see how long it takes and how much memory the runner uses.

    Args:
        rounds: how often each number has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    where = machine.here(Recipe(_RECIPE).bases("Dockerfile"))
    memory_used: dict[str, list[float]] = {_name(number): [] for number in _COPIES}

    def once(number: int) -> float:
        with copied.book() as folder:
            _fill(folder, number)
            found = json.loads(copied.run_python(folder, "-m", growth_runner.__name__, str(_WORKERS)).splitlines()[-1])
        if found["failed"]:
            raise RuntimeError(f"{len(found['failed'])} of {number} copies failed: {found['failed'][0]}")
        memory_used[_name(number)].append(found["memory"])
        return float(found["seconds"]) / number

    with copied.book() as folder:  # or the first copy would build the image, and the others take it from the cache
        _fill(folder, 1)
        copied.run_python(folder, "-m", growth_runner.__name__, "1")
    times = interleave({_name(number): partial(once, number) for number in _COPIES}, rounds, tell)
    memory = {name: Measured(tuple(values), times[name].failed) for name, values in memory_used.items()}
    few, most = _name(_COPIES[0]), _name(_COPIES[-1])
    comparisons = (
        Comparison(f"Seconds for each copy, {_WORKERS} at a time", "s", times, few, bounds=(Bound(most, 1.0, of=few),)),
        Comparison("Memory that the runner held at most", "B", memory, few, bounds=(Bound(most, 1.1, of=few),)),
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
