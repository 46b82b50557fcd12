"""How long it takes to make the book, beside a stock Jupyter Book that runs everything or uses its cache."""

from __future__ import annotations

import sysconfig
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import yaml

from ..chapters.chapter import Chapter, chapters
from ..trouble import Trouble
from . import copied, machine
from .interleave import Tell, interleave, part
from .result import Bound, Comparison, Fact, Result

ROUNDS = 3  # of the quick ones; what runs every chapter is done once
_SECONDS = 600  # for a cell
_CHANGED = "04-service-names"  # the chapter whose recipe is changed, and a file that it lists
_FILE, _MARK = "compose.yaml", "# changed by the bench"
_ONE, _TWO = "this book, 1 worker", "this book, 2 workers"
_OURS, _FORCE, _CACHE = "this book", "Jupyter Book, force", "Jupyter Book, cache"


def measure(rounds: int, tell: Tell, starting: Sequence[str] = ()) -> Result:
    """Make copies of the book from nothing, with nothing changed, and with one recipe changed.

    Args:
        rounds: how often each of the quick ways has its turn; what runs every chapter is done once.
        tell: called with how much is done, of how much, and what is being done.
        starting: the starts of the names of the chapters in the copies; empty for all.
    """
    of = chapters(starting)
    changed = next((one for one in of if one.name == _CHANGED), None)
    if changed is None:
        raise Trouble(f"This work changes the recipe of {_CHANGED}: name that chapter among those to run.")
    where = machine.here(sorted({base for chapter in of for base in chapter.recipe.bases()}))
    with copied.book() as first, copied.book() as ours, copied.book() as two, copied.book() as force, copied.book() as cache:
        for folder in (first, ours, two, force, cache):
            _leave_only(folder, of)
        for folder, mode in ((force, "force"), (cache, "cache")):
            _make_stock(folder, of, mode)
        tell(0, 1, "all, once beforehand")
        _ours(first, 2)  # or the first way would fetch for all of them what the engine's builder caches
        whole = {
            _ONE: lambda: _ours(ours, 1),
            _TWO: lambda: _ours(two, 2),
            _FORCE: lambda: _stock(force),
            _CACHE: lambda: _stock(cache),
        }
        every = interleave(whole, 1, part(tell, 0, 2, "all: "))
        quick = {_OURS: lambda: _ours(two, 2), _CACHE: lambda: _stock(cache)}
        same = interleave(quick, rounds, part(tell, 1, 3, "nothing changed: "))
        turns = {name: iter(range(1, rounds + 1)) for name in quick}
        again: list[set[str]] = []

        def edited(name: str) -> float:
            folder = two if name == _OURS else cache
            _edit(folder, next(turns[name]))
            before = _outputs(folder)
            seconds = quick[name]()
            if name == _OURS:
                again.append({chapter for chapter, text in _outputs(folder).items() if text != before[chapter]})
            return seconds

        one = interleave({name: partial(edited, name) for name in quick}, rounds, part(tell, 2, 3, "one recipe changed: "))
        shown = {name: _shows(folder, rounds) for name, folder in ((_OURS, two), (_CACHE, cache))}
    facts = (
        Fact("When one recipe changed, this book ran that chapter and no other.", again == [{_CHANGED}] * rounds),
        Fact("Its page shows the changed recipe.", shown[_OURS]),
        Fact("With `cache`, a stock Jupyter Book goes on showing the recipe as it was.", not shown[_CACHE]),
    )
    always = {_FORCE: every[_FORCE]}  # it runs everything each time, whatever changed
    comparisons = (
        Comparison("Every chapter, from nothing", "s", every, _ONE, _TWO, (Bound(_TWO, 0.6, of=_ONE),), because=_BUSY),
        Comparison("Nothing changed", "s", same | always, _FORCE, _OURS, (Bound(_OURS, 5.0),), because=_STALE),
        Comparison("One recipe changed", "s", one | always, _FORCE, _OURS, because=_STALE),
    )
    few = f"Of the chapters only {', '.join(one.name for one in of)}. " if starting else ""
    return Result("books", "Making the book", comparisons, where, facts, f"{few}{_ONCE}")


_ONCE = "What runs every chapter was done once, after a run that was not counted: it filled the caches of the engine's builder."
_BUSY = "A second worker saves no time if all cores are busy already, or if there is only one chapter."
_STALE = "The cache compares the cells and not the recipe, so it is also quick when it should run something again."


def _leave_only(folder: Path, of: Sequence[Chapter]) -> None:
    """Remove all other chapters from a copy, with the pages that collect from all of them; links to what was removed give no warning."""
    names = {chapter.name for chapter in of}
    if names == {chapter.name for chapter in chapters()}:
        return
    for notebook in (folder / "notebooks").glob("*.ipynb"):
        if notebook.stem not in names:
            notebook.unlink()
    config = yaml.safe_load((folder / "_config.yml").read_text())
    config.setdefault("sphinx", {}).setdefault("config", {})["suppress_warnings"] = ["myst.xref_missing"]
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    _write_toc(folder, of)


def _write_toc(folder: Path, of: Sequence[Chapter]) -> None:
    toc = {"format": "jb-book", "root": "book/pages/glossary", "chapters": [{"file": f"notebooks/{chapter.name}"} for chapter in of]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False))


def _make_stock(folder: Path, of: Sequence[Chapter], mode: str) -> None:
    """Give a copy the configuration that a stock Jupyter Book would have."""
    execute = {"execute_notebooks": mode, "timeout": _SECONDS}
    left_out = [".venv", ".engine", "_build"]
    config = {"title": "Stock", "only_build_toc_files": True, "exclude_patterns": left_out, "execute": execute}
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    _write_toc(folder, of)


def _ours(folder: Path, workers: int) -> float:
    started = time.monotonic()
    copied.run_python(folder, "-m", "book", "book", f"--workers={workers}")
    return time.monotonic() - started


def _stock(folder: Path) -> float:
    program = str(Path(sysconfig.get_path("scripts"), "jupyter-book"))
    started = time.monotonic()
    copied.run_program(folder, program, "build", ".", "--quiet")
    return time.monotonic() - started


def _edit(folder: Path, turn: int) -> None:
    with open(folder / "recipes" / _CHANGED / _FILE, "a") as file:
        file.write(f"{_MARK}, {turn}\n")


def _outputs(folder: Path) -> dict[str, str]:
    return {notebook.stem: notebook.read_text() for notebook in (folder / "_build/chapters").glob("*.ipynb")}


def _shows(folder: Path, turn: int) -> bool:
    page = folder / "_build/html/notebooks" / f"{_CHANGED}.html"
    return page.exists() and f"{_MARK}, {turn}" in page.read_text()
