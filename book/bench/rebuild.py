"""How long a rebuild takes after one changed line of the source, and after one more dependency."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ..engine import connect, labels, leftovers
from ..engine.plugins import tool
from ..measure.builder import BuildFailed
from ..recipe import Recipe
from . import machine
from .interleave import Tell, interleave, part
from .result import Bound, Comparison, Fact, Result

ROUNDS = 5
_NOTED, _SOURCE_FIRST, _STAGES, _ALPINE = "the notes' order", "COPY . . first", "two stages, Poetry", "the default, Alpine"
_DEFAULT = "the default"
_CACHE = "--mount=type=cache,"
# A changed line is slower than in the notes' order: the default imports the application while it builds, as a test.
_BOUNDS = ((0.25, _SOURCE_FIRST), (0.25, _NOTED))
# One for each round: what was installed once is in uv's cache, and would cost nothing the next time.
_MORE = (
    ("iniconfig", "2.3.1", "9121e2c1fdb355232495be3194c8dfe87ccc2d5dee45947b78e68f499790d7a7"),
    ("six", "1.17.0", "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"),
    ("zipp", "4.1.2", "b30cb6cd253122169c47de245ca24a86bac2a5d3802ba15bf7ba6414eb9e144d"),
    ("toml", "0.10.2", "806143ae5bfb6a3c6e736a764057db0e6a0e05e338b5630894a5f779cabb4f9b"),
    ("pluggy", "1.7.0", "7dd7b0d8832ba3cb632c306926ded123429211b83641b35dc5c41ad2d34f9bec"),
    ("colorama", "0.4.6", "4f1d9991f5acc0ca119f9d443620b77f9d6b33703e51011c16baf57afb285fc6"),
    ("decorator", "5.3.1", "f47fe6fdbd2edd623ecfe36875d37aba411624e2670dd395dddae1358689bb3c"),
    ("tabulate", "0.10.0", "f0b0622e567335c8fabaaa659f1b33bcb6ddfe2e496071b743aa113f8774f2d3"),
    ("xmltodict", "1.0.4", "a4a00d300b0e1c59fc2bfccb53d7b2e88c32f200df138a0dd2229f842497026a"),
)
_LOCK = "cd /dev_env && poetry add --quiet --lock {name}=={version} && cat pyproject.toml && echo {between} && cat poetry.lock"
_UV_LOCK = "uv add --quiet --no-sync {name}=={version} && cat uv.lock"
_BETWEEN = "----"


@dataclass(frozen=True)
class _Variant:
    """A Dockerfile in a copy of the recipe of its own, and the number of the next change."""

    recipe: Recipe
    file: str
    arguments: tuple[str, ...] = ()
    count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


def measure(rounds: int, tell: Tell) -> Result:
    """Change the same thing for each way, and build again. All ways go through buildx, as `docker build` does.

    Args:
        rounds: how often each way has its turn; at most as many as there are dependencies to add.
        tell: called with how much is done, of how much, and what is being done.
    """
    rounds = min(rounds, len(_MORE))
    recipe = Recipe("03-smaller-images")
    where = machine.here(recipe.bases("slim.Dockerfile"))
    tell(0, 1, "the first builds")
    ways = _ways(recipe)
    for way in ways.values():
        _build(way)
    locks = _locks(recipe, rounds)
    changes: dict[str, Callable[[_Variant], float]] = {
        "Rebuild after one changed line": _line,
        "Rebuild after one more dependency": partial(_dependency, locks),
    }
    comparisons = []
    for number, (title, change) in enumerate(changes.items()):
        turns = {name: partial(change, way) for name, way in ways.items()}
        found = interleave(turns, rounds, part(tell, number, len(changes)))
        most, of = _BOUNDS[number]
        bound = Bound(_DEFAULT, most, of=of)
        because = "They differ by less than one build does from the next."
        comparisons.append(Comparison(title, "s", found, baseline=_NOTED, recommended=_DEFAULT, bounds=(bound,), because=because))
    recipe.down()
    every = all(not way.failed for comparison in comparisons for way in comparison.ways.values())
    return Result(
        "rebuild", "Building again", tuple(comparisons), where, (Fact("Each image that was built again contains what was changed.", every),)
    )


def _ways(recipe: Recipe) -> dict[str, _Variant]:
    """Each way with a copy of its own; the cache mounts are new ones, so that what an earlier run fetched is fetched again."""
    production = ("--build-arg=BUILD_ENV=production",)
    ways = {
        _NOTED: _Variant(recipe.copy(), "slim.Dockerfile", production),
        _SOURCE_FIRST: _Variant(recipe.copy(), "slim.Dockerfile", production),
        _STAGES: _Variant(recipe.copy(), "slim-stages.Dockerfile"),
        _DEFAULT: _Variant(recipe.copy(), "Dockerfile"),
        _ALPINE: _Variant(recipe.copy(), "uv-alpine.Dockerfile"),
    }
    _replace(ways[_SOURCE_FIRST], "COPY requirements.txt poetry.lock pyproject.toml /dev_env/", "COPY . /dev_env/")
    for number, name in enumerate((_DEFAULT, _ALPINE)):
        _replace(ways[name], _CACHE, f"{_CACHE}id=rebuild-{number}-{labels.RUN},")
    return ways


def _replace(way: _Variant, old: str, new: str) -> None:
    text = way.recipe.read(way.file)
    if old not in text:
        raise ValueError(f"{way.file} of {way.recipe.name} has no {old}")
    (way.recipe.path / way.file).write_text(text.replace(old, new))


def _locks(recipe: Recipe, rounds: int) -> list[dict[str, str]]:
    """The project's files with one more dependency, for each round another one: Poetry's lock and project, and uv's lock."""
    poetry, uv = recipe.build("slim.Dockerfile", BUILD_ENV="production"), recipe.build(target="build")
    locks = []
    for name, version, digest in _MORE[:rounds]:
        output = poetry.run("sh", "-c", _LOCK.format(name=name, version=version, between=_BETWEEN), user="root")
        project, between, lock = output.text.partition(f"\n{_BETWEEN}\n")
        if output.exit_code or not between:
            raise RuntimeError(f"Poetry cannot add {name}: {output.text[-300:]}")
        output = uv.run("sh", "-c", _UV_LOCK.format(name=name, version=version))
        if output.exit_code:
            raise RuntimeError(f"uv cannot add {name}: {output.text[-300:]}")
        listed = f"{recipe.read('production.txt')}{name}=={version} --hash=sha256:{digest}"
        locks.append({"pyproject.toml": project, "poetry.lock": lock, "uv.lock": output.text, "production.txt": listed})
    return locks


def _line(way: _Variant) -> float:
    line = f"# line {next(way.count)} of {labels.RUN}"
    source = way.recipe.path / "app/echo.py"
    source.write_text(f"{source.read_text()}{line}\n")
    return _build(way, f"assert open('/app/echo.py').read().endswith('{line}\\n')")


def _dependency(locks: list[dict[str, str]], way: _Variant) -> float:
    number = (next(way.count) - 1) % len(locks)
    for file, text in locks[number].items():
        (way.recipe.path / file).write_text(f"{text}\n# {labels.RUN}\n")  # so that no layer of an earlier run is used
    return _build(way, f"import {_MORE[number][0]}")


def _build(way: _Variant, check: str = "") -> float:
    """Build, check that the image contains what was changed, and return how many seconds the build took."""
    name = f"{way.recipe.name}:rebuild-{way.file.removesuffix('.Dockerfile')}-{labels.RUN}"
    tags = [f"--label={key}={value}" for key, value in leftovers.labels(way.recipe.name).items()]
    options = ["--load", "--progress=plain", f"--tag={name}", f"--file={way.file}", *way.arguments, *tags]
    started = time.monotonic()
    done = tool("buildx", "build", *options, ".", cwd=way.recipe.path)
    seconds = time.monotonic() - started
    if done.returncode:
        raise BuildFailed(f"{way.file} does not build: {done.stderr[-500:]}")
    if check:
        connect().containers.run(name, ["python", "-c", check], remove=True, labels=leftovers.labels(way.recipe.name))
    return seconds
