"""What a reader would type in a terminal for what a method does on Docker, and what came of it. Standard library only."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

TERMINAL = "terminal"  # a key of an output's metadata: the commands that the output shows, in order
_P = ParamSpec("_P")
_R = TypeVar("_R")
# Not a plain counter: two threads of a reader may each make a call of their own.
_silent: ContextVar[bool] = ContextVar("silent", default=False)


@dataclass(frozen=True)
class Typed:
    """A command as a reader types it, and what came of it when the page ran.

    Attributes:
        command: the command, on one line except in quotes.
        folder: the folder to type it in, from the recipe's folder; empty for that folder itself.
        exit_code: its exit code.
        answer: the HTTP status and the text that came; None if it is not a request, or nothing came.
        printed: what it printed, the end of it if it is long; empty if that is unknown.
        image: the name of the image that it built; empty if it built none.
        size: bytes of that image's layers, unpacked.
        states: service → `running`, `healthy`, `unhealthy`, `exited (0)`, … afterwards, without those that are still on their way.
        repeated: whether it was run several times in a row; what is known is then of the last time.
    """

    command: str
    folder: str = ""
    exit_code: int = 0
    answer: tuple[int, str] | None = None
    printed: str = ""
    image: str = ""
    size: int = 0
    states: Mapping[str, str] = field(default_factory=dict)
    repeated: bool = False

    def facts(self) -> dict[str, object]:
        """All that is known of it, for the metadata of an output."""
        known: dict[str, object] = {"command": self.command, "folder": self.folder, "exit": self.exit_code}
        if self.answer:
            known["answer"] = dict(zip(("status", "text"), self.answer, strict=True))
        if self.image:
            known |= {"image": self.image, "size": self.size}
        known |= {"printed": self.printed} if self.printed else {}
        known |= {"states": dict(self.states)} if self.states else {}
        known |= {"repeated": True} if self.repeated else {}
        return known


@dataclass(frozen=True)
class Call:
    """What a reader types for one call of a method."""

    typed: tuple[Typed, ...]

    def same(self, other: Call) -> bool:
        """Whether a reader types the same for both, whatever came of it."""
        return [(each.command, each.folder) for each in self.typed] == [(each.command, each.folder) for each in other.typed]

    def again(self) -> Call:
        """The same call, marked as one that was made several times in a row."""
        return Call(tuple(replace(each, repeated=True) for each in self.typed))


@dataclass(frozen=True)
class Came:
    """What came of a call: what the method returned, or the error that it raised."""

    result: Any = None
    problem: Exception | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of a command that does the same as the method."""
        return int(getattr(self.problem, "exit_code", 1)) if self.problem else 0


Listener = Callable[[Call], None]
_listeners: list[Listener] = []


def announced(describe: Callable[..., Iterable[Typed]]) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Announce each call of a method to those who listen, when it has ended; a call within another one is not announced.

    Args:
        describe: returns what a reader would type. It gets a `Came`, then the arguments of the call.
    """

    def decorate(method: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(method)
        def call(*arguments: _P.args, **named: _P.kwargs) -> _R:
            if not _listeners or _silent.get():
                return method(*arguments, **named)
            with quiet():
                try:
                    result = method(*arguments, **named)
                except Exception as problem:
                    with suppress(Exception):  # of an error, the error itself matters more than its command
                        _announce(describe(Came(problem=problem), *arguments, **named))
                    raise
                _announce(describe(Came(result), *arguments, **named))
                return result

        call.__dict__["describe"] = describe
        return call

    return decorate


def _announce(typed: Iterable[Typed]) -> None:
    if known := tuple(typed):
        for listener in tuple(_listeners):
            listener(Call(known))


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Hear of each call of an announced method while the block runs, in whichever thread.

    Args:
        listener: called when a call has ended, in the thread of the call.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def quiet() -> Iterator[None]:
    """Announce nothing that this thread calls while the block runs."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
