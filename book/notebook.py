"""The hooks that the book installs in a notebook: errors without their stack, cells that need a tool, and the commands of a cell."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from threading import RLock
from types import TracebackType
from typing import Any

from IPython import get_ipython
from IPython.display import DisplayHandle, display
from markupsafe import escape

from .engine import ToolMissing
from .engine.words import OF_THE_ENGINE, in_words
from .measure.tool import missing
from .show.console import console
from .terminal import Call, listen

LEFT_OUT = "left_out"  # a key of an output's metadata: why the cell was left out
_NEEDS = re.compile(r"#\s*needs\s+([\w-]+)\s*$")


def install() -> None:
    """Install the hooks in the notebook that runs this; a no-op outside one."""
    shell = get_ipython()
    if shell is None or without_tools in shell.input_transformers_cleanup:
        return
    shell.input_transformers_cleanup.append(without_tools)
    shell.set_custom_exc(OF_THE_ENGINE, _show)  # a page shows no stack of the SDK either
    commands = Commands()
    shell.events.register("pre_run_cell", commands.begin)
    shell.events.register("post_run_cell", commands.end)
    commands.begin()  # the cell that imports the book is running


class Commands:
    """The commands of the cell that runs, in one console block that grows with each call, where the first one ended."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._block: DisplayHandle | None = None
        self._listening = ExitStack()
        self._alone = RLock()  # a reader's cell may have threads

    def begin(self, *_: object) -> None:
        """Listen, with an empty block; IPython calls this before each cell."""
        self.end()
        self._calls, self._block = [], None
        self._listening.enter_context(listen(self.hear))

    def end(self, *_: object) -> None:
        """Listen no more; IPython calls this after each cell."""
        self._listening.close()

    def hear(self, call: Call) -> None:
        """Show what a reader types for a call."""
        with self._alone:
            self._calls = shortened([*self._calls, call])
            piece = console([typed for each in self._calls for typed in each.typed])
            data, metadata = piece._repr_mimebundle_()
            if self._block:
                self._block.update(data, raw=True, metadata=metadata)
            else:
                self._block = display(data, raw=True, metadata=metadata, display_id=True)


def shortened(calls: list[Call]) -> list[Call]:
    """Calls without a repetition at their end: a loop is shown once, with what came of its last turn.

    Args:
        calls: the calls of a cell, in order.
    """
    for turn in range(1, len(calls) // 2 + 1):
        before, last = calls[-2 * turn : -turn], calls[-turn:]
        if all(map(Call.same, before, last)):
            return [*calls[: -2 * turn], *map(Call.again, last)]
    return calls


def skip(name: str) -> None:
    """Show on the page that a cell was left out, and why.

    Raises:
        ToolMissing: in CI, where nothing may be left out.
    """
    reason = missing(name)
    if os.environ.get("CI") == "true":
        raise ToolMissing(reason)
    note = f"Not run here: {reason}"
    display({"text/plain": note, "text/html": f"<p><em>{escape(note)}</em></p>"}, raw=True, metadata={LEFT_OUT: reason})


def without_tools(lines: list[str]) -> list[str]:
    """Leave out a cell that begins with `# needs NAME` if that tool is missing; IPython calls this for each cell before it runs."""
    needed = _NEEDS.match(lines[0]) if lines else None
    return ["from book import notebook\n", f"notebook.skip({needed[1]!r})\n"] if needed and missing(needed[1]) else lines


def _show(shell: Any, kind: type[Exception], problem: Exception, trace: TracebackType, tb_offset: int | None = None) -> list[str]:
    told = in_words(problem)
    shell.showtraceback((type(told), told, None))
    return told._render_traceback_()
