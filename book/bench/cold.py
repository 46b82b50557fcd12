"""How soon a container of each image responds, with the bytecode of its modules in the image and without."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException

from ..engine import connect, leftovers
from ..measure.answer import NoAnswer
from ..measure.image import Image
from ..measure.service import published
from ..recipe import Recipe
from . import machine, sizes
from .interleave import Tell, interleave, part
from .result import Bound, Comparison, Result

ROUNDS = 15
_PORT = 5000
_EVERY = 0.005  # seconds between two tries
_LIMIT = 60.0  # seconds
_TITLES = {
    "musl": "From the start of the container to the first answer, musl",
    "glibc": "From the start of the container to the first answer, glibc",
}
_WITH = "bytecode + "  # first, so that the two differ even in a chart that cuts long names
_OTHERS = {
    "musl": (sizes.NOTED_ALPINE, sizes.DEFAULT_ALPINE, "two stages, uv, Alpine"),
    "glibc": (sizes.NOTED, sizes.DEFAULT, "two stages, Poetry, slim", "two stages, uv, slim"),
}
_COMPILE = """FROM {image}
USER root
RUN python -m compileall -q -j0 $(python -c 'import sys; print(sys.base_prefix, sys.prefix)') || true
USER 1000:1000
"""


def measure(rounds: int, tell: Tell) -> Result:
    """Start a container of each image again and again, and send requests until it responds. All images are on the machine beforehand.

    Args:
        rounds: how often each way has its turn.
        tell: called with how much is done, of how much, and what is being done.
    """
    recipe = Recipe("09-how-small")
    where = machine.here(recipe.bases())
    comparisons = []
    for number, (libc, title) in enumerate(_TITLES.items()):
        tell(number * rounds, 2 * rounds, f"the images, {libc}")
        images = _images(recipe, libc)
        ways = {name: partial(_once, image) for name, image in images.items()}
        found = interleave(ways, rounds, part(tell, number, len(_TITLES)))
        ours, baseline = next(iter(images)), _OTHERS[libc][0]
        # Not the recommended one itself, which could not miss a bound to itself.
        others = {name: one.median for name, one in found.items() if one.median is not None and name != ours}
        quickest = min(others, key=others.__getitem__, default=baseline)
        because = "They differ by less than one start does from the next."
        bounds = (Bound(ours, 1.1, of=quickest),)
        comparisons.append(Comparison(title, "s", found, baseline=baseline, recommended=ours, bounds=bounds, because=because))
    recipe.down()
    note = "The files had been read before, and nothing was pulled. Each C library comes with another build of Python."
    return Result("cold", "Starting a container", tuple(comparisons), where, (), note)


def _images(recipe: Recipe, libc: str) -> dict[str, Image]:
    """The images of one C library: first the recommended one, then the others, each with bytecode and without."""
    smallest = partial(recipe.build, "small.Dockerfile", LIBC=libc)
    name = f"the smallest, {libc}"
    images = {name: smallest(), f"{_WITH}{name}, source": smallest(STEP="compiled"), f"{name}, source": smallest(STEP="trimmed")}
    copy = recipe.copy()
    for other in _OTHERS[libc]:
        images[other] = sizes.variants()[other]()
        (copy.path / "Dockerfile").write_text(_COMPILE.format(image=images[other].id))
        images[f"{_WITH}{other}"] = copy.build()
    return images


def _once(image: Image) -> float:
    container = connect().containers.create(
        image.id,
        labels=leftovers.labels(image.name),
        init=True,
        ports={f"{_PORT}/tcp": ("127.0.0.1", 0)},
        healthcheck={"test": ["NONE"]},  # only some images have one, and its Python would slow the service down
    )
    try:
        started = time.monotonic()
        container.start()
        container.reload()
        port = published(container)[_PORT]
        while time.monotonic() - started < _LIMIT:
            with suppress(OSError, HTTPException):  # the engine opens the port before the service does
                service = HTTPConnection(port, timeout=_LIMIT)
                service.request("GET", "/")
                if service.getresponse().status == 200:
                    return time.monotonic() - started
            time.sleep(_EVERY)
        raise NoAnswer(f"{image.name} did not answer within {_LIMIT:g} seconds.")
    finally:
        container.remove(force=True, v=True)
