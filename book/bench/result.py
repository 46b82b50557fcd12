"""What a work found: the samples of each way, the bounds that were set beforehand, and the machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ..engine import Base
from .machine import Machine

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measured:
    """What was measured of one way of doing a thing, which was tried several times.

    Attributes:
        samples: what was measured in each run that came to its end, in order, in the unit of the comparison.
        failed: of each run that did not, the kind of its error.
    """

    samples: tuple[float, ...]
    failed: tuple[str, ...] = ()

    @property
    def median(self) -> float | None:
        """The median of the samples; None if every run failed."""
        return median(self.samples) if self.samples else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The least and the most; None if every run failed."""
        return (min(self.samples), max(self.samples)) if self.samples else None

    @property
    def runs(self) -> int:
        """How often it was tried."""
        return len(self.samples) + len(self.failed)


@dataclass(frozen=True)
class Bound:
    """A bound that was set before anything was measured: how much a way may need, as a median.

    Attributes:
        way: the way that must keep it.
        most: times the median of `of`; if `of` is empty, in the unit of the comparison.
        of: the way that it is compared with.
    """

    way: str
    most: float
    of: str = ""


@dataclass(frozen=True)
class Comparison:
    """The same thing done in several ways that took turns. Less is better.

    Attributes:
        title: what was measured, as the head of a table.
        unit: `s` or `B`.
        ways: name → what was measured.
        baseline: the way that ratios refer to.
        recommended: the way that the book recommends; empty if it recommends none.
        bounds: the bounds that were set.
        floor: what no way can go below, measured like a way; not a choice; empty if there is none.
        because: if another way needs less than the recommended one, why the book recommends its own.
    """

    title: str
    unit: str
    ways: Mapping[str, Measured]
    baseline: str
    recommended: str = ""
    bounds: tuple[Bound, ...] = ()
    floor: str = ""
    because: str = ""

    def __post_init__(self) -> None:
        named = {self.baseline, self.recommended, self.floor, *(name for bound in self.bounds for name in (bound.way, bound.of))} - {""}
        if unknown := sorted(named - set(self.ways)):
            raise ValueError(f"{self.title}: no way is called {', '.join(unknown)}. There are: {', '.join(self.ways)}.")

    @property
    def best(self) -> str | None:
        """The choice that needs the least, among those that never failed; None if there is none."""
        whole = {name: way.median for name, way in self.ways.items() if way.median is not None and not way.failed and name != self.floor}
        return min(whole, key=whole.__getitem__, default=None)

    def ratio(self, name: str, of: str = "") -> float | None:
        """What a way needs as a multiple of what another does (the baseline); None if one of them has no sample."""
        needs, base = self.ways[name].median, self.ways[of or self.baseline].median
        return needs / base if needs is not None and base else None

    def met(self, bound: Bound) -> bool | None:
        """Whether a bound was kept, a ratio to the two digits that are shown of it; None if a way that it names has no sample."""
        found = self.ratio(bound.way, bound.of) if bound.of else self.ways[bound.way].median
        if found is None:
            return None
        return (round(found, 2) if bound.of else found) <= bound.most


@dataclass(frozen=True)
class Fact:
    """Something that a work found beside its samples: a sentence, and whether it held."""

    sentence: str
    held: bool


@dataclass(frozen=True)
class Result:
    """What a work found.

    Attributes:
        work: its name, which is that of its module and of its file.
        title: what it is about.
        comparisons: a table each.
        machine: where and when it was measured.
        facts: what else was found.
        note: what a reader has to know of these figures, for example that a part was measured only once.
    """

    work: str
    title: str
    comparisons: tuple[Comparison, ...]
    machine: Machine
    facts: tuple[Fact, ...] = ()
    note: str = ""


def store(result: Result, folder: Path = RESULTS) -> Path:
    """Write a result, raw samples and all, and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.work}.json"
    file.write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def load(work: str, folder: Path = RESULTS) -> Result | None:
    """The stored result of a work; None if it was never measured."""
    file = folder / f"{work}.json"
    return _result(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _result(found: dict[str, Any]) -> Result:
    bases = tuple(Base(**base) for base in found["machine"]["bases"])
    return Result(
        work=found["work"],
        title=found["title"],
        comparisons=tuple(map(_comparison, found["comparisons"])),
        machine=Machine(**found["machine"] | {"bases": bases}),
        facts=tuple(Fact(**fact) for fact in found["facts"]),
        note=found["note"],
    )


def _comparison(found: dict[str, Any]) -> Comparison:
    ways = {name: Measured(tuple(way["samples"]), tuple(way["failed"])) for name, way in found["ways"].items()}
    return Comparison(**found | {"ways": ways, "bounds": tuple(Bound(**bound) for bound in found["bounds"])})
