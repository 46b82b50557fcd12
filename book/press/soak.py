"""A soak: the same chapters again and again, several of each at once, and what the engine and this process hold after each round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import psutil

from .. import engine
from .. import run as own
from ..progress import step
from .chapters import Chapter
from .chapters import run as run_chapters

ROUNDS = 20
_KINDS = ("container", "network", "volume", "image")
_MOST_MEMORY = 64 << 20  # bytes that the runner may gain after its first round: Python gives little back
_MOST_HANDLES = 8


def holds() -> set[str]:
    """All that the engine holds, by kind and id."""
    api = engine.connect().api
    volumes = (f"volume {volume['Name']}" for volume in api.volumes()["Volumes"] or [])
    listed = {"container": api.containers(all=True), "image": api.images(all=True), "network": api.networks()}
    return {f"{kind} {thing['Id'][:19]}" for kind, things in listed.items() for thing in things} | set(volumes)


def run(of: Sequence[Chapter], rounds: int, at_once: int, say: Callable[[str], None]) -> bool:
    """Run each of the chapters `at_once` times at the same time, `rounds` times in a row, and write no output into them.

    Args:
        of: the chapters.
        rounds: how often.
        at_once: how many runs of each.
        say: told each line of the table as it comes: what is said is not lost where a long soak is ended.

    Returns:
        Whether every chapter ran to its end, and nothing grew: nothing new on the engine, no file handles, no memory.
    """
    me = psutil.Process()
    before = holds()
    say(
        f"{'round':>7}{'seconds':>9}"
        + "".join(f"{kind + 's':>12}" for kind in _KINDS)
        + f"{'cache':>9}{'dockerd':>9}{'handles':>9}{'memory':>9}  failed"
    )
    handles, memory, failed = [_handles(me)], [me.memory_info().rss], 0
    say(_line("before", 0, before, handles[-1], memory[-1], 0))
    for number in range(1, rounds + 1):
        with step(f"Round {number} of {rounds}") as bar:
            failures = run_chapters([chapter for chapter in of for _ in range(at_once)], at_once, bar, write=False)
        own.reap(engine.connect())
        for failure in failures:
            say(f"✗ {failure.chapter}: {failure.words}")
        failed += len(failures)
        handles.append(_handles(me))
        memory.append(me.memory_info().rss)
        say(_line(str(number), bar.seconds, holds(), handles[-1], memory[-1], len(failures)))
    left = holds() - before
    grown = [
        f"the engine holds more than before: {', '.join(sorted(left))}" if left else "",
        f"{handles[-1] - handles[1]} more file handles than after the first round" if handles[-1] - handles[1] > _MOST_HANDLES else "",
        "more memory than after the first round" if memory[-1] - memory[1] > _MOST_MEMORY else "",
    ]
    for words in filter(None, grown):
        say(f"✗ {words}")
    return not failed and not any(grown)


def _handles(process: psutil.Process) -> int:
    engine.connect().close()  # it keeps the connections that it has, more of them where it was told of errors; the next question opens one
    return process.num_fds() if hasattr(process, "num_fds") else process.num_handles()


def _cache() -> int:
    """Bytes of what the engine's builder keeps."""
    return sum(entry["Size"] for entry in engine.connect().df()["BuildCache"] or [])


def _of_the_engine() -> str:
    """The memory of the engine's own process; a dash where it runs on another machine, as with Docker Desktop."""
    ours = f"--host={engine.address()}"
    sizes = [one.info["memory_info"].rss for one in psutil.process_iter(["cmdline", "memory_info"]) if ours in (one.info["cmdline"] or [])]
    return f"{max(sizes) / 2**20:.0f} MB" if sizes else "-"


def _line(name: str, seconds: float, held: set[str], handles: int, memory: int, failed: int) -> str:
    counted = Counter(thing.partition(" ")[0] for thing in held)
    kinds = "".join(f"{counted[kind]:>12}" for kind in _KINDS)
    engines = f"{_cache() / 2**20:>6.0f} MB{_of_the_engine():>9}"
    return f"{name:>7}{seconds:>9.1f}{kinds}{engines}{handles:>9}{memory / 2**20:>6.0f} MB  {failed}"
