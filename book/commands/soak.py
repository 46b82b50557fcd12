"""`soak`: run the chapters again and again."""

from __future__ import annotations

import argparse
import sys

from ..chapters import chapter, soak
from ..progress import step
from .needs import everything_for, remove_leftovers


def run(options: argparse.Namespace) -> int:
    """Run the chapters round after round, and show what the engine and this process hold after each.

    Args:
        options: `chapters`, the starts of their names; `workers`; `rounds`, how often each runs; `at_once`, how often each runs at the
            same time in one more round.
    """
    todo = chapter.chapters(options.chapters)
    everything_for(todo)
    found: list[soak.Round] = []
    try:
        for each in soak.rounds(todo, options.rounds, options.at_once, options.workers, step):
            found.append(each)
            print(*([soak.HEAD] if len(found) == 1 else []), each, sep="\n", flush=True)
            for failure in each.failures:
                print(f"✗ {failure.chapter}: {failure.message}", file=sys.stderr, flush=True)
    finally:  # also after Ctrl-C
        remove_leftovers()
    print("\n".join([soak.HEAD, *map(str, found)]))
    wrong = soak.grown(found)
    for sentence in wrong:
        print(f"✗ {sentence}", file=sys.stderr)
    return 1 if wrong or any(each.failures for each in found) else 0
