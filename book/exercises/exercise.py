"""An exercise: a file that a reader changes, and the conditions that are measured on what it builds or brings up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from ..recipe import Recipe
from ..trouble import Trouble

T = TypeVar("T")
Heard = Callable[[str], None]  # called with each line of the builder or of Compose
_FILES = Path(__file__).parent


@dataclass(frozen=True)
class Seen:
    """What one check saw: whether the condition holds, and what was measured."""

    ok: bool
    measured: str = ""


@dataclass(frozen=True)
class Condition(Generic[T]):
    """One thing that the reader's file must do.

    Attributes:
        text: the condition, a sentence that means something alone.
        hint: what to do if it does not hold.
        check: looks at what was measured; None if that says nothing about the condition.
    """

    text: str
    hint: str
    check: Callable[[T], Seen | None] = field(repr=False)


@dataclass(frozen=True)
class Exercise(Generic[T]):
    """An exercise of a chapter.

    Attributes:
        chapter: its number, as `03`.
        title: what the reader does.
        task: the situation and the task, in a few sentences.
        file: the name that the reader's file has in the recipe folder.
        start: the text that the reader begins with.
        solution: a text that meets every condition.
        conditions: what is checked, in the order in which a reader can fix it.
        measure: builds or brings up the file in a folder, measures it, and removes what it made.
    """

    chapter: str
    title: str
    task: str
    file: str
    start: str = field(repr=False)
    solution: str = field(repr=False)
    conditions: tuple[Condition[T], ...]
    measure: Callable[[Recipe, Heard], T] = field(repr=False)


@dataclass(frozen=True)
class Found:
    """How one condition ended.

    Attributes:
        condition: the sentence.
        ok: whether it holds; None if it was not looked at.
        measured: what was measured, or the message of the builder or of Compose.
        hint: what to do; empty if nothing is wrong.
    """

    condition: str
    ok: bool | None
    measured: str = ""
    hint: str = ""


def check(exercise: Exercise[T], recipe: Recipe, text: str, heard: Heard = lambda line: None) -> tuple[Found, ...]:
    """Check a reader's file in a copy of the recipe folder; nothing of it is left on the engine.

    If the file cannot be built or brought up at all, the first condition has the message, and the others are not looked at.

    Args:
        exercise: the exercise.
        recipe: the recipe that it belongs to.
        text: the text of the reader's file.
        heard: called with each line of the builder or of Compose as it comes.
    """
    copy = recipe.copy()
    try:
        (copy.path / exercise.file).write_text(text, encoding="utf-8")
        measured = exercise.measure(copy, heard)
    except Trouble as problem:
        first, *others = exercise.conditions
        return (Found(first.text, False, str(problem), first.hint), *(Found(other.text, None) for other in others))
    finally:  # now, and not when the last use of it ends: an error may still refer to it
        shutil.rmtree(copy.path.parent, ignore_errors=True)
    return tuple(_found(condition, measured) for condition in exercise.conditions)


def solved(found: tuple[Found, ...]) -> bool:
    """Whether every condition was looked at and holds."""
    return all(one.ok for one in found)


def text_of(chapter: str, name: str) -> str:
    """The text of a file of an exercise.

    Args:
        chapter: the number of the chapter.
        name: the name of the file.
    """
    return (_FILES / chapter / name).read_text(encoding="utf-8")


def _found(condition: Condition[T], measured: T) -> Found:
    seen = condition.check(measured)
    if seen is None:
        return Found(condition.text, None)
    return Found(condition.text, seen.ok, seen.measured, "" if seen.ok else condition.hint)
