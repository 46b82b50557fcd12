"""A soak test: the same chapters in a row and several times at once, and what the engine and this process hold after each round."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psutil

from ..engine import client as engine
from ..engine import leftovers
from ..progress import Step
from .chapter import Chapter
from .running import Failure
from .running import run as run_chapters

_KINDS = ("container", "network", "volume", "image")
_MOST_MEMORY = 64 << 20  # bytes that the runner may gain after its first round: Python returns little to the system
_MOST_HANDLES = 8
HEAD = (
    f"{'round':>9}{'seconds':>9}"
    + "".join(f"{kind + 's':>12}" for kind in _KINDS)
    + f"{'reaped':>8}{'cache':>9}{'dockerd':>9}{'handles':>9}{'memory':>9}  failed"
)


@dataclass(frozen=True)
class Round:
    """What there was after a round, or before the first one.

    Attributes:
        name: its number, how many at once, or `before`.
        seconds: how long it took.
        held: everything on the engine, by kind and id.
        reaped: how many things the round itself did not remove.
        cache: bytes of the engine's build cache.
        engine: bytes of the engine's own process; None if it runs on another machine, as with Docker Desktop.
        handles: the open files and connections of this process.
        memory: bytes of this process.
        failures: the chapters that did not run to their end.
    """

    name: str
    seconds: float
    held: frozenset[str]
    reaped: int
    cache: int
    engine: int | None
    handles: int
    memory: int
    failures: tuple[Failure, ...] = ()

    def __str__(self) -> str:
        counted = Counter(thing.partition(" ")[0] for thing in self.held)
        kinds = "".join(f"{counted[kind]:>12}" for kind in _KINDS)
        ours = "-" if self.engine is None else f"{self.engine / 2**20:.0f} MB"
        sizes = f"{self.cache / 2**20:>6.0f} MB{ours:>9}{self.handles:>9}{self.memory / 2**20:>6.0f} MB"
        return f"{self.name:>9}{self.seconds:>9.1f}{kinds}{self.reaped:>8}{sizes}  {len(self.failures)}"


def holds() -> set[str]:
    """Everything on the engine, by kind and id."""
    client = engine.connect()
    api = client.api
    volumes = (f"volume {volume['Name']}" for volume in api.volumes()["Volumes"] or [])
    listed = {"container": api.containers(all=True), "image": engine.list_images(client, all=True), "network": api.networks()}
    return {f"{kind} {thing['Id'][:19]}" for kind, things in listed.items() for thing in things} | set(volumes)


def rounds(
    of: Sequence[Chapter], in_a_row: int, at_once: int, workers: int, step: Callable[[str], AbstractContextManager[Step]]
) -> Iterator[Round]:
    """Run the chapters round after round, writing no outputs; what there was before comes first.

    Args:
        of: the chapters.
        in_a_row: how many rounds run each chapter once.
        at_once: how often each chapter is run in one more round, at the same time; 0 for no such round.
        workers: how many chapters run at the same time; in the last round, `at_once` times as many.
        step: opens a step of that name, which is called after each cell.
    """
    yield _found("before", 0.0, 0)
    plan = [(str(number), 1) for number in range(1, in_a_row + 1)]
    for name, times in plan + ([(f"{at_once} at once", at_once)] if at_once else []):
        with step(f"Round {name}") as bar:
            failures = run_chapters([chapter for chapter in of for _ in range(times)], workers * times, bar, write=False)
        reaped = sum(leftovers.reap(engine.connect()).counted().values())
        yield _found(name, bar.seconds, reaped, failures)


def grown(found: Sequence[Round]) -> list[str]:
    """What has grown too much after the last round, a sentence each; empty if nothing has.

    Args:
        found: what `rounds` yielded, including what there was before the first round.
    """
    before, first, last = found[0], found[min(1, len(found) - 1)], found[-1]
    left = sorted(last.held - before.held)
    words = {
        f"The engine holds more than before: {', '.join(left)}.": left,
        f"{last.handles - first.handles} more file handles than after the first round.": last.handles - first.handles > _MOST_HANDLES,
        f"{(last.memory - first.memory) / 2**20:.0f} MB more memory than after the first round.": last.memory - first.memory > _MOST_MEMORY,
    }
    return [sentence for sentence, wrong in words.items() if wrong]


def _found(name: str, seconds: float, reaped: int, failures: Sequence[Failure] = ()) -> Round:
    me = psutil.Process()
    cache = engine.cached_bytes(engine.connect())
    held, of_the_engine = frozenset(holds()), _of_the_engine()
    return Round(name, seconds, held, reaped, cache, of_the_engine, _handles(me), me.memory_info().rss, tuple(failures))


def _handles(process: psutil.Process) -> int:
    engine.connect().close()  # the client keeps its connections, more of them after errors; the next request opens one
    if sys.platform == "win32":
        return process.num_handles()
    return process.num_fds()


def _of_the_engine() -> int | None:
    ours = f"--host={engine.address()}"
    sizes = [one.info["memory_info"].rss for one in psutil.process_iter(["cmdline", "memory_info"]) if ours in (one.info["cmdline"] or [])]
    return max(sizes, default=None)
