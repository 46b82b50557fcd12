"""A file to change, a button that runs it, and the result; without a kernel, the commands that run it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Protocol

import ipywidgets
from markupsafe import Markup

from ..terminal import quiet
from ..trouble import Trouble
from . import lab
from .html import Piece

_LINES, _LONGEST = 300, 400  # of the log: lines that are kept, and characters of each
_PAUSE = 0.2  # seconds between two looks at the log: a fast builder would overload the browser


class Tell(Protocol):
    """How work reports progress: a line of its log, and if it knows, which step of how many begins."""

    def __call__(self, line: str, step: int = 0, of: int = 0) -> None:
        """Report a line."""


Work = Callable[[str, Tell], Piece]


@dataclass(frozen=True)
class Editor:
    """A file that a reader may change and run.

    Attributes:
        title: the file's name, with its recipe before it.
        text: the text of the file.
        verb: the label of the button: `Build` or `Up`.
        commands: how to run the file with nothing of ours, line by line.
        work: takes the reader's text, runs it, and returns what to show; it raises `Trouble` if the text is invalid.
    """

    title: str
    text: str
    verb: str
    commands: tuple[str, ...]
    work: Work = field(repr=False)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {**lab.view(Panel(self).widget), "text/html": str(self._html()), "text/plain": self._text()}

    def _html(self) -> Markup:
        in_lab = "make lab   # then open this chapter, and run its cells down to here"
        return Markup(
            '<div class="book-try" role="note"><p><strong>Try it yourself.</strong> In JupyterLab there is an editor here, with '
            "<code>{title}</code> and a button <em>{verb}</em>. Change the file, press the button, and see "
            "your version measured beside the book's. Start it in a copy of this book:</p><pre>{lab}</pre>"
            "<p>Or run the recipe with only Docker:</p><pre>{commands}</pre></div>"
        ).format(title=self.title, verb=self.verb, lab=in_lab, commands="\n".join(self.commands))

    def _text(self) -> str:
        return f"Try it yourself: {self.title}. `make lab` shows an editor here.\n" + "\n".join(self.commands)


class Panel:
    """An editor with a kernel. It does one run at a time, beside the kernel's own work, and shows errors instead of raising them."""

    def __init__(self, editor: Editor) -> None:
        self._editor, self._busy = editor, False
        self._log: deque[str] = deque(maxlen=_LINES)
        self._shown_at, self._step = 0.0, (0, 0)
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
        """Run the text in the editor, in a thread that is returned; if a run is going on, do nothing."""
        if self._busy:
            return None
        self._busy = self.button.disabled = True
        self._log.clear()
        self._shown_at, self._step = 0.0, (0, 0)
        self.log.value = self.shown.value = ""
        self._show_step()
        thread = Thread(target=self._run, args=(self.text.value,), daemon=True)
        thread.start()
        return thread

    def _run(self, text: str) -> None:
        started = time.monotonic()
        try:
            with quiet():  # a cell that runs meanwhile shows its own commands only
                self.shown.value = self._editor.work(text, self._tell).html
            seconds = time.monotonic() - started
            self.state.value = Markup('<span role="status" class="book-good">✓ done in {:.1f} s</span>').format(seconds)
        except Trouble as problem:
            self._show_failed(str(problem))
        except Exception as problem:  # the engine may stop answering: the reader sees why, and can try again
            self._show_failed(f"{type(problem).__name__}: {problem}")
        finally:
            self._show_log()
            self._busy = self.button.disabled = False

    def _tell(self, line: str, step: int = 0, of: int = 0) -> None:
        if line.strip():
            self._log.append(line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")
        if step and (step, of) != self._step:
            self._step = (step, of)
            self._show_step()
        if time.monotonic() - self._shown_at > _PAUSE:
            self._show_log()

    def _show_step(self) -> None:
        step, of = self._step
        at = f"step {step} of {of}" if of else "at work …"
        # Without a value, a browser shows a bar that moves to and fro.
        done = Markup(' max="{}" value="{}"').format(of, step - 1) if of else ""
        self.state.value = Markup('<label role="status"><progress{}></progress> {}</label>').format(done, at)

    def _show_log(self) -> None:
        self._shown_at = time.monotonic()
        if self._log:
            log = Markup('<div class="book-log" role="log" tabindex="0" aria-label="Output of the engine"><pre>{}</pre></div>')
            self.log.value = log.format("\n".join(self._log))

    def _show_failed(self, message: str) -> None:
        self.state.value = Markup('<span role="status" class="book-bad">✗ it did not work</span>')
        self.shown.value = Markup('<pre class="book-trouble" role="alert">{}</pre>').format(message)
