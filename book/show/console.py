"""A console block: the commands that a reader types for what a cell did, above what the cell shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from markupsafe import Markup

from ..terminal import TERMINAL, Typed
from .html import Piece, joined

COLUMNS = 76  # of a line, with its prompt
MOST = 6  # commands that stand open; more of them are folded
_PROMPT = "$ "
_INDENT = "    "
# A word of a shell's line, with all its quotes.
_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+""", re.DOTALL)


def console(commands: Sequence[Typed]) -> Piece:
    """Show commands as a reader types them, with a prompt before each; the prompts are no part of what is copied.

    Args:
        commands: the commands, in order.
    """
    lines = joined((Markup('<span class="gp">{}</span>{}').format(_prompt(each), broken(each)) for each in commands), "\n")
    block = Markup('<pre tabindex="0">{}</pre>').format(lines)
    if len(commands) > MOST:
        summary = f"The {len(commands)} commands of this step"
        block = Markup('<details class="book-fold"><summary>{}</summary>{}</details>').format(summary, block)
    html = Markup('<div class="book-console"><style>{}</style>{}</div>').format(Markup(_style()), block)
    text = "\n".join(_prompt(each) + broken(each) for each in commands)
    return Piece(html, text, {TERMINAL: [each.facts() for each in commands]})


def broken(typed: Typed) -> str:
    """A command in lines that fit a page, as a shell reads them together; a word that is too long stands alone.

    Args:
        typed: the command.
    """
    lines, room = [""], COLUMNS - len(_prompt(typed))
    for part in _parts(typed.command):
        # The first line of a text in quotes stands on this one; what breaks it may need two characters.
        more = f" {part}" if lines[-1].strip() else part
        if len(lines[-1]) + len(more.partition("\n")[0]) > room - len(" \\") and lines[-1].strip():
            lines[-1] += " \\"
            lines.append(_INDENT)
            more, room = part, COLUMNS
        lines[-1] += more
    return "\n".join(lines)


def _parts(command: str) -> list[str]:
    """The words of a command; an option and its value are one part, since they are read together."""
    parts: list[str] = []
    for word in _WORD.findall(command):
        if parts and re.fullmatch(r"--[\w-]+", parts[-1]) and not word.startswith("-"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _prompt(typed: Typed) -> str:
    return f"{typed.folder} {_PROMPT}" if typed.folder else _PROMPT


@cache
def _style() -> str:
    return " ".join(Path(__file__).with_name("console.css").read_text(encoding="utf-8").split())
