"""The command line of `python -m book report`. Standard library only: it is read before the packages are there."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ..report.kinds import KINDS

_FROM = "BOOK_FROM"


def remember_folder() -> None:
    """Note in which folder the command was given, before this process goes on in another one."""
    os.environ[_FROM] = f"{os.getpid()}:{os.getcwd()}"


def folder() -> Path:
    """The folder in which the command was given; a note of another process, whose environment we have inherited, does not count."""
    process, _, noted = os.environ.get(_FROM, "").partition(":")
    return Path(noted) if process == str(os.getpid()) else Path.cwd()


def parser() -> argparse.ArgumentParser:
    """The options of a report."""
    made = argparse.ArgumentParser(
        prog="python -m book report",
        description="Check, build, bring up, measure and take down a project of yours; say what was found, and write a page about it.",
        epilog="Exit code: 0 nothing found at or above --fail-on, 1 something found, 2 it could not be run, or not to the end.",
    )
    made.add_argument("folder", nargs="?", default=".", help="a folder with a Dockerfile or a Compose file (default: this one)")
    made.add_argument("-f", "--file", action="append", default=[], help="a Compose file or a Dockerfile in it; may be given several times")
    made.add_argument("--profile", action="append", default=[], help="a Compose profile to switch on; may be given several times")
    made.add_argument("--target", default="", help="without Compose: the stage at which the build stops")
    made.add_argument("--runs", type=_number, default=1, help="how often it is brought up (default: 1)")
    made.add_argument("--patience", type=float, default=30.0, help="seconds to wait for ports and health after each up (default: 30)")
    made.add_argument("--limit", type=float, default=600.0, help="seconds for each build and each up (default: 600)")
    made.add_argument(
        "--allow", action="append", default=[], metavar="RISK", choices=KINDS, help=f"run it although it asks for this: {', '.join(KINDS)}"
    )
    made.add_argument("--fail-on", choices=["info", "warning", "error", "never"], default="warning", help="(default: warning)")
    made.add_argument("--format", choices=["text", "json", "github"], default="text", help="what is printed (default: text)")
    made.add_argument("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    made.add_argument("-o", "--output", type=Path, default=Path("report.html"), help="the page (default: report.html)")
    made.add_argument("--no-page", action="store_true", help="write no page")
    made.add_argument("--fragment", type=Path, help="a file for the report without a page around it, to set into a page of your own")
    made.add_argument("--book", default="", metavar="URL", help="where the book is published, for the page's links to its chapters")
    return made


def _number(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("it is brought up once at least")
    return int(text)
