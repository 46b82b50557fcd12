"""What the book's package costs: the same build, up, probe and down through it, and through the bare command line."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from pathlib import Path

from ..engine.plugins import tool_environment
from ..measure import knock
from ..measure.probe import ask
from ..places import HOME
from ..recipe import Recipe
from . import machine
from .interleave import Tell, interleave
from .result import Bound, Comparison, Result

ROUNDS = 10
_SECONDS = 300
_APP, _PATH, _TARGET = "echo-service", "/hello", "database-service:5432"
_PROBE = "python:3.13-alpine"
_BARE, _OURS = "bare command line", "this book's package"
_PORTS = f'services:\n  {_APP}:\n    ports: !override ["127.0.0.1::5000"]\n'  # a free port, as in the package


def measure(rounds: int, tell: Tell) -> Result:
    """Build the recipe of chapter 4, bring it up, send a request, connect to its database from inside, and take all of it down again.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("04-service-names").copy()
    where = machine.here(recipe.bases("Dockerfile"))
    (recipe.path / "ports.yaml").write_text(_PORTS)
    count = itertools.count(1)
    ways = interleave(
        {_BARE: lambda: _bare(recipe.path, f"helper-bench-{next(count)}"), _OURS: lambda: _through_the_package(recipe)}, rounds, tell
    )
    recipe.down()
    title = "Build, up, request, connect from inside, down"
    comparison = Comparison(title, "s", ways, _BARE, bounds=(Bound(_OURS, 1.1, of=_BARE),))
    return Result("helper", "The package and the bare command line", (comparison,), where)


def _through_the_package(recipe: Recipe) -> float:
    started = time.monotonic()
    with recipe.up() as stack:
        answered = stack.ask(_APP, _PATH).status
        (reached,) = stack.reach(_TARGET, sources=[_APP])
    _expect(answered == 200 and reached.ok)
    return time.monotonic() - started


def _bare(folder: Path, project: str) -> float:
    compose = ["compose", "--project-name", project, "--file", "compose.yaml", "--file", "ports.yaml"]
    probe = ["python", "-c", Path(knock.__file__).read_text(), "3", _TARGET]
    started = time.monotonic()
    try:
        _docker(folder, *compose, "up", "--build", "--detach", "--wait")
        answered = ask(int(_docker(folder, *compose, "port", _APP, "5000").rpartition(":")[2]), _PATH).status
        container = _docker(folder, *compose, "ps", "--quiet", _APP)
        output = _docker(folder, "run", "--rm", "--init", f"--network=container:{container}", _PROBE, *probe)
        _expect(answered == 200 and '"ok": true' in output)
    finally:
        _docker(folder, *compose, "down", "--volumes", "--remove-orphans", "--timeout=0", "--rmi=local")
    return time.monotonic() - started


def _program() -> str:
    """The machine's own `docker`, or the one beside the private engine."""
    return shutil.which("docker") or str(HOME / "root/usr/bin/docker")


def _expect(well: bool) -> None:
    if not well:
        raise RuntimeError(f"{_APP} did not respond, or did not reach {_TARGET}.")


def _docker(folder: Path, *arguments: str) -> str:
    command = [_program(), *arguments]
    done = subprocess.run(command, cwd=folder, env=tool_environment(), capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]} ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
