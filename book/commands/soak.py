"""`soak`: run the chapters again and again."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..chapters import chapter, soak
from ..progress import step
from .needs import everything_for, remove_leftovers


def _soak(starting: Sequence[str], workers: int) -> int:
    todo = chapter.chapters(starting)
    everything_for(todo)
    in_a_row, at_once = (int(os.environ.get(name, usual)) for name, usual in (("ROUNDS", soak.IN_A_ROW), ("AT_ONCE", soak.AT_ONCE)))
    found = []
    try:
        for each in soak.rounds(todo, in_a_row, at_once, workers, step):
            found.append(each)
            print(*([soak.HEAD] if len(found) == 1 else []), each, sep="\n", flush=True)
            for failure in each.failures:
                print(f"✗ {failure.chapter}: {failure.message}", file=sys.stderr, flush=True)
    finally:  # also where Ctrl-C ended it
        remove_leftovers()
    print("\n".join([soak.HEAD, *map(str, found)]))
    for sentence in (wrong := soak.grown(found)):
        print(f"✗ {sentence}", file=sys.stderr)
    return 1 if wrong or any(each.failures for each in found) else 0
