"""The exercise of chapter 03: make an image smaller, so that its code changes fast and its versions do not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..engine import connect
from ..measure import build_output, image
from ..measure.answer import NoAnswer
from ..measure.image import Image
from ..recipe import Recipe
from ..trouble import Trouble
from . import inside, other_lock
from .exercise import Condition, Exercise, Heard, Seen, text_of

FILE, _SOLUTION = "Dockerfile", "solution.Dockerfile"
_CODE = "app/echo.py"
_TOOLS = ("uv", "poetry", "gcc")
_OF_TESTS = "pytest"
_MOST = 1.5  # times what the solution adds to its base
_ANSWER_SECONDS = 30.0
_LONGEST = 60  # characters of an instruction that a line shows


@dataclass(frozen=True)
class Facts:
    """What was measured of a Dockerfile.

    Attributes:
        status: the HTTP status of the answer; 0 if none came.
        no_answer: why none came.
        uid: the number of the user that the image starts its program as.
        tools: the paths of the build tools in it.
        packages: name → version of each Python package in it.
        again: the packages that were installed again when only the code had changed.
        run_again: the instructions that the builder then ran again.
        size: bytes of its layers.
        solution_size: bytes of the solution's layers.
        solution_base: bytes of these that come from its base image.
    """

    status: int
    no_answer: str
    uid: int
    tools: tuple[str, ...]
    packages: Mapping[str, str]
    again: tuple[str, ...]
    run_again: tuple[str, ...]
    size: int
    solution_size: int
    solution_base: int


def measure(copy: Recipe, heard: Heard) -> Facts:
    """Build a Dockerfile, build it again with changed code, and measure both; see `Facts`.

    Args:
        copy: a copy of the recipe, with the reader's file in it.
        heard: called with each line of the builder.

    Raises:
        BuildFailed: if it does not build.
        Trouble: if the image has no Python that runs.
    """
    other_lock.write(copy.path)
    printed: list[str] = []
    with _built(copy, FILE, heard) as first:
        status, no_answer = _asked(first)
        uid = int(_python(first, "import os; print(os.getuid())"))
        had = _inside(first)
        code = copy.path / _CODE
        code.write_text(code.read_text(encoding="utf-8") + "\n# One more line.\n", encoding="utf-8")
        with _built(copy, FILE, _both(printed.append, heard)) as second:
            has = _inside(second)
        (copy.path / _SOLUTION).write_text(text_of("03", _SOLUTION), encoding="utf-8")
        with _built(copy, _SOLUTION, heard) as solution:
            sizes = first.size, solution.size, solution.base_size
    before = {(name, version): when for name, version, when in had["packages"]}
    again = [name for name, version, when in has["packages"] if before.get((name, version)) != when]
    steps = [step.instruction for step in build_output.steps("\n".join(printed)) if step.seconds is not None]
    run_again = tuple(step for step in steps if step.startswith("RUN "))
    versions = {name: version for name, version, _ in had["packages"]}
    return Facts(status, no_answer, uid, tuple(had["programs"]), versions, tuple(again), run_again, *sizes)


def _both(one: Heard, other: Heard) -> Heard:
    def hear(line: str) -> None:
        one(line)
        other(line)

    return hear


@contextmanager
def _built(copy: Recipe, dockerfile: str, heard: Heard) -> Iterator[Image]:
    built = image.build(copy.path, dockerfile, copy.name, bases=copy.bases(dockerfile), heard=heard)
    try:
        yield built
    finally:
        connect().images.remove(built.id, force=True)


def _asked(built: Image) -> tuple[int, str]:
    try:
        return built.ask("/hello", limit=_ANSWER_SECONDS).status, ""
    except NoAnswer as problem:
        return 0, str(problem)


def _inside(built: Image) -> inside.Inside:
    found: inside.Inside = json.loads(_python(built, Path(inside.__file__).read_text(), *_TOOLS, user="0"))
    return found


def _python(built: Image, program: str, *arguments: str, user: str = "") -> str:
    done = built.run("python", "-c", program, *arguments, user=user)
    if done.exit_code:
        raise Trouble(f"The image builds, but its `python` does not run (exit code {done.exit_code}):\n{done.text.strip()[-500:]}")
    return done.text


def builds(facts: Facts) -> Seen:
    """The file was built, or nothing would have been measured."""
    return Seen(True)


def answers(facts: Facts) -> Seen:
    """An answer came, and it is no error."""
    return Seen(facts.status == 200, f"HTTP {facts.status}" if facts.status else facts.no_answer)


def is_not_root(facts: Facts) -> Seen:
    """The image names another user."""
    return Seen(facts.uid != 0, f"user {facts.uid}")


def has_no_tool(facts: Facts) -> Seen:
    """No build tool is anywhere in the image."""
    return Seen(not facts.tools, ", ".join(facts.tools))


def has_no_tests(facts: Facts) -> Seen:
    """The package of the tests is nowhere in the image."""
    version = facts.packages.get(_OF_TESTS)
    return Seen(version is None, f"{_OF_TESTS} {version}" if version else "")


def follows_the_lock(facts: Facts) -> Seen:
    """The image has the version that only the changed lock file names."""
    have = facts.packages.get(other_lock.PACKAGE, "none")
    measured = f"a lock file with {other_lock.PACKAGE} {other_lock.VERSION} gives {other_lock.PACKAGE} {have}"
    return Seen(have == other_lock.VERSION, measured)


def keeps_the_dependencies(facts: Facts) -> Seen:
    """No package was installed again after a change in the code."""
    shown = "; ".join(step if len(step) <= _LONGEST else f"{step[: _LONGEST - 1]}…" for step in facts.run_again)
    return Seen(not facts.again, f"run again: {shown}" if facts.again else "")


def is_small(facts: Facts) -> Seen:
    """The image adds little to the size of the solution's base."""
    added, solution = (size - facts.solution_base for size in (facts.size, facts.solution_size))
    return Seen(added <= _MOST * solution, f"{added / 1e6:.1f} MB, the solution {solution / 1e6:.1f} MB")


EXERCISE = Exercise(
    chapter="03",
    title="Make this image smaller",
    task="This Dockerfile works, and it does everything in one stage: as root, with the test tools, with whatever versions are newest, and "
    "with all packages installed again after each edit. Change it until each condition below is met. The folder has `pyproject.toml`, "
    "its lock file `uv.lock`, and the code in `app/echo.py`.",
    file=FILE,
    start=text_of("03", "start.Dockerfile"),
    solution=text_of("03", _SOLUTION),
    conditions=(
        Condition("The Dockerfile builds.", "The message names the line at which the build stops. Fix that line first.", builds),
        Condition(
            "The application answers over HTTP on port 5000.",
            "Start the server in `CMD`, and bind it to all addresses: `--bind=0.0.0.0:5000`. A server on 127.0.0.1 is only reachable from "
            "inside its container.",
            answers,
        ),
        Condition("The application does not run as root.", "Write `USER 1000:1000` above `CMD`.", is_not_root),
        Condition(
            "The image contains no build tool: no uv, no Poetry, no gcc.",
            "Use two stages: install in the first one, and copy only the finished environment into the last one with `COPY --from`.",
            has_no_tool,
        ),
        Condition(
            "The image does not contain pytest, which only the tests need.",
            "Leave out the group `dev`: `uv sync --no-dev`.",
            has_no_tests,
        ),
        Condition(
            "The lock file decides which versions are installed.",
            "Copy `uv.lock` and `pyproject.toml`, and install with `uv sync --locked`. `pip install flask` takes the newest one.",
            follows_the_lock,
        ),
        Condition(
            "A change in the code does not install the dependencies again.",
            "Copy only `pyproject.toml` and `uv.lock` before the installation, and `app` after it.",
            keeps_the_dependencies,
        ),
        Condition(
            "The image adds at most one and a half times as much to `python:3.13-slim` as the solution does.",
            "Start the last stage from a slim image, and copy into it only what the application needs. A file that a later step deletes "
            "is still in the image.",
            is_small,
        ),
    ),
    measure=measure,
)
