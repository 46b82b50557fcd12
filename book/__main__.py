"""`python -m book`: from a bare machine to a finished site, a verdict, or a notebook to play with."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext, redirect_stdout

from .commands import bootstrap, new_options, report_options
from .commands import report_options as options

_COMMANDS = {
    "book": "run every chapter that changed, and build the site",
    "site": "build the site from the outputs that there are, without an engine",
    "record": "write outputs into notebooks/, for maintainers",
    "test": "check everything: code, engine, every chapter, the site in a browser",
    "bench": "measure the book's ways against the others (ROUNDS=n), and the finished site with Lighthouse",
    "lab": "open the chapters in JupyterLab",
    "serve": "show the finished site on 127.0.0.1",
    "soak": "run the chapters again and again (ROUNDS=20), then several times at once (AT_ONCE=3), and show what that leaves behind",
    "report": "check, build, run and measure a project of yours (`report --help`)",
    "new": "make a recipe and its chapter, ready to edit (`new --help`)",
    "clean": "take away everything of ours: containers, networks, images, the private engine, our folders",
    "help": "say this",
}


def main() -> int:
    """Read the command, have the virtual environment, and go on inside it."""
    described = "\n".join(f"  {name:7}{text}" for name, text in _COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m book",
        description="Docker Recipes for Python, a book that runs.",
        epilog=f"commands:\n{described}\n\nBOOK_ENGINE=off never starts a private engine.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=_COMMANDS, nargs="?", default="help", metavar="command", help="one of those below")
    parser.add_argument(
        "chapters", nargs="*", help="with book or test: only these chapters, by the start of their name; with bench: only these works"
    )
    parser.add_argument("--workers", type=_at_least_one, default=2, help="with book or soak: chapters run at the same time (default: 2)")
    report, new = (sys.argv[1:2] == [name] for name in ("report", "new"))  # they have options of their own
    if report or new:
        (options if report else new_options).parser().parse_args(sys.argv[2:])
    arguments = parser.parse_args(sys.argv[1:2] if report or new else None)
    if arguments.command == "help":
        parser.print_help()
        return 0
    if arguments.command == "clean" and not (bootstrap.VENV.exists() or (bootstrap.ROOT / ".engine").exists()):
        print("This folder has neither .venv nor .engine: there is nothing of ours to take away.")
        return 0
    if not bootstrap.inside():
        try:
            with redirect_stdout(sys.stderr) if report else nullcontext():
                bootstrap.make()
        except bootstrap.NoEnvironment as problem:
            print(f"✗ {problem}", file=sys.stderr)
            return 2 if report else 1  # a report's 1 says that something was found
        report_options.remember_folder()
        again = [str(bootstrap.python()), "-m", "book", *sys.argv[1:]]
        os.chdir(bootstrap.ROOT)
        sys.stdout.flush()
        os.execve(again[0], again, {**os.environ, "PYTHONPATH": str(bootstrap.ROOT)})
    if report:
        from .commands import report as command

        return command.run(options.parser().parse_args(sys.argv[2:]))
    if new:
        from .commands import new as command

        return command.run(sys.argv[2:], str(report_options.folder()))
    from .commands import book as commands

    return commands.run(arguments.command, arguments.chapters, arguments.workers)


def _at_least_one(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"{given} is no number of workers: 1 or more")
    return int(given)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\n✗ stopped")
