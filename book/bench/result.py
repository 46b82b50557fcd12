"""What a work found: the samples of each way, what they make of the reach that was set, and on which machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from ..engine import Base
from .machine import Machine

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Way:
    """One way of doing a thing, measured several times.

    Attributes:
        samples: what was measured in each run that came to its end, in order, in the unit of the comparison.
        failed: of each run that did not, the kind of its error.
    """

    samples: tuple[float, ...]
    failed: tuple[str, ...] = ()

    @property
    def median(self) -> float | None:
        """The median of the samples; None where every run failed."""
        return median(self.samples) if self.samples else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The least and the most; None where every run failed."""
        return (min(self.samples), max(self.samples)) if self.samples else None

    @property
    def runs(self) -> int:
        """How often it was tried."""
        return len(self.samples) + len(self.failed)


@dataclass(frozen=True)
class Reach:
    """A bound that was set before anything was measured: how much a way may need, as a median.

    Attributes:
        way: the way that is held to it.
        most: times the median of `of`; where `of` is empty, in the unit of the comparison.
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
        recommended: the way that the book recommends; empty where it recommends none.
        reaches: the bounds that were set.
        floor: a way that is no choice but a bound that none can go below; empty where there is none.
        because: where another way needs less than the recommended one, why the book stays with its own.
    """

    title: str
    unit: str
    ways: Mapping[str, Way]
    baseline: str
    recommended: str = ""
    reaches: tuple[Reach, ...] = ()
    floor: str = ""
    because: str = ""

    def __post_init__(self) -> None:
        named = {self.baseline, self.recommended, self.floor, *(name for reach in self.reaches for name in (reach.way, reach.of))} - {""}
        if unknown := sorted(named - set(self.ways)):
            raise ValueError(f"{self.title}: no way is called {', '.join(unknown)}. There are: {', '.join(self.ways)}.")

    @property
    def best(self) -> str | None:
        """The choice that needs the least, among those that never failed; None where there is none."""
        whole = [name for name, way in self.ways.items() if way.samples and not way.failed and name != self.floor]
        return min(whole, key=lambda name: self.ways[name].median, default=None)

    def ratio(self, name: str, of: str = "") -> float | None:
        """What a way needs as a multiple of what another does (the baseline); None where one of them has no sample."""
        needs, base = self.ways[name].median, self.ways[of or self.baseline].median
        return needs / base if needs is not None and base else None

    def met(self, reach: Reach) -> bool | None:
        """Whether a bound was kept, a ratio to the two digits that are shown of it; None where a way that it names has no sample."""
        found = self.ratio(reach.way, reach.of) if reach.of else self.ways[reach.way].median
        if found is None:
            return None
        return (round(found, 2) if reach.of else found) <= reach.most


@dataclass(frozen=True)
class Fact:
    """Something that a work saw beside its samples: a sentence, and whether it held."""

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
        facts: what else was seen.
        note: what a reader has to know of these figures, as that a part was measured only once.
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
    """The stored result of a work; None where it was never measured."""
    file = folder / f"{work}.json"
    return _result(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _result(found: dict) -> Result:
    bases = tuple(Base(**base) for base in found["machine"]["bases"])
    return Result(
        work=found["work"],
        title=found["title"],
        comparisons=tuple(map(_comparison, found["comparisons"])),
        machine=Machine(**found["machine"] | {"bases": bases}),
        facts=tuple(Fact(**fact) for fact in found["facts"]),
        note=found["note"],
    )


def _comparison(found: dict) -> Comparison:
    ways = {name: Way(tuple(way["samples"]), tuple(way["failed"])) for name, way in found["ways"].items()}
    return Comparison(**found | {"ways": ways, "reaches": tuple(Reach(**reach) for reach in found["reaches"])})
