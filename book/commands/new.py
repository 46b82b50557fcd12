"""`new`: make a chapter, run it once, and print what to do next."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..new.chapter import Made, make
from ..places import ROOT
from . import run as run_module


def run(options: argparse.Namespace) -> int:
    """Make a recipe folder and its chapter, and run the chapter once.

    Args:
        options: `name`, a few words joined by hyphens; `project`, a folder whose files become the recipe, or None; `here`, the folder that
            a relative path of the project starts from.
    """
    project = Path(os.path.normpath(options.here / options.project.expanduser())) if options.project else None
    made = make(options.name, project)
    _report(made)
    code = run_module.run(argparse.Namespace(command="record", chapters=[made.name], workers=1))
    if code:
        print("  The chapter exists, but did not run: fix its recipe or its cells, and `make book` runs it again.", file=sys.stderr)
    else:
        print("✓ It ran, and follows the rules of the book. Now make it yours: see the page *Write a chapter*.")
    return code


def _report(made: Made) -> None:
    for place in (made.recipe, made.notebook, made.test):
        print(f"  made {place.relative_to(ROOT)}")
    if made.copied:
        for names, why in (
            (made.copied.left_out, "it may contain a secret: if the recipe needs it, write a made-up one instead"),
            (made.copied.outside, "it links to a place outside the project"),
        ):
            for name in names:
                print(f"  left out {name}: {why}")
        for name in made.copied.written:
            print(f"  wrote {name}, which the project did not have")
