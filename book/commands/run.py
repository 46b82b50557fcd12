"""Run one command, and turn every error into one message and an exit code."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..engine.words import OF_THE_ENGINE, in_words
from ..offline import bases, debian
from ..site import build, lighthouse
from ..trouble import Trouble
from .bench import _bench
from .book import run as _book
from .chapter import run as _chapter
from .clean import _clean
from .look import _lab, _serve
from .needs import CannotGoOn
from .record import run as _record
from .site import run as _site
from .soak import _soak
from .test import _test


def run(command: str, starting: Sequence[str], workers: int) -> int:
    """Do one command and return its exit code."""
    try:
        options = argparse.Namespace(chapters=list(starting), workers=workers)
        with_options = {"book": _book, "chapter": _chapter, "record": _record, "site": _site}
        if command in with_options:
            return with_options[command](options)
        does = {
            "test": _test,
            "bench": _bench,
            "lab": _lab,
            "serve": _serve,
            "clean": _clean,
            "soak": _soak,
        }
        return does[command](starting, workers)
    except (CannotGoOn, Trouble, bases.NoBase, build.SiteFailed, debian.NoPackages, lighthouse.NoLighthouse) as problem:
        print(f"✗ {problem}", file=sys.stderr, flush=True)
    except OF_THE_ENGINE as problem:
        print(f"✗ {in_words(problem)}", file=sys.stderr, flush=True)
    except subprocess.TimeoutExpired as problem:
        print(f"✗ {Path(str(problem.cmd[0])).name} did not end within {problem.timeout:g} seconds. Run this again.", file=sys.stderr)
    return 1
