"""How long it takes to stop a service: in the 2021 recipe, and in the ways in which the signal to stop reaches the application."""

from __future__ import annotations

import json
from functools import partial

from ..recipe import Recipe
from . import machine
from .interleave import Tell, interleave
from .result import Bound, Comparison, Fact, Result

ROUNDS = 10
_SERVICE = "echo-service"
_NOTED, _EXEC_FORM, _HANDLER, _INIT = "the 2021 recipe", "exec form", "a handler in the app", "init: true"
_HANDLES = (
    "import runpy, signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); runpy.run_path('/app/echo.py', run_name='__main__')"
)


def measure(rounds: int, tell: Tell) -> Result:
    """Bring the same service up in each way, stop it as `docker compose stop` does, and check how it ended.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("02-edit-while-it-runs").copy()
    where = machine.here(recipe.bases())
    noted = "command:\n      # Run the application\n      python /app/echo.py"
    for file, command in (("exec-form.compose.yaml", ["python", "/app/echo.py"]), ("handler.compose.yaml", ["python", "-c", _HANDLES])):
        text = recipe.read("as-noted.compose.yaml")
        assert noted in text, f"as-noted.compose.yaml of {recipe.name} has another command"
        (recipe.path / file).write_text(text.replace(noted, f"command: {json.dumps(command)}"))
    files = {
        _NOTED: "as-noted.compose.yaml",
        _EXEC_FORM: "exec-form.compose.yaml",
        _HANDLER: "handler.compose.yaml",
        "stop_signal: SIGINT": "exercise.compose.yaml",
        _INIT: "init.compose.yaml",
    }
    ended: dict[str, set[int]] = {name: set() for name in files}

    def once(name: str) -> float:
        with recipe.up(files[name]) as stack:
            stack.ask(_SERVICE)
            stopped = stack.stop(_SERVICE)
        ended[name].add(stopped.exit_code)
        return stopped.seconds

    ways = interleave({name: partial(once, name) for name in files}, rounds, tell)
    recipe.down()
    comparison = Comparison(
        "From `docker compose stop` to the end of the service",
        "s",
        ways,
        baseline=_NOTED,
        recommended=_INIT,
        bounds=(Bound(_INIT, 0.1, of=_NOTED),),
        because="They differ by less than one run does from the next; this one needs no change to the application.",
    )
    facts = (
        Fact("The 2021 recipe is killed each time.", ended[_NOTED] == {137}),
        Fact("The exec form alone changes nothing: the application is process 1 either way.", ended[_EXEC_FORM] == {137}),
        Fact("With `init: true` the signal reaches the application each time.", ended[_INIT] == {143}),
        Fact("With a handler of its own, the application ends by itself each time.", ended[_HANDLER] == {0}),
    )
    return Result("stop", "Stopping a service", (comparison,), where, facts)
