"""A rule: its texts, and the function that looks for the fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..finding import Severity
from ..survey import Survey

Seen = tuple[str, int, str]  # file, line, what was measured


@dataclass(frozen=True)
class Rule:
    """One fault to look for.

    Attributes:
        id: its name.
        severity: how much it matters.
        means: what is wrong, in a sentence.
        todo: the next step.
        chapter: the chapter of the book that explains it; empty if none does.
        look: finds it in a survey.
    """

    id: str
    severity: Severity
    means: str
    todo: str
    chapter: str
    look: Callable[[Survey], Iterator[Seen]]


def rule(id: str, severity: Severity, means: str, todo: str, chapter: str = "") -> Callable[[Callable[[Survey], Iterator[Seen]]], Rule]:
    """Turn a function that looks for a fault into a rule; see `Rule`."""

    def made(look: Callable[[Survey], Iterator[Seen]]) -> Rule:
        return Rule(id, severity, means, todo, chapter, look)

    return made
