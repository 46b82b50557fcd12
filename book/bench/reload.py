"""How soon a save shows: from writing a nested file to the first response with its new content."""

from __future__ import annotations

import random
import time
import urllib.request
from contextlib import ExitStack, suppress
from functools import partial
from http.client import HTTPException

import yaml
from docker.errors import APIError

from ..measure.limits import NotInTime
from ..measure.service import StackError
from ..measure.stack import Stack
from ..recipe import Recipe
from . import machine
from .interleave import Tell, interleave, part
from .result import Bound, Comparison, Fact, Measured, Result

ROUNDS = 10
_PAUSE = (0.5, 1.5)  # seconds before a save; so that a way that polls has no advantage from a fixed rhythm
_LIMIT = 30.0  # seconds
_EVERY = 0.02  # seconds between two requests
_OURS, _OTHER = "reload.py", "watchmedo"
_OURS_POLLS, _OTHER_POLLS = "reload.py, polling every 50 ms", "watchmedo, polling"
_BECAUSE = "Flask's reloader reloads Flask only, and with a newer watchdog it sees nothing. The recommended one runs any Python program."
# Name → the service, with `docker compose watch` beside it or not.
_EVENTS = {
    _OTHER: ("watchmedo", False),
    _OURS: ("reload-py", False),
    "reload.py, nothing preloaded": ("reload-py-bare", False),
    "watchfiles' own command": ("watchfiles", False),
    "Flask, watchdog 6": ("flask-watchdog-6", False),
    "Flask, by itself": ("flask-stat", False),
    "compose watch, sync": ("sync", True),
    "compose watch, sync+restart": ("sync-restart", True),
    "compose watch, rebuild": ("rebuild", True),
}
_POLLING = {
    _OTHER_POLLS: ("watchmedo-polling", False),
    _OURS_POLLS: ("reload-py-polling-often", False),
    "reload.py, polling": ("reload-py-polling", False),
    "watchfiles' own command, polling": ("watchfiles-polling", False),
    "Flask, by itself": ("flask-stat", False),
}


def measure(rounds: int, tell: Tell) -> Result:
    """Save the same nested file for each way, and send requests until a response shows it.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("07-reload-any-code").copy()
    where = machine.here(recipe.bases())
    _write(recipe)
    titles = {
        "From the save of a nested file to the first answer that shows it": (_EVENTS, (Bound(_OURS, 0.35, of=_OTHER),), _OURS),
        "The same, if the mount reports no change": (
            _POLLING,
            (Bound(_OURS_POLLS, 0.35, of=_OTHER_POLLS),),
            _OURS_POLLS,
        ),
    }
    comparisons = []
    for number, (title, (ways, bounds, recommended)) in enumerate(titles.items()):
        found = _race(recipe, ways, rounds, part(tell, number, len(titles)))
        comparisons.append(Comparison(title, "s", found, next(iter(ways)), recommended, bounds, because=_BECAUSE))
    recipe.down()
    every = all(not way.failed for comparison in comparisons for way in comparison.ways.values())
    return Result(
        "reload",
        "Reloading after a save",
        tuple(comparisons),
        where,
        (Fact("Every way showed each save, and the file is in a folder below the one that is watched.", every),),
    )


def _race(recipe: Recipe, ways: dict[str, tuple[str, bool]], rounds: int, tell: Tell) -> dict[str, Measured]:
    """Each service as a project of its own, with a copy of the recipe of its own, so that a save affects only one of them."""
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
            word, where = f"save {next(count)}", stacks[name].url(ways[name][0])
            (copies[name].path / "app/nested/deep.py").write_text(f"WORD = '{word}'\n")
            return _until_it_shows(stacks[name], ways[name][0], where, word)

        return interleave({name: partial(once, name) for name in ways}, rounds, tell)


def _until_it_shows(stack: Stack, service: str, where: str, word: str) -> float:
    """Send requests until a response contains the word. `Stack.says` also asks the engine, which slows the starting program down."""
    began = time.monotonic()
    while time.monotonic() - began < _LIMIT:
        try:
            with urllib.request.urlopen(where, timeout=_LIMIT) as reply:
                if word in reply.read().decode():
                    return time.monotonic() - began
        except (OSError, HTTPException) as problem:
            if _refused(problem):  # the next container has another port
                with suppress(StackError, APIError):
                    where = stack.url(service)
        time.sleep(_EVERY)
    raise NotInTime(f"{service} did not show the save within {_LIMIT:g} seconds.")


def _refused(problem: Exception) -> bool:
    return isinstance(getattr(problem, "reason", problem), ConnectionRefusedError)


def _write(recipe: Recipe) -> None:
    """A file for each service, the chapter's and more: `docker compose watch` watches all services of a file."""
    services = yaml.safe_load(recipe.read("methods.compose.yaml"))["services"]
    polling = services["watchmedo"]["command"].replace("auto-restart", "auto-restart --debug-force-polling")
    services["watchmedo-polling"] = services["watchmedo"] | {"command": polling}
    bare = services["reload-py"]["command"].partition(" --preload")[0]
    services["reload-py-bare"] = services["reload-py"] | {"command": bare}
    polled = services["reload-py-polling"]["environment"]
    services["watchfiles-polling"] = services["watchfiles"] | {"environment": polled}
    often = polled | {"WATCHFILES_POLL_DELAY_MS": "50"}
    services["reload-py-polling-often"] = services["reload-py-polling"] | {"environment": often}
    services["rebuild"] = services["sync-restart"] | {"develop": {"watch": [{"action": "rebuild", "path": "./app"}]}}
    for name, service in services.items():
        (recipe.path / f"{name}.compose.yaml").write_text(yaml.safe_dump({"services": {name: service}}, sort_keys=False))
