"""`engines`: run the chapters on several engines, and store which claims hold where."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date

from .. import engine
from ..chapters.chapter import Chapter, chapters
from ..engine.words import OF_THE_ENGINE
from ..engines import measuring, names, recorded, result
from ..engines.findings import first_line
from ..engines.measuring import Target
from ..engines.result import About, ChapterRun, Result, Verdict
from ..offline import daemon
from ..offline.kinds import Kind, possible, started
from ..places import ROOT
from ..progress import step
from ..report.secrets import hide
from ..trouble import Trouble
from .needs import CannotGoOn, everything_for, remove_leftovers
from .run import in_trouble

_NAME, _NUMBER = 12, 15  # widths of the table's columns
_WORDS = {Verdict.HOLDS: "hold", Verdict.FAILS: "do not hold", Verdict.NOT_RUN: "not run"}


def run(options: argparse.Namespace) -> int:
    """Run chapters on each engine, store what became of each claim, and print how many hold where; 1 if no chapter could be run.

    A claim that does not hold is a result here, and no failure.

    Args:
        options: `kinds`, the names of engines, all but the one in use if empty; `chapters`, the starts of the names of the chapters to
            run. The results of other chapters stay.
    """
    todo = chapters(options.chapters)
    everything_for(todo)
    kinds = options.kinds or names.KINDS
    ran = sum(_of_the_record(kind, todo) or _compare(kind, todo) for kind in kinds)
    print(table(found for kind in kinds if (found := result.load(kind))))
    return 0 if ran else 1


def table(found: Iterable[Result]) -> str:
    """How many claims got each verdict on each engine, a line each, with what the engine is or why it was not started."""
    lines = ["engine".ljust(_NAME) + "".join(f"{verdict:>{_NUMBER}}" for verdict in Verdict)]
    for one in found:
        counted = one.counted()
        numbers = "".join(f"{counted[verdict] if one.about else '–':>{_NUMBER}}" for verdict in Verdict)
        lines.append(f"{one.kind:{_NAME}}{numbers}  {one.about.engine if one.about else one.reason}")
    return "\n".join(lines)


def _compare(kind: str, todo: Sequence[Chapter]) -> int:
    """Run chapters on one engine, and return how many ran. What stops one engine does not stop the others, which take an hour."""
    try:
        with _answering(kind, todo) as target:
            return _run_on(kind, target, todo)
    except (Trouble, *OF_THE_ENGINE) as problem:
        reason = first_line(hide(str(in_trouble(problem))))
        print(f"✗ {kind}: {reason}", file=sys.stderr, flush=True)
        result.store(result.not_started(kind, date.today().isoformat(), reason, result.load(kind)))
        return 0


def _of_the_record(kind: str, todo: Sequence[Chapter]) -> int:
    """If the committed outputs were all made on the engine in use and it is of this kind, take them, and run nothing."""
    if kind != Kind.CONTAINERD or not daemon.in_use():
        return 0
    about = measuring.about(Target(engine.variables()))
    found = recorded.runs(todo, about)
    if len(found) < len(todo):
        return 0
    for one in found:
        _store(kind, one.rewritten(hide), about)
    print(f"  {kind}: {about.engine}, from the committed outputs", flush=True)
    return len(found)


@contextmanager
def _answering(kind: str, todo: Sequence[Chapter]) -> Iterator[Target]:
    """The engine in use, or one that is started here and ends with the block; it has the base images of the chapters."""
    if kind == names.OWN:
        try:
            yield Target(engine.variables())
        finally:  # also after Ctrl-C
            remove_leftovers()
        return
    chosen = Kind(kind)
    if reason := possible(chosen):
        raise CannotGoOn(reason)
    with ExitStack() as until_the_end:
        with step(f"Engine: {kind}") as bar:
            images = sorted({name for chapter in todo for name in chapter.recipe.bases()})
            other = until_the_end.enter_context(started(chosen, bar, images))
        yield Target({"DOCKER_HOST": other.host}, other.inside)


def _run_on(kind: str, target: Target, todo: Sequence[Chapter]) -> int:
    about = measuring.about(target)
    print(f"  {kind}: {about.engine}, {about.builder}, images in {about.image_store}", flush=True)
    ran = 0
    for chapter in todo:
        try:
            with step(f"{kind} {chapter.name}") as bar:
                found = measuring.measure(target, chapter, about.engine, bar).rewritten(hide)
                bar.note(_counts(found))
        except measuring.NoAnswer as problem:
            print(f"✗ {kind} {chapter.name}: {hide(str(problem))}", file=sys.stderr, flush=True)
            continue
        _store(kind, found, about)  # after each chapter, so that Ctrl-C loses only one
        ran += 1
    if ran:
        print(f"  wrote {(result.place(kind) / f'{kind}.json').relative_to(ROOT)}", flush=True)
    return ran


def _store(kind: str, found: ChapterRun, about: About) -> None:
    stored = _of_the_book(result.load(kind)) or Result(kind, found.day)
    result.store(stored.with_chapter(found, about))


def _of_the_book(found: Result | None) -> Result | None:
    """A result without chapters that the book no longer has."""
    known = {chapter.name for chapter in chapters()}
    return found and replace(found, chapters=tuple(one for one in found.chapters if one.chapter in known))


def _counts(found: ChapterRun) -> str:
    counted = found.counted()
    return ", ".join(f"{counted[verdict]} {words}" for verdict, words in _WORDS.items() if counted[verdict] or verdict is Verdict.HOLDS)
