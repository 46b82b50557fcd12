"""The exercises of the chapters: a file to change, and conditions that are measured on the engine."""

from __future__ import annotations

from typing import Any

from ..recipe import Recipe
from ..trouble import Trouble
from . import chapter_03, chapter_06
from .exercise import Exercise

EVERY: dict[str, Exercise[Any]] = {one.chapter: one for one in (chapter_03.EXERCISE, chapter_06.EXERCISE)}


class NoExercise(Trouble):
    """A chapter has no exercise; the message names those that have one."""


def of(recipe: Recipe) -> Exercise[Any]:
    """The exercise of a recipe.

    Args:
        recipe: the recipe of a chapter.

    Raises:
        NoExercise: if it has none.
    """
    chapter = recipe.name.partition("-")[0]
    if chapter not in EVERY:
        raise NoExercise(f"{recipe.name} has no exercise. These chapters have one: {', '.join(EVERY)}.")
    return EVERY[chapter]
