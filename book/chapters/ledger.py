"""The claims of the book and the faults of the 2021 recipes, read from the chapters' outputs, so that no text exists twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils.nodes import make_id

from ..places import ROOT
from ..trouble import Trouble
from .chapter import Chapter

_ERRATA = ROOT / "book/pages/errata.yaml"
_RECIPES = ROOT / "book/pages/recipes.yaml"
_IN_SHORT = re.compile(r"^## In short\n+(?![#\n])(.+?[.!?])(?=\s|$)", re.MULTILINE | re.DOTALL)
_LONGEST_ANCHOR = 60  # characters of a sentence
_MINUTES = re.compile(r"\*\*Time\*\* (\d+) minutes")


class Unproved(Trouble):
    """A row of the errata or of the recipes refers to a claim that its chapter does not make, or that did not hold."""


@dataclass(frozen=True)
class Held:
    """A claim that held when its chapter was run, and what was measured."""

    chapter: Chapter
    sentence: str
    measured: str


@dataclass(frozen=True)
class Erratum:
    """A fault of the 2021 recipes: the recipe, what happens now, why, what works, and the claim of the run that shows it."""

    noted: str
    today: str
    why: str
    works: str
    proof: Held


@dataclass(frozen=True)
class Headline:
    """A recipe as the first page shows it.

    Attributes:
        question: the question in a reader's words.
        answer: the answer in one line; empty if neither its row nor its chapter gives one.
        proof: the claim that sums it up.
        minutes: how long it takes to read.
    """

    question: str
    answer: str
    proof: Held
    minutes: int


def claims(of: Sequence[Chapter]) -> tuple[Held, ...]:
    """Every claim in the outputs of these chapters, in their order. A claim that fails stops its chapter, and leaves no output."""
    return tuple(held for chapter in of for held in _claims(chapter))


def errata(of: Sequence[Chapter]) -> tuple[Erratum, ...]:
    """The faults of the 2021 recipes, each with the claim that shows it.

    Raises:
        Unproved: if a row names a sentence that its chapter does not claim.
    """
    return tuple(Erratum(row["noted"], row["today"], row["why"], row["works"], proof) for row, proof in _proved(_ERRATA, of))


def recipes(of: Sequence[Chapter]) -> tuple[Headline, ...]:
    """The recipes in the order of the chapters, each with its headline.

    Raises:
        Unproved: if a row names a sentence that its chapter does not claim, or a chapter has no row or no time.
    """
    found = {proof.chapter: (row["question"], row.get("answer") or _in_short(proof.chapter), proof) for row, proof in _proved(_RECIPES, of)}
    without = [chapter.name for chapter in of if chapter not in found]
    if without:
        raise Unproved(f"{_RECIPES.name} has no row for {', '.join(without)}: add one with the chapter's question and one of its claims.")
    return tuple(Headline(*found[chapter], minutes(chapter)) for chapter in of)


def number(chapter: Chapter) -> str:
    """The chapter's number as its title begins with it, from the name of its file: `3. `."""
    return f"{int(chapter.name[:2])}. "


def title(chapter: Chapter) -> str:
    """The chapter's title with its number, as every page names it."""
    heading: str = chapter.read().cells[0].source.splitlines()[0]
    return number(chapter) + heading.removeprefix("# ")


def anchor(sentence: str) -> str:
    """The address of a claim on its chapter's page."""
    return f"claim-{make_id(sentence)[:_LONGEST_ANCHOR].rstrip('-')}"


def minutes(chapter: Chapter) -> int:
    """The minutes that it takes to read the chapter, from its opening.

    Raises:
        Unproved: if the opening does not say it.
    """
    found = _MINUTES.search(chapter.read().cells[0].source)
    if not found:
        raise Unproved(f"{chapter.path.name} does not say how long it takes: write **Time** N minutes into its first cell.")
    return int(found[1])


def _in_short(chapter: Chapter) -> str:
    """The first sentence below the chapter's heading *In short*; empty if there is no such heading."""
    text = "\n".join(cell.source for cell in chapter.read().cells if cell.cell_type == "markdown")
    found = _IN_SHORT.search(text)
    return " ".join(found[1].split()) if found else ""


def _proved(file: Path, of: Sequence[Chapter]) -> Iterator[tuple[dict[str, str], Held]]:
    found = {(held.chapter.name, held.sentence): held for held in claims(of)}
    for row in yaml.safe_load(file.read_text()):
        proof = found.get((row["chapter"], row["claim"]))
        if proof is None:
            todo = "Copy the sentence from the chapter, or run the chapter."
            raise Unproved(f"{file.name}: {row['chapter']} does not claim: {row['claim']} {todo}")
        yield row, proof


def _claims(chapter: Chapter) -> Iterator[Held]:
    for cell in chapter.read().cells:
        for output in cell.get("outputs", []):
            claim = output.get("metadata", {}).get("claim")
            if claim:
                yield Held(chapter, claim["sentence"], claim["measured"])
