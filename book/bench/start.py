"""How long an application waits for its database: from nothing to the first answered query, for each way of waiting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

from ..measure.limits import NotInTime
from ..measure.timeline import EventName
from ..recipe import Recipe
from . import machine
from .interleave import Tell, interleave, part
from .result import Bound, Comparison, Fact, Result

ROUNDS = 10
_TRIES = 100  # of the recommended way, with each script, in addition to the rounds
_AT_ONCE = 4
_LIMIT = 60.0  # seconds
_APP, _DATABASE = "echo-service", "database-service"
_QUERY = f"http://{_APP}:5000/"
_SLOW = "three-seconds"
_ALONE, _RETRY = "the database alone", "retry in the app"
_TRAP = "service_healthy, start_period"  # also every 1 s, but with it the engine checks every 5 s at the start if nothing else is set
_SCRIPTS = {"with a quick first script": "init", "with a first script of three seconds": _SLOW}
_BECAUSE = (
    "An application that retries also survives a restart of its database, which no wait before its start does; and the health "
    "checks tell you, and `up --wait`, when everything is ready."
)
_WAIT = """import os, socket, sys, time

address, *command = sys.argv[1:]
host, port = address.split(":")
give_up = time.monotonic() + 60
while True:
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        break
    except OSError:
        if time.monotonic() > give_up:
            raise
        time.sleep(0.05)
os.execvp(command[0], command)
"""


_Services = dict[str, dict[str, Any]]  # as a Compose file declares them


@dataclass(frozen=True)
class _Plan:
    """A Compose file, the address to send requests to, and whether the time until `up` has returned is the one that counts."""

    file: str
    ask: str = _QUERY
    wait: bool = False


def measure(rounds: int, tell: Tell) -> Result:
    """Bring the stack up from nothing in each way, with a quick and with a slow first script of the database.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("06-wait-until-ready").copy()
    where = machine.here(recipe.bases())
    plans = _plans(recipe)
    ended: dict[str, set[int]] = {name: set() for name in plans}
    comparisons, facts = [], []
    for number, (which, script) in enumerate(_SCRIPTS.items()):
        ways = {name: partial(_once, recipe, plan, script, ended[name]) for name, plan in plans.items()}
        found = interleave(ways, rounds, part(tell, number, 3))
        comparisons.append(
            Comparison(
                f"From the first container to the first answered query, {which}",
                "s",
                found,
                baseline=_ALONE,
                recommended=_RETRY,
                bounds=(Bound(_RETRY, 1.1, of=_ALONE),),
                floor=_ALONE,
                because=_BECAUSE,
            )
        )
    for which, script in _SCRIPTS.items():
        tell(2, 3, f"{_TRIES} tries, {which}")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answered = sum(pool.map(_answers, *zip(*[(recipe, plans[_RETRY], script)] * _TRIES, strict=True)))
        facts.append(Fact(f"{_RETRY}, {which}: {answered} of {_TRIES} were answered, {_AT_ONCE} at a time.", answered == _TRIES))
    recipe.down()
    deaf = sorted(name for name, codes in ended.items() if name != _ALONE and codes != {143})
    heard = "In each of these ways the signal to stop reaches the application."
    facts.append(Fact(heard if not deaf else f"{heard[:-1]}, except {', '.join(deaf)}.", not deaf))
    return Result("start", "Waiting for a database", tuple(comparisons), where, tuple(facts))


def _plans(recipe: Recipe) -> dict[str, _Plan]:
    """The ways; the Compose files that the recipe does not have are written beside its own."""
    script = yaml.safe_load(recipe.read("tcp-check.compose.yaml"))["services"][_DATABASE]["volumes"]
    (recipe.path / _SLOW).mkdir()
    (recipe.path / _SLOW / "greeting.sql").write_text(recipe.read("slow-init/greeting.sql").replace("pg_sleep(15)", "pg_sleep(3)"))
    (recipe.path / "app/wait.py").write_text(_WAIT)

    def variant(source: str, name: str, change: Callable[[_Services], object]) -> _Plan:
        stack = yaml.safe_load(recipe.read(source))
        change(stack["services"])
        (recipe.path / f"{name}.compose.yaml").write_text(yaml.safe_dump(stack, sort_keys=False))
        return _Plan(f"{name}.compose.yaml")

    def checked(**changed: str | int | None) -> Callable[[_Services], object]:
        def change(services: _Services) -> None:
            check = services[_DATABASE]["healthcheck"] | changed
            services[_DATABASE]["healthcheck"] = {key: value for key, value in check.items() if value}

        return change

    def alone(services: _Services) -> None:
        services.pop(_APP)
        services[_DATABASE].pop("healthcheck")

    def unchecked(services: _Services) -> None:
        for service in services.values():
            service.pop("healthcheck")

    def waits(services: _Services) -> None:
        unchecked(services)
        services[_APP]["command"] = ["python", "wait.py", f"{_DATABASE}:5432", "python", "echo.py"]

    return {
        _ALONE: _Plan(variant("tcp-check.compose.yaml", "alone", alone).file, f"postgres://{_DATABASE}:5432"),
        _RETRY: _Plan("compose.yaml"),
        "retry, without health checks": variant("compose.yaml", "unchecked", unchecked),
        "a wait in exec form": variant("compose.yaml", "exec-wait", waits),
        "wait-for-it": variant("wait-for-it.compose.yaml", "waiter", lambda services: services[_DATABASE].update(volumes=script)),
        "service_healthy, every 1 s": variant(
            "tcp-check.compose.yaml", "second", checked(interval="1s", start_period=None, start_interval=None, retries=30)
        ),
        _TRAP: variant("tcp-check.compose.yaml", "period", checked(interval="1s", start_interval=None)),
        "service_healthy, every 0.25 s": _Plan("tcp-check.compose.yaml"),
        "service_healthy, every 0.1 s": variant("tcp-check.compose.yaml", "tenth", checked(start_interval="100ms")),
        "retry, and up --wait": _Plan("compose.yaml", wait=True),
    }


def _once(recipe: Recipe, plan: _Plan, script: str, ended: set[int]) -> float:
    stack, seen = recipe.time_up(plan.file, ask=[plan.ask], wait=plan.wait, limit=_LIMIT, INIT=script)
    with stack:
        seconds = seen.at("up", EventName.RETURNED) if plan.wait else seen.first(EventName.FIRST_ANSWER)
        if seconds is None or seen.first(EventName.FIRST_ANSWER) is None:
            raise NotInTime(f"{plan.file} did not answer within {_LIMIT:g} seconds.")
        if plan.ask == _QUERY:
            ended.add(stack.stop(_APP).exit_code)
    return seconds


def _answers(recipe: Recipe, plan: _Plan, script: str) -> bool:
    (seen,) = recipe.race(1, plan.file, ask=[plan.ask], limit=_LIMIT, INIT=script)
    return seen.first(EventName.FIRST_ANSWER) is not None
