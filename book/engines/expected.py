"""What the book knows of engines: their titles, and where it expects a claim not to hold, why, and what to do there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from ..trouble import Trouble
from .names import EVERY
from .result import About, Finding, Result

FILE = Path(__file__).with_name("advice.yaml")


class BadAdvice(Trouble):
    """The file of advice is not written as its first lines describe."""


@dataclass(frozen=True)
class Engine:
    """A kind of engine.

    Attributes:
        kind: its name.
        title: what it is, in a few words.
        short: the same in one word, as the head of a column.
        note: what to know before you use it; may be empty.
    """

    kind: str
    title: str
    short: str
    note: str


@dataclass(frozen=True)
class Expected:
    """A difference between engines that the book expects.

    Attributes:
        where: what an engine must be: its `kind`, or what `About` describes; all of it.
        claims: the chapter and the sentence of each claim; may be empty.
        reason: a regular expression for the error of Docker or Podman that stopped a claim; may be empty.
        because: why it is so, as a sentence.
        todo: what to do there, as a sentence.
    """

    where: frozenset[tuple[str, object]]
    claims: frozenset[tuple[str, str]]
    reason: str
    because: str
    todo: str

    def fits(self, on: Result, chapter: str, finding: Finding) -> bool:
        """Whether this explains what became of a claim of a chapter on an engine."""
        facts = {"kind": on.kind, **(asdict(on.about) if on.about else {})}
        if not self.where <= facts.items():
            return False
        named = (chapter, finding.sentence) in self.claims
        return named or bool(self.reason and finding.reason and re.search(self.reason, finding.reason))


@dataclass(frozen=True)
class Advice:
    """The file: every kind of engine, and every difference that is expected."""

    engines: Mapping[str, Engine]
    expected: Sequence[Expected]

    def on(self, on: Result, chapter: str, finding: Finding) -> Expected | None:
        """The first entry that explains what became of a claim; None if none does."""
        return next((one for one in self.expected if one.fits(on, chapter, finding)), None)


def read(file: Path = FILE) -> Advice:
    """The advice in a file.

    Raises:
        BadAdvice: if a kind of engine has no entry, or an entry has an unknown or a missing key.
    """
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        engines = {kind: Engine(kind, **found["engines"][kind]) for kind in EVERY}
        return Advice(engines, tuple(map(_expected, found["expected"])))
    except (KeyError, TypeError, re.error) as problem:
        raise BadAdvice(f"{file.name}: {problem}. Its first lines describe what an entry contains.") from None


def _expected(row: dict[str, Any]) -> Expected:
    known = {"kind", *About.__dataclass_fields__}
    if unknown := sorted({*row["where"]} - known):
        raise TypeError(f"`where` has {', '.join(unknown)}, and can have {', '.join(sorted(known))}")
    claims = frozenset((one["chapter"], one["sentence"]) for one in row.get("claims", ()))
    reason = row.get("reason", "")
    re.compile(reason)
    if not claims and not reason:
        raise TypeError("an entry has neither `claims` nor `reason`")
    return Expected(frozenset(row["where"].items()), claims, reason, row["because"], row["todo"])
