"""How large the image of one service is in production, in each way of building it; and how large the files are that it opens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..measure.image import Image
from ..recipe import Recipe
from . import machine
from .interleave import Tell, interleave
from .result import Bound, Comparison, Fact, Result

ROUNDS = 1  # a size is the same each time
NOTED, NOTED_ALPINE = "the notes' slim", "the notes' Alpine"
DEFAULT, DEFAULT_ALPINE = "the default", "the default, Alpine"
SMALLEST, SMALLEST_GLIBC = "the smallest, musl", "the smallest, glibc"
_FLOOR, _FLOOR_GLIBC = "the floor, musl", "the floor, glibc"
_WORD = "word"


def variants() -> dict[str, Callable[[], Image]]:
    """Name → builds it: the images of one service that the book knows, each as it goes to production."""
    chapter, smallest = Recipe("03-smaller-images").build, Recipe("09-how-small").build
    return {
        NOTED: partial(chapter, "slim.Dockerfile", BUILD_ENV="production"),
        NOTED_ALPINE: partial(chapter, "alpine.Dockerfile", BUILD_ENV="production"),
        "two stages, Poetry, slim": partial(chapter, "slim-stages.Dockerfile"),
        DEFAULT: partial(chapter),
        DEFAULT_ALPINE: partial(chapter, "uv-alpine.Dockerfile"),
        "two stages, uv, slim": partial(smallest, "stages.Dockerfile", LIBC="glibc"),
        "two stages, uv, Alpine": partial(smallest, "stages.Dockerfile", LIBC="musl"),
        SMALLEST_GLIBC: partial(smallest, "small.Dockerfile", LIBC="glibc"),
        SMALLEST: partial(smallest, "small.Dockerfile", LIBC="musl"),
    }


def measure(rounds: int, tell: Tell) -> Result:
    """Build each image, send it a request, and read its size from the engine.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("09-how-small")
    where = machine.here(recipe.bases())
    floors = {
        _FLOOR_GLIBC: partial(recipe.build, "small.Dockerfile", LIBC="glibc", STEP="floor"),
        _FLOOR: partial(recipe.build, "small.Dockerfile", LIBC="musl", STEP="floor"),
    }
    served: dict[str, bool] = {}

    def once(name: str, build: Callable[[], Image]) -> float:
        image = build()
        served[name] = image.ask(f"/{_WORD}").text == f"echo: {_WORD}\n"
        return float(image.size)

    ways = {name: partial(once, name, build) for name, build in (variants() | floors).items()}
    found = interleave(ways, rounds, tell)
    recipe.down()
    comparison = Comparison(
        "Size of the image in production",
        "B",
        found,
        baseline=NOTED,
        recommended=SMALLEST,
        bounds=(Bound(SMALLEST, 0.15, of=NOTED), Bound(SMALLEST_GLIBC, 0.55, of=NOTED)),
        floor=_FLOOR,
    )
    facts = (Fact("Each image serves.", len(served) == len(ways) and all(served.values())),)
    note = f"Bytes of unpacked layers by docker image history, image store {where.storage_driver}; in other stores they are others."
    return Result("sizes", "Sizes of images", (comparison,), where, facts, note)
