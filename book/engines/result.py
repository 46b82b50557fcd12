"""What was found on an engine: each claim of each chapter that ran there, with what was measured, and what the engine is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..places import ROOT
from .names import KINDS, OWN

RESULTS = Path(__file__).parent / "results"
_OF_THIS_MACHINE = ROOT / "_build/engines"


class Verdict(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Finding:
    """A claim on an engine.

    Attributes:
        sentence: what the book says.
        verdict: what became of it.
        measured: what was measured, with its unit; may be empty.
        reason: if it was not run, why.
    """

    sentence: str
    verdict: Verdict
    measured: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ChapterRun:
    """A chapter that ran on an engine.

    Attributes:
        chapter: its name.
        digest: that of its cells and its recipe when it ran.
        engine: the engine's name and version at that time.
        day: as 2026-11-24.
        findings: its claims, in their order.
    """

    chapter: str
    digest: str
    engine: str
    day: str
    findings: tuple[Finding, ...]

    def counted(self) -> Counter[Verdict]:
        """How many claims got each verdict."""
        return Counter(one.verdict for one in self.findings)

    def rewritten(self, text: Callable[[str], str]) -> ChapterRun:
        """The same with each measurement and each reason rewritten by `text`."""
        found = tuple(replace(one, measured=text(one.measured), reason=text(one.reason)) for one in self.findings)
        return replace(self, findings=found)


@dataclass(frozen=True)
class About:
    """What an engine is, by its own API; never the name of its machine.

    Attributes:
        engine: its name and version.
        api: the newest version of the API that it offers.
        builder: `BuildKit`, or `classic` if it has only the builder of the older API.
        image_store: what stores its images.
        cgroup_version: `v1` or `v2`; `none` if it has no control groups.
        rootless: whether it runs without the permissions of root.
        architecture: of its machine.
    """

    engine: str
    api: str
    builder: str
    image_store: str
    cgroup_version: str
    rootless: bool
    architecture: str


@dataclass(frozen=True)
class Result:
    """What was found on an engine.

    Attributes:
        kind: its name, which is that of its file: one of `names.EVERY`.
        day: of the last run, or of the last try to start it.
        about: what it is; None if it could not be started.
        chapters: those that ran on it, in the order of the book.
        reason: if it could not be started, why.
    """

    kind: str
    day: str
    about: About | None = None
    chapters: tuple[ChapterRun, ...] = ()
    reason: str = ""

    def counted(self) -> Counter[Verdict]:
        """How many claims of all its chapters got each verdict."""
        return sum((one.counted() for one in self.chapters), Counter[Verdict]())

    def with_chapter(self, run: ChapterRun, about: About) -> Result:
        """The result with one more run, which takes the place of an older one of the same chapter; those of other chapters stay.

        Args:
            run: the run.
            about: what the engine is today.
        """
        every = {one.chapter: one for one in self.chapters} | {run.chapter: run}
        return Result(self.kind, run.day, about, tuple(every[name] for name in sorted(every)))


def not_started(kind: str, day: str, reason: str, before: Result | None) -> Result:
    """The result of an engine that could not be started; what another machine measured on such an engine is worth more, and stays.

    Args:
        kind: its name.
        day: of the try.
        reason: why it could not be started.
        before: what is stored of it.
    """
    return before if before and before.chapters else Result(kind, day, reason=reason)


def place(kind: str) -> Path:
    """The folder of an engine's result: under git, or of this machine only."""
    return _OF_THIS_MACHINE if kind == OWN else RESULTS


def store(result: Result, folder: Path | None = None) -> Path:
    """Write a result and return its file.

    Args:
        result: the result.
        folder: where to write it; None for its place.
    """
    file = (folder or place(result.kind)) / f"{result.kind}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def load(kind: str, folder: Path | None = None) -> Result | None:
    """The stored result of an engine; None if there is none.

    Args:
        kind: its name.
        folder: where to look; None for its place.
    """
    file = (folder or place(kind)) / f"{kind}.json"
    return result(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def every(folder: Path | None = None, own: Path | None = None) -> Sequence[Result]:
    """All stored results in the order of the page, that of this machine last.

    Args:
        folder: where those of the kinds are; None for their place.
        own: where that of this machine is; None for its place.
    """
    found = [*(load(kind, folder) for kind in KINDS), load(OWN, own)]
    return [one for one in found if one]


def result(found: dict[str, Any]) -> Result:
    """A result from what its JSON contains."""
    about = found["about"] and About(**found["about"])
    return Result(**found | {"about": about, "chapters": tuple(map(chapter_run, found["chapters"]))})


def chapter_run(found: dict[str, Any]) -> ChapterRun:
    """The run of a chapter from what its JSON contains."""
    findings = tuple(Finding(**one | {"verdict": Verdict(one["verdict"])}) for one in found["findings"])
    return ChapterRun(**found | {"findings": findings})
