"""`python -m book`: read the command, make the virtual environment, and run the command inside it."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext, redirect_stdout

from .commands import bootstrap, clean_bare
from .commands.options import full_help, parse, remember_folder
from .places import ROOT
from .trouble import Trouble

_STOPPED = 130


def main() -> int:
    """Run the command of this command line and return its exit code."""
    options = parse(sys.argv[1:])
    if options.command == "help":
        print(full_help(), end="")
        return 0
    if options.command == "clean" and not bootstrap.VENV.exists():
        return clean_bare.run()
    if not bootstrap.inside():
        try:
            with redirect_stdout(sys.stderr) if options.command == "report" else nullcontext():
                bootstrap.make()
        except Trouble as problem:
            print(f"✗ {problem}", file=sys.stderr)
            return 2 if options.command == "report" else 1  # a report's 1 means that something was found
        _continue_inside()
    return _run(options)


def _continue_inside() -> None:
    """Replace this process by the same command in the virtual environment."""
    remember_folder()
    again = [str(bootstrap.python()), "-m", "book", *sys.argv[1:]]
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(again[0], again, {**os.environ, "PYTHONPATH": str(ROOT)})


def _run(options: argparse.Namespace) -> int:
    from .commands.run import run  # it needs the packages, which are installed only now

    return run(options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\n✗ stopped", file=sys.stderr)
        sys.exit(_STOPPED)
