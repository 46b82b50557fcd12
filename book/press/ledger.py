"""The claims of the book and the faults of the notes, gathered from the chapters' outputs; nothing here is typed in twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from ..engine import ROOT
from .chapters import Chapter, chapters

_ERRATA = ROOT / "book/pages/errata.yaml"


class ErratumUnproved(Exception):
    """A row of the errata leans on a claim that its chapter does not make, or that did not hold."""


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


def claims() -> tuple[Held, ...]:
    """Every claim in the outputs of the chapters, in their order. A claim that fails stops its chapter, and leaves no output."""
    return tuple(held for chapter in chapters() for held in _claims(chapter))


def errata() -> tuple[Erratum, ...]:
    """The faults of the notes, each with the claim that shows it.

    Raises:
        ErratumUnproved: where a row names a sentence that its chapter does not claim.
    """
    found = {(held.chapter.name, held.sentence): held for held in claims()}
    rows = []
    for row in yaml.safe_load(_ERRATA.read_text()):
        proof = found.get((row["chapter"], row["claim"]))
        if proof is None:
            raise ErratumUnproved(f"{_ERRATA.name}: {row['chapter']} does not claim: {row['claim']}")
        rows.append(Erratum(row["noted"], row["today"], row["why"], row["works"], proof))
    return tuple(rows)


def title(chapter: Chapter) -> str:
    """The chapter's title, from its first heading."""
    return chapter.read().cells[0].source.splitlines()[0].removeprefix("# ")


def _claims(chapter: Chapter) -> Iterator[Held]:
    for cell in chapter.read().cells:
        for output in cell.get("outputs", []):
            claim = output.get("metadata", {}).get("claim")
            if claim:
                yield Held(chapter, claim["sentence"], claim["measured"])
