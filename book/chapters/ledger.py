"""The claims of the book and the faults of the notes, gathered from the chapters' outputs; nothing here is typed in twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..places import ROOT
from .chapter import Chapter, chapters

_ERRATA = ROOT / "book/pages/errata.yaml"
_RECIPES = ROOT / "book/pages/recipes.yaml"
_MINUTES = re.compile(r"\*\*Time\*\* (\d+) minutes")


class Unproved(Exception):
    """A row of the errata or of the recipes leans on a claim that its chapter does not make, or that did not hold."""


@dataclass(frozen=True)
class Held:
    """A claim that held when its chapter was run, and what was measured."""

    chapter: Chapter
    sentence: str
    measured: str


@dataclass(frozen=True)
class Erratum:
    """A fault of the notes: what was noted, what happens today, why, what works, and the claim of the run that shows it."""

    noted: str
    today: str
    why: str
    works: str
    proof: Held


@dataclass(frozen=True)
class Headline:
    """A recipe as the first page shows it: its question, the claim of the run that stands for it, and the minutes to read it."""

    question: str
    proof: Held
    minutes: int


def claims() -> tuple[Held, ...]:
    """Every claim in the outputs of the chapters, in their order. A claim that fails stops its chapter, and leaves no output."""
    return tuple(held for chapter in chapters() for held in _claims(chapter))


def errata() -> tuple[Erratum, ...]:
    """The faults of the notes, each with the claim that shows it.

    Raises:
        Unproved: where a row names a sentence that its chapter does not claim.
    """
    return tuple(Erratum(row["noted"], row["today"], row["why"], row["works"], proof) for row, proof in _proved(_ERRATA))


def recipes() -> tuple[Headline, ...]:
    """The recipes in their order, each with its headline.

    Raises:
        Unproved: where a row names a sentence that its chapter does not claim, and where a chapter has no row or no time.
    """
    found = {proof.chapter: (row["question"], proof) for row, proof in _proved(_RECIPES)}
    without = [chapter.name for chapter in chapters() if chapter not in found]
    if without:
        raise Unproved(f"{_RECIPES.name} has no row for {', '.join(without)}.")
    return tuple(Headline(*found[chapter], minutes(chapter)) for chapter in chapters())


def title(chapter: Chapter) -> str:
    """The chapter's title, from its first heading."""
    return chapter.read().cells[0].source.splitlines()[0].removeprefix("# ")


def minutes(chapter: Chapter) -> int:
    """The minutes that it takes to read the chapter, from its opening.

    Raises:
        Unproved: where the opening does not say it.
    """
    found = _MINUTES.search(chapter.read().cells[0].source)
    if not found:
        raise Unproved(f"{chapter.path.name} does not say in its first cell: **Time** N minutes")
    return int(found[1])


def _proved(file: Path) -> Iterator[tuple[dict[str, str], Held]]:
    found = {(held.chapter.name, held.sentence): held for held in claims()}
    for row in yaml.safe_load(file.read_text()):
        proof = found.get((row["chapter"], row["claim"]))
        if proof is None:
            raise Unproved(f"{file.name}: {row['chapter']} does not claim: {row['claim']}")
        yield row, proof


def _claims(chapter: Chapter) -> Iterator[Held]:
    for cell in chapter.read().cells:
        for output in cell.get("outputs", []):
            claim = output.get("metadata", {}).get("claim")
            if claim:
                yield Held(chapter, claim["sentence"], claim["measured"])
