"""`check`: check a reader's file against the conditions of an exercise."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..chapters import chapter
from ..exercises import EVERY
from ..exercises.exercise import check, solved
from ..places import ROOT
from ..progress import step
from ..recipe import RecipeError
from ..show.exercise import command, lines
from .needs import everything_for, remove_leftovers

FOLDER = ROOT / "exercises"  # Git ignores it


def run(options: argparse.Namespace) -> int:
    """Check a file, and print each condition with its mark; the first time, write the file to change.

    Args:
        options: `exercise`, the number of the chapter; `file`, the reader's file, or None for the one in `exercises/`; `solution`, whether
            to print a solution and do nothing else; `here`, the folder that a relative path starts from.

    Returns:
        0 if every condition is met, else 1.
    """
    exercise = EVERY[options.exercise]
    if options.solution:
        print(exercise.solution, end="")
        return 0
    file: Path = options.here / options.file if options.file else FOLDER / exercise.chapter / exercise.file
    if not options.file and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(exercise.start, encoding="utf-8")
        print(f"{exercise.title}. {exercise.task}\n")
        print(f"Written: {_short(file)}. Edit this file, then run `{command(exercise)}` again.")
        return 1
    text = _read(file)
    (of,) = chapter.chapters([options.exercise])
    everything_for([of])
    try:
        with step(f"Check {_short(file)}"):
            found = check(exercise, of.recipe, text)
    finally:  # also after Ctrl-C
        remove_leftovers()
    print(lines(found))
    if not solved(found):
        print(f"A solution: {command(exercise)} --solution", file=sys.stderr)
    return 0 if solved(found) else 1


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise RecipeError(f"{file} cannot be read ({problem}): name a text file in UTF-8.") from None


def _short(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
