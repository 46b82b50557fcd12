"""What `python -m book new` does: make the chapter, run it once, and say what is next."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..new.chapter import Made, make
from ..new.files import NoChapter
from ..places import ROOT
from . import run as run_module
from .new_options import parser


def run(arguments: Sequence[str], whence: str) -> int:
    """Do the command and return its exit code.

    Args:
        arguments: those after `new`.
        whence: the folder that a relative path of a project starts from.
    """
    asked = parser().parse_args(arguments)
    try:
        made = make(asked.name, Path(os.path.normpath(Path(whence, asked.project.expanduser()))) if asked.project else None)
    except NoChapter as problem:
        print(f"✗ {problem}", file=sys.stderr)
        return 1
    _tell(made)
    code = run_module.run("record", [made.name], 1)
    if code:
        print("  The chapter is there, and has not run: mend its recipe or its cells, and `make book` runs it again.", file=sys.stderr)
    else:
        print("✓ It has run, and keeps the rules of the house. Now make it yours: the page *Write a chapter* says how.")
    return code


def _tell(made: Made) -> None:
    for place in (made.recipe, made.notebook, made.test):
        print(f"  made {place.relative_to(ROOT)}")
    if made.copied:
        for names, why in (
            (made.copied.left_out, "it may hold a secret: write a made-up one in its place, if the recipe needs it"),
            (made.copied.outside, "it leads out of the project"),
        ):
            for name in names:
                print(f"  left out {name}: {why}")
        for name in made.copied.written:
            print(f"  wrote {name}, which the project did not have")
