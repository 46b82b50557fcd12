"""The command line of `python -m book new`. Standard library only: it is read before the packages are there."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """The options of a new chapter."""
    made = argparse.ArgumentParser(
        prog="python -m book new",
        description="Make a recipe folder and its chapter, ready to edit, and run the chapter once.",
        epilog="Nothing that is there already is changed, but for one more line in _toc.yml and one more row in book/pages/recipes.yaml.",
    )
    made.add_argument("name", help="a few words in small letters, joined by hyphens, as in cache-dependencies; the first is a verb")
    made.add_argument("--from", dest="project", type=Path, help="a folder with a Dockerfile or a Compose file: its files become the recipe")
    return made
