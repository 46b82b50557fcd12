"""The command line of the book: every command and its options. Standard library only: it is read before the packages are installed."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..bench import names
from ..engines import names as engine_names
from ..places import ROOT
from ..report.kinds import KINDS

PROGRAM = "python -m book"
LIGHTHOUSE = "lighthouse"
WORKS = (LIGHTHOUSE, *names.NAMES)  # Lighthouse first: it visits the site as it is, and new results make that one out of date
ROUNDS, AT_ONCE = 20, 3  # of a soak
_OF_CHAPTERS = {LIGHTHOUSE, *names.OF_CHAPTERS}
_FROM = "BOOK_FROM"
_EPILOG = (
    "BOOK_ENGINE=off starts no private engine, BOOK_STORE=overlay2 starts one with the older image store. "
    "`python -m book COMMAND --help` describes one command, `make help` all of them."
)


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"✗ {self.prog}: {message}. See `{self.prog} --help`.\n")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line; an error is one line on stderr and exit code 2.

    Args:
        arguments: those after `python -m book`.

    Returns:
        `command`, the options of that command, and `here`, the folder in which it was given.
    """
    parser, commands = _parsers()
    options = parser.parse_args(arguments)
    options.command = options.command or "help"
    options.here = _folder()
    if options.command == "bench":
        _split_works(options, commands["bench"])
    return options


def full_help() -> str:
    """The help of the program, then that of each command."""
    parser, commands = _parsers()
    rule = "-" * 80
    return f"\n{rule}\n".join([parser.format_help(), *(command.format_help() for command in commands.values())])


def remember_folder() -> None:
    """Store in which folder the command was given, before this process continues in another one."""
    os.environ[_FROM] = f"{os.getpid()}:{os.getcwd()}"


def _folder() -> Path:
    """The folder in which the command was given. What another process stored in the environment that we inherit does not count."""
    process, _, stored = os.environ.get(_FROM, "").partition(":")
    return Path(stored) if process == str(os.getpid()) else Path.cwd()


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(prog=PROGRAM, description="Docker Recipes for Python, a book that runs.", epilog=_EPILOG)
    commands: argparse._SubParsersAction[_Parser] = parser.add_subparsers(dest="command", metavar="command", title="commands")
    made: dict[str, _Parser] = {}

    def add(name: str, summary: str, more: str = "") -> _Parser:
        text = f"{summary[0].upper()}{summary[1:]}.{more and ' '}{more}"
        made[name] = commands.add_parser(name, help=summary, description=text)
        return made[name]

    for name, summary in (
        ("book", "run every chapter that changed, and build the site"),
        ("site", "build the site from the outputs that are there: no engine, no run"),
        ("record", "run chapters, write their outputs into notebooks/, and take README.md's picture (for maintainers)"),
        ("chapter", "run chapters, whether they changed or not, and build no site"),
        ("test", "check everything: code, engine, every chapter, the site in a browser"),
    ):
        command = add(name, summary)
        if name != "site":
            _add_chapters(command)
            _add_workers(command)
    _add_bench(add("bench", "measure the book's recommendations against the alternatives, and the finished site with Lighthouse"))
    _add_engines(add("engines", "run the chapters on several Docker engines, and store which claims hold where"))
    add("lab", "open the chapters in JupyterLab")
    add("serve", "show the finished site on 127.0.0.1")
    _add_soak(add("soak", "run the chapters many times, then several times at once, and show what that leaves behind"))
    _add_report(add("report", "check, build, start, measure and stop a project of yours, and write a page about what was found"))
    _add_new(add("new", "make a recipe folder and its chapter, ready to edit, and run the chapter once"))
    _add_check(add("check", "check your file for the exercise of a chapter; the first time, write the file to change"))
    add("clean", "remove everything of ours: containers, networks, images, the private engine, our folders")
    add("help", "show the help of all commands")
    return parser, made


def _add_chapters(parser: _Parser) -> None:
    parser.add_argument("chapters", nargs="*", type=_chapter, help="the start of a chapter's name, as in 04 (default: all chapters)")


def _add_workers(parser: _Parser) -> None:
    parser.add_argument("--workers", type=_at_least_one, default=2, help="chapters that run at the same time (default: %(default)s)")


def _add_bench(parser: _Parser) -> None:
    works = f"what to measure: {', '.join(WORKS)} (default: all); after {' or '.join(sorted(_OF_CHAPTERS))}, also starts of chapters' names"
    parser.add_argument("works", nargs="*", type=_work_or_chapter, metavar="work", help=works)
    parser.add_argument("--rounds", type=_at_least_one, help="how often each alternative is measured (default: each work has its own)")


def _add_engines(parser: _Parser) -> None:
    parser.epilog = "Exit code: 0 if chapters were run, whatever they found; 1 if nothing could be run."
    every = ", ".join(engine_names.EVERY)
    kinds = f"on which engines: {every} (default: all except {engine_names.OWN}); {engine_names.OWN} is the engine in use"
    parser.add_argument("kinds", nargs="*", type=_kind, metavar="engine", help=kinds)
    chapters = "the starts of the names of the chapters to run, as in 04; the results of others stay (default: all chapters)"
    parser.add_argument("--chapters", nargs="+", type=_chapter, default=[], metavar="chapter", help=chapters)


def _add_soak(parser: _Parser) -> None:
    _add_chapters(parser)
    _add_workers(parser)
    parser.add_argument("--rounds", type=_at_least_one, default=ROUNDS, help="how often each chapter runs (default: %(default)s)")
    at_once = "how often each chapter runs at the same time in one more round; 0 for no such round (default: %(default)s)"
    parser.add_argument("--at-once", type=_whole, default=AT_ONCE, help=at_once)


def _add_report(parser: _Parser) -> None:
    parser.epilog = "Exit code: 0 nothing found at or above --fail-on, 1 something found, 2 it could not be run, or not to the end."
    add = parser.add_argument
    add("folder", nargs="?", default=".", help="a folder with a Dockerfile or a Compose file (default: this one)")
    add("-f", "--file", action="append", default=[], help="a Compose file or a Dockerfile in it; may be given several times")
    add("--profile", action="append", default=[], help="a Compose profile to switch on; may be given several times")
    add("--target", default="", help="without Compose: the stage at which the build stops")
    add("--runs", type=_at_least_one, default=1, help="how often the project is started (default: %(default)s)")
    add("--patience", type=_seconds, default=30.0, help="seconds to wait for ports and health after each start (default: 30)")
    add("--limit", type=_seconds, default=600.0, help="seconds for each build and each start (default: 600)")
    allow = f"run the project although it asks for this: {', '.join(KINDS)}; may be given several times"
    add("--allow", action="append", default=[], metavar="RISK", choices=list(KINDS), help=allow)
    fail_on = "the lowest severity that gives exit code 1 (default: %(default)s)"
    add("--fail-on", choices=["info", "warning", "error", "never"], default="warning", help=fail_on)
    add("--format", choices=["text", "json", "github"], default="text", help="what is printed (default: %(default)s)")
    add("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    add("-o", "--output", type=Path, default=Path("report.html"), help="the page (default: %(default)s)")
    add("--no-page", action="store_true", help="write no page")
    add("--fragment", type=Path, help="a file for the report without a page around it, to include in a page of your own")
    add("--book", default="", metavar="URL", help="where the book is published, for the page's links to its chapters")


def _add_new(parser: _Parser) -> None:
    parser.epilog = "No existing file changes, except for one more line in _toc.yml and one more row in book/pages/recipes.yaml."
    parser.add_argument("name", help="a few lowercase words, joined by hyphens, as in cache-dependencies; the first is a verb")
    project = "a folder with a Dockerfile or a Compose file: its files become the recipe"
    parser.add_argument("--from", dest="project", type=Path, help=project)


def _add_check(parser: _Parser) -> None:
    parser.epilog = "Exit code: 0 every condition is met, 1 not every one, 2 a wrong word on the command line."
    parser.add_argument("exercise", type=_exercise, help=f"the number of the chapter: {', '.join(_exercises())}")
    file = "your file (default: the one that this command writes below exercises/ the first time)"
    parser.add_argument("file", nargs="?", type=_readable, help=file)
    parser.add_argument("--solution", action="store_true", help="print a solution, and check nothing")


def _split_works(options: argparse.Namespace, parser: _Parser) -> None:
    """Put the works into `works` and the starts of chapters' names into `chapters`."""
    given: list[str] = options.works
    options.works = [one for one in given if one in WORKS]
    options.chapters = [one for one in given if one not in WORKS]
    if options.chapters and not set(options.works or WORKS) <= _OF_CHAPTERS:
        parser.error(f"chapters ({', '.join(options.chapters)}) can only follow {' or '.join(sorted(_OF_CHAPTERS))}")


def _chapter(given: str) -> str:
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
    if not given or not any(name.startswith(given) for name in names):
        raise argparse.ArgumentTypeError(f"no chapter's name starts with {given!r}. The chapters: {', '.join(names)}")
    return given


def _exercises() -> list[str]:
    return sorted(path.stem.removeprefix("chapter_") for path in (ROOT / "book/exercises").glob("chapter_*.py"))


def _exercise(given: str) -> str:
    number = given.partition("-")[0].zfill(2)
    if number not in _exercises():
        raise argparse.ArgumentTypeError(f"no exercise for {given!r}. There are exercises for these chapters: {', '.join(_exercises())}")
    return number


def _readable(given: str) -> Path:
    if not (_folder() / given).is_file():
        raise argparse.ArgumentTypeError(f"{given!r} is not a file")
    return Path(given)


def _kind(given: str) -> str:
    if given not in engine_names.EVERY:
        raise argparse.ArgumentTypeError(f"{given!r} is no engine to compare. There are: {', '.join(engine_names.EVERY)}")
    return given


def _work_or_chapter(given: str) -> str:
    if given in WORKS:
        return given
    try:
        return _chapter(given)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{given!r} is not something to measure. There are: {', '.join(WORKS)}") from None


def _whole(given: str, least: int = 0) -> int:
    if not given.isdecimal() or int(given) < least:
        raise argparse.ArgumentTypeError(f"{given!r} is not a whole number of {least} or more")
    return int(given)


def _at_least_one(given: str) -> int:
    return _whole(given, 1)


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number of seconds")
    return seconds
