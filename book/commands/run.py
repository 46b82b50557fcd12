"""Run one command, and turn every error into one message and an exit code."""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from ..engine.words import OF_THE_ENGINE, in_words
from ..report.secrets import hide
from ..trouble import TookTooLong, Trouble

STOPPED = 130
MODULES = {  # a module is imported only when its command runs
    "book": "book",
    "site": "site",
    "record": "record",
    "chapter": "chapter",
    "test": "test",
    "bench": "bench",
    "engines": "engines",
    "lab": "lab",
    "serve": "serve",
    "soak": "soak",
    "report": "report",
    "new": "new",
    "check": "check",
    "clean": "clean",
}


def run(options: argparse.Namespace) -> int:
    """Run a command and return its exit code.

    Args:
        options: what `options.parse` returns.
    """
    failed = 2 if options.command == "report" else 1  # a report's 1 means that something was found
    try:
        command = import_module(f".{MODULES[options.command]}", __package__)
        return cast(Callable[[argparse.Namespace], int], command.run)(options)
    except KeyboardInterrupt:
        print("\n✗ stopped", file=sys.stderr, flush=True)
        return STOPPED
    except (Trouble, subprocess.TimeoutExpired, *OF_THE_ENGINE) as problem:
        print(f"✗ {hide(str(in_trouble(problem)))}", file=sys.stderr, flush=True)
    except Exception:  # a fault of the book itself
        print(hide(traceback.format_exc()), file=sys.stderr, flush=True)
    return failed


def in_trouble(problem: Exception) -> Trouble:
    """An expected error as one that has a message for the reader.

    Args:
        problem: a `Trouble`, an error of the engine, or a command that took too long.
    """
    if isinstance(problem, Trouble):
        return problem
    if isinstance(problem, subprocess.TimeoutExpired):
        command = problem.cmd if isinstance(problem.cmd, str) else str(problem.cmd[0])
        return TookTooLong(f"{Path(command).name} did not end within {problem.timeout:g} seconds. Run this again.")
    return in_words(problem)
