"""The stages of `make test`: each runs whatever became of those before it, and a table shows how they ended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from ..engine.words import OF_THE_ENGINE
from ..places import ROOT
from ..report.secrets import hide
from ..trouble import Trouble
from .run import in_trouble

_PLACE = ROOT / "_build/pytest"
_NAME, _NUMBER = 24, 10  # widths of the table's columns
_WHY = 200  # characters of a reason in the table
_FAILED = ("failure", "error")


@dataclass(frozen=True)
class Counts:
    """How the checks of a stage ended.

    Attributes:
        passed: how many passed.
        failed: how many failed, both times if they were run again.
        skipped: how many were skipped.
        again: the names of those, among the passed, that passed only when they were run again.
        not_run: why they were skipped, if none was run; empty else.
        why: why the stage ended with an error, in one line; empty if it did not.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    again: tuple[str, ...] = ()
    not_run: str = ""
    why: str = ""

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        numbers = (self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)
        return Counts(*numbers, self.again + other.again, self.not_run or other.not_run, self.why or other.why)


@dataclass(frozen=True)
class Stage:
    """A stage that has ended.

    Attributes:
        name: what it checks.
        passed: how many checks passed.
        failed: how many failed. A stage that could not run has one.
        skipped: how many were skipped.
        again: the names of checks that passed only when they were run again.
        seconds: how long it took.
        not_run: why it did not run; empty if it did.
        why: why it ended with an error, in one line; empty if it did not.
    """

    name: str
    passed: int
    failed: int
    skipped: int
    again: tuple[str, ...]
    seconds: float
    not_run: str = ""
    why: str = ""


@dataclass
class Stages:
    """Runs stages one after the other, and keeps how they ended."""

    ended: list[Stage] = field(default_factory=list)

    def run(self, name: str, work: Callable[[], Counts], needs: Sequence[str] = ()) -> None:
        """Run a stage. One that raises an error has failed, and the next one still runs.

        Args:
            name: what it checks.
            work: does it, and returns the counts.
            needs: names of earlier stages without which this one cannot run.
        """
        missing = [stage.name for stage in self.ended if stage.name in needs and stage.failed]
        if missing:
            self.ended.append(Stage(name, 0, 1, 0, (), 0.0, f"not run, because this failed: {', '.join(missing)}"))
            return
        print(f"  {name} …", flush=True)
        began = time.monotonic()
        counts = _counted(name, work)
        seconds = time.monotonic() - began
        of_checks = (counts.passed, counts.failed, counts.skipped, counts.again)
        self.ended.append(Stage(name, *of_checks, seconds, counts.not_run, counts.why))

    @property
    def exit_code(self) -> int:
        """1 if anything failed, else 0."""
        return 1 if any(stage.failed for stage in self.ended) else 0

    def table(self) -> str:
        """The stages, then the tests that had to be run again, then the verdict on the last line."""
        heads = ("passed", "failed", "skipped", "run again", "seconds")
        lines = ["  " + "stage".ljust(_NAME) + "".join(f"{head:>{_NUMBER}}" for head in heads)]
        for stage in self.ended:
            numbers = (stage.passed, stage.failed, stage.skipped, len(stage.again), f"{stage.seconds:.1f}")
            row = f"{'✗' if stage.failed else '✓'} {stage.name:{_NAME}}" + "".join(f"{number:>{_NUMBER}}" for number in numbers)
            lines.append(f"{row}  {stage.not_run or stage.why}".rstrip())
        lines += [f"Passed only when it was run again: {name}" for stage in self.ended for name in stage.again]
        passed, failed, skipped = (sum(getattr(stage, kind) for stage in self.ended) for kind in ("passed", "failed", "skipped"))
        return "\n".join([*lines, f"Verdict: {passed} passed, {failed} failed, {skipped} skipped"])


def command(*arguments: str) -> Counts:
    """Run a program in this clone: one check, which passes with exit code 0. What it prints is shown if it fails."""
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        print(hide(f"{done.stdout[-3000:]}{done.stderr[-1000:]}"), flush=True)
    return Counts(passed=int(not done.returncode), failed=int(bool(done.returncode)))


@dataclass(frozen=True)
class Outcome:
    """What a run of pytest reported.

    Attributes:
        passed: the names of tests, as module::test.
        failed: those of tests of which any part failed.
        skipped: those of tests that were skipped.
        broken: the exit code of pytest if it is no success and no test explains it, else 0.
    """

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    broken: int = 0


Again = Callable[[Outcome], Sequence[str]]  # from what the first run reported, the arguments of the second


def pytest(
    name: str,
    *arguments: str,
    processes: int = 0,
    distribution: str = "load",
    again: Again | None = None,
    inside: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Counts:
    """Run pytest. Tests that fail are run again, alone: on a slow machine, a failure need not mean a fault.

    Args:
        name: of the stage; it has a cache and a report of its own.
        arguments: what to run.
        processes: how many run tests at the same time; 0 runs them one by one.
        distribution: how xdist spreads the tests over the processes.
        again: selects what the second run takes; by default `arguments`, of which pytest takes those that failed.
        inside: the start of a command that runs in another network.
        environment: variables to set for the tests.
    """
    place = _PLACE / name.lower().replace(" ", "-")
    shutil.rmtree(place, ignore_errors=True)  # else it would have failures of an earlier day
    place.mkdir(parents=True)
    spread = [f"--numprocesses={processes}", f"--dist={distribution}"] if processes else []
    run = partial(_run_pytest, place, inside=inside, environment=environment or {})
    first = run("first.xml", [*arguments, *spread])
    if not first.failed:
        return _in_all(first, Outcome(broken=first.broken))
    print(f"  {name}: what failed runs again …", flush=True)
    of_last = ["--last-failed", "--last-failed-no-failures=none"]
    return _in_all(first, run("second.xml", again(first) if again else [*arguments, *of_last]))


def pytest_in_two(name: str, *arguments: str, inside: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Counts:
    """Run pytest in two processes, each module in one of them; before that, alone, the tests with the marker `alone`.

    Args:
        name: as for `pytest`.
        arguments: as for `pytest`.
        inside: as for `pytest`.
        environment: as for `pytest`.
    """
    run = partial(pytest, inside=inside, environment=environment)
    alone = run(f"{name} alone", *arguments, "-m", "alone")
    return alone + run(name, *arguments, "-m", "not alone", processes=2, distribution="loadscope")


def _run_pytest(place: Path, report: str, arguments: Sequence[str], inside: Sequence[str], environment: Mapping[str, str]) -> Outcome:
    options = ["-q", f"--junitxml={place / report}", "-o", f"cache_dir={place / 'cache'}"]
    command = [*inside, sys.executable, "-m", "pytest", *options, *arguments]
    code = subprocess.call(command, cwd=ROOT, env={**os.environ, **environment})
    found = read_report(place / report)
    if not code or found.failed:
        return found
    print(f"✗ pytest ended with exit code {code}, and reports no test that failed.", file=sys.stderr, flush=True)
    return replace(found, broken=code)


def read_report(file: Path) -> Outcome:
    """Read a JUnit report of pytest; without one that can be read, no test has a result."""
    try:
        cases = list(ElementTree.parse(file).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return Outcome()
    by_kind: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
    for case in cases:
        parts = {part.tag for part in case}
        kind = "failed" if parts.intersection(_FAILED) else "skipped" if "skipped" in parts else "passed"
        by_kind[kind].add(f"{case.get('classname', '')}::{case.get('name', '')}".removeprefix("::"))
    failed = frozenset(by_kind["failed"])
    return Outcome(frozenset(by_kind["passed"]) - failed, failed, frozenset(by_kind["skipped"]) - failed)


def _in_all(first: Outcome, second: Outcome) -> Counts:
    """Both runs as one: what failed in the first counts as passed if it passed in the second."""
    again = (first.failed & second.passed) - second.failed
    failed = (first.failed - again) | second.failed
    broken = int(bool(second.broken and not failed))
    return Counts(len((first.passed | again) - failed), len(failed) + broken, len(first.skipped), tuple(sorted(again)))


def _counted(name: str, work: Callable[[], Counts]) -> Counts:
    try:
        return work()
    except (Trouble, subprocess.TimeoutExpired, *OF_THE_ENGINE) as problem:
        message = why = hide(str(in_trouble(problem)))
    except Exception as fault:  # a fault of the book itself: the other stages still run
        message, why = hide(traceback.format_exc()), hide(f"{type(fault).__name__}: {fault}")
    print(f"✗ {name}: {message}", file=sys.stderr, flush=True)
    return Counts(failed=1, why=" ".join(why.split())[:_WHY])  # the table shows it, too: it may be all that is seen


def failed_files(first: Outcome, files: Collection[Path]) -> list[Path]:
    """Those of the files, given below this clone, in which a test failed."""
    modules = {name.partition("::")[0] for name in first.failed}
    return [file for file in files if ".".join(file.relative_to(ROOT).parts).removesuffix(".py") in modules]
