"""How soon a save shows: from the moment a nested file is written to the first answer with what stands in it."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

import yaml
from docker.errors import APIError

from ..recipe import Recipe
from ..stack import Stack, StackError
from ..timeline import seconds_until
from . import machine
from .interleave import Tell, interleave
from .result import Comparison, Fact, Reach, Result

ROUNDS = 10
_PAUSE = (0.5, 1.5)  # seconds before a save; a way that looks now and then must not profit from a fixed rhythm
_OURS, _OTHER = "watchfiles", "watchmedo"
_OURS_POLLS, _OTHER_POLLS = "watchfiles, polling", "watchmedo, polling"
_OURS_POLLS_OFTEN = "watchfiles, polling every 50 ms"
_STEP = "watchfiles from Python, step=10"
_BECAUSE = (
    "Flask's reloader reloads Flask only, and with a newer watchdog it sees nothing. A shorter step takes a program of your own in place "
    "of one line. The recommended one runs any command."
)
_WATCH = """from watchfiles import PythonFilter, run_process

run_process("/app", target="python echo.py", watch_filter=PythonFilter(), step=10)"""
# Name → the service, with `docker compose watch` beside it or not.
_EVENTS = {
    _OTHER: ("watchmedo", False),
    _OURS: ("watchfiles", False),
    _STEP: ("watchfiles-step", False),
    "Flask, watchdog 6": ("flask-watchdog-6", False),
    "Flask, by itself": ("flask-stat", False),
    "compose watch, sync": ("sync", True),
    "compose watch, sync+restart": ("sync-restart", True),
    "compose watch, rebuild": ("rebuild", True),
}
_POLLING = {
    _OTHER_POLLS: ("watchmedo-polling", False),
    _OURS_POLLS: ("watchfiles-polling", False),
    _OURS_POLLS_OFTEN: ("watchfiles-polling-often", False),
    "Flask, by itself": ("flask-stat", False),
}


def measure(rounds: int, tell: Tell) -> Result:
    """Save the same nested file for each way, and ask until its answer shows it.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("07-reload-any-code").copy()
    where = machine.here(recipe.bases())
    _write(recipe)
    titles = {
        "From the save of a nested file to the first answer that shows it": (_EVENTS, (Reach(_OURS, 0.35, of=_OTHER),), _OURS),
        "The same, where the mount reports no change": (
            _POLLING,
            (Reach(_OURS_POLLS_OFTEN, 0.35, of=_OTHER_POLLS),),
            _OURS_POLLS_OFTEN,
        ),
    }
    comparisons = []
    for number, (title, (ways, reaches, recommended)) in enumerate(titles.items()):
        found = _race(recipe, ways, rounds, lambda done, total, what, number=number: tell(done + number * total, 2 * total, what))
        comparisons.append(Comparison(title, "s", found, next(iter(ways)), recommended, reaches, because=_BECAUSE))
    recipe.down()
    every = all(not way.failed for comparison in comparisons for way in comparison.ways.values())
    return Result(
        "reload",
        "Reloading after a save",
        tuple(comparisons),
        where,
        (Fact("Every way showed each save, and the file lies in a folder below the one that is watched.", every),),
    )


def _race(recipe: Recipe, ways: dict[str, tuple[str, bool]], rounds: int, tell: Tell) -> dict:
    """Each service as a project of its own, with a copy of the recipe of its own, so that a save concerns one of them only."""
    count = iter(range(rounds * len(ways)))
    with ExitStack() as up:
        copies = {name: recipe.copy() for name in ways}
        stacks = {name: up.enter_context(copies[name].up(f"{service}.compose.yaml")) for name, (service, _) in ways.items()}
        for name, (service, watched) in ways.items():
            stacks[name].ask(service)
            if watched:
                up.enter_context(stacks[name].watch())

        def once(name: str) -> float:
            time.sleep(random.uniform(*_PAUSE))
            word = f"save {next(count)}"
            (copies[name].path / "app/nested/deep.py").write_text(f"WORD = '{word}'\n")
            return seconds_until(lambda: _says(stacks[name], ways[name][0], word))

        return interleave({name: lambda name=name: once(name) for name in ways}, rounds, tell)


def _says(stack: Stack, service: str, word: str) -> bool:
    """Whether it answers with the word; a container that is replaced at this moment gives no answer, which is a no."""
    try:
        return stack.says(service, word)
    except (StackError, APIError):
        return False


def _write(recipe: Recipe) -> None:
    """A file for each service, the chapter's and more: `docker compose watch` looks after all services of a file."""
    services = yaml.safe_load(recipe.read("methods.compose.yaml"))["services"]
    polling = services["watchmedo"]["command"].replace("auto-restart", "auto-restart --debug-force-polling")
    services["watchmedo-polling"] = services["watchmedo"] | {"command": polling}
    often = services["watchfiles-polling"]["environment"] | {"WATCHFILES_POLL_DELAY_MS": "50"}
    services["watchfiles-polling-often"] = services["watchfiles-polling"] | {"environment": often}
    services["watchfiles-step"] = services["watchfiles"] | {"command": ["python", "-c", _WATCH]}
    services["rebuild"] = services["sync-restart"] | {"develop": {"watch": [{"action": "rebuild", "path": "./app"}]}}
    for name, service in services.items():
        (recipe.path / f"{name}.compose.yaml").write_text(yaml.safe_dump({"services": {name: service}}, sort_keys=False))
