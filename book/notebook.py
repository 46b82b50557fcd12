"""The hooks that the book installs in a notebook: errors without their stack, and cells that need a tool."""

from __future__ import annotations

import os
import re
from types import TracebackType
from typing import Any

from IPython import get_ipython
from IPython.display import display
from markupsafe import escape

from .engine import ToolMissing
from .engine.words import OF_THE_ENGINE, in_words
from .measure.tool import missing

LEFT_OUT = "left_out"  # a key of an output's metadata: why the cell was left out
_NEEDS = re.compile(r"#\s*needs\s+([\w-]+)\s*$")


def install() -> None:
    """Install the hooks in the notebook that runs this; a no-op outside one."""
    shell = get_ipython()
    if shell is None or without_tools in shell.input_transformers_cleanup:
        return
    shell.input_transformers_cleanup.append(without_tools)
    shell.set_custom_exc(OF_THE_ENGINE, _show)  # a page shows no stack of the SDK either


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
