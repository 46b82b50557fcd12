"""A file to change, a button that runs it, and what came of it; where there is no kernel, the way to run it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from threading import Thread
from typing import Protocol

import ipywidgets

from ..trouble import Trouble
from . import lab
from .html import Piece

_LINES, _LONGEST = 300, 400  # of the log: lines that are kept, and characters of each
_PAUSE = 0.2  # seconds between two looks at the log: a fast builder would flood the browser


class Tell(Protocol):
    """How work says what it does: a line of its log, and where it knows, which step of how many begins."""

    def __call__(self, line: str, step: int = 0, of: int = 0) -> None:
        """Say a line."""


Work = Callable[[str, Tell], Piece]


@dataclass(frozen=True)
class Editor:
    """A file that a reader may change and run.

    Attributes:
        title: the file's name, with its recipe before it.
        text: what stands in it.
        verb: what the button says: `Build` or `Up`.
        commands: how to run the file with nothing of ours, line by line.
        work: takes the reader's text, runs it, and returns what to show; it raises `Trouble` where the text is no good.
    """

    title: str
    text: str
    verb: str
    commands: tuple[str, ...]
    work: Work = field(repr=False)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {**lab.view(Panel(self).widget), "text/html": self._html(), "text/plain": self._text()}

    def _html(self) -> str:
        with_us = "make lab   # then open this chapter, and run its cells down to here"
        return (
            f'<div class="book-try" role="note"><p><strong>Try it yourself.</strong> In JupyterLab there is an editor here, with '
            f"<code>{escape(self.title)}</code> and a button <em>{self.verb}</em>. Change the file, press the button, and see "
            f"your version measured beside the book's. Start it in a copy of this book:</p><pre>{with_us}</pre>"
            f"<p>Or run the recipe with nothing but Docker:</p><pre>{escape(chr(10).join(self.commands))}</pre></div>"
        )

    def _text(self) -> str:
        return f"Try it yourself: {self.title}. `make lab` shows an editor here.\n" + "\n".join(self.commands)


class Panel:
    """An editor that is alive. Only one run goes on at a time, beside the kernel's own work; nothing that it meets is raised."""

    def __init__(self, editor: Editor) -> None:
        self._editor, self._busy = editor, False
        self._log: deque[str] = deque(maxlen=_LINES)
        self._told, self._step = 0.0, (0, 0)
        rows = min(max(editor.text.count("\n") + 2, 6), 28)
        self.text = ipywidgets.Textarea(editor.text, description=editor.title, rows=rows, style={"description_width": "auto"})
        self.button = ipywidgets.Button(description=editor.verb, button_style="primary")
        self.reset = ipywidgets.Button(description="Reset", tooltip="Put the book's text back")
        self.state, self.log, self.shown = lab.piece(), lab.piece(), lab.piece()
        self.button.on_click(lambda _: self.start())
        self.reset.on_click(lambda _: setattr(self.text, "value", editor.text))
        controls = ipywidgets.HBox([self.button, self.reset, self.state])
        controls.add_class("book-controls")
        self.widget = lab.box("book-editor", self.text, controls, self.log, self.shown)

    def start(self) -> Thread | None:
        """Run what stands in the editor, in a thread that is returned; nothing happens where a run is going on."""
        if self._busy:
            return None
        self._busy = self.button.disabled = True
        self._log.clear()
        self._told, self._step = 0.0, (0, 0)
        self.log.value = self.shown.value = ""
        self._say_step()
        thread = Thread(target=self._run, args=(self.text.value,), daemon=True)
        thread.start()
        return thread

    def _run(self, text: str) -> None:
        started = time.monotonic()
        try:
            self.shown.value = self._editor.work(text, self._tell).html
            self.state.value = f'<span role="status" class="book-good">✓ done in {time.monotonic() - started:.1f} s</span>'
        except Trouble as problem:
            self._say_failed(str(problem))
        except Exception as problem:  # the engine may go away: a reader is told, and may try again
            self._say_failed(f"{type(problem).__name__}: {problem}")
        finally:
            self._say_log()
            self._busy = self.button.disabled = False

    def _tell(self, line: str, step: int = 0, of: int = 0) -> None:
        if line.strip():
            self._log.append(line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")
        if step and (step, of) != self._step:
            self._step = (step, of)
            self._say_step()
        if time.monotonic() - self._told > _PAUSE:
            self._say_log()

    def _say_step(self) -> None:
        step, of = self._step
        at = f"step {step} of {of}" if of else "at work …"
        done = f' max="{of}" value="{step - 1}"' if of else ""  # with no value, a browser shows a bar that moves to and fro
        self.state.value = f'<label role="status"><progress{done}></progress> {at}</label>'

    def _say_log(self) -> None:
        self._told = time.monotonic()
        if self._log:
            lines = escape("\n".join(self._log))
            self.log.value = f'<div class="book-log" role="log" tabindex="0" aria-label="What the engine says"><pre>{lines}</pre></div>'

    def _say_failed(self, words: str) -> None:
        self.state.value = '<span role="status" class="book-bad">✗ it did not work</span>'
        self.shown.value = f'<pre class="book-trouble" role="alert">{escape(words)}</pre>'
