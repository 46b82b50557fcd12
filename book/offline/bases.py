"""Base images: there already, else pulled, else a stand-in. An image that is there is never replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import requests
import urllib3
from docker.errors import DockerException, ImageNotFound

from .. import engine, places
from ..advice import advice
from ..engine.words import OF_THE_ENGINE
from ..progress import Step
from . import stand_ins

_BROUGHT = places.HOME / "bases.txt"  # `make clean` takes these away, and no image that was there before


class NoBase(Exception):
    """A base image cannot be had; the message names it and says what was tried."""


def ensure(references: Iterable[str], step: Step) -> tuple[engine.Base, ...]:
    """Have every image in `references` on the engine, and say where each came from.

    Raises:
        NoBase: where one can neither be pulled nor be stood in for.
    """
    wanted = sorted(set(references))
    missing = [reference for reference in wanted if not _there(reference)]
    refused = {}
    for reference in missing:
        try:
            pull(reference, step)
            _remember(reference)
        except OF_THE_ENGINE as problem:
            refused[reference] = str(getattr(problem, "explanation", None) or problem)
            if _unreachable(refused[reference]):  # the others would wait for the same silence
                refused |= {other: refused[reference] for other in missing[missing.index(reference) :]}
                break
    if refused:
        try:
            stand_ins.build(sorted(refused), step)
            _remember(*refused)
        except stand_ins.NoStandIn as problem:
            first = next(iter(refused))
            words = f"{', '.join(refused)}: cannot be pulled ({refused[first][:160]}), and {problem}."
            raise NoBase(words + advice(refused[first])) from problem
    return tuple(engine.origin(reference) for reference in wanted)


def pull(reference: str, step: Step) -> None:
    """Pull one image, with progress in bytes.

    Raises:
        DockerException: where the registry does not give it.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for event in _heard(engine.connect().api.pull(reference, stream=True, decode=True)):
        if "error" in event:
            raise DockerException(event["error"])
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            sizes[event["id"]] = (detail["current"], detail["total"])
            done, total = (sum(column) for column in zip(*sizes.values(), strict=True))
            step(done, total, f"{reference}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")


def _heard(events: Iterable[dict]) -> Iterator[dict]:
    try:
        yield from events
    except (requests.RequestException, urllib3.exceptions.HTTPError) as problem:
        if "timed out" not in str(problem).lower():
            raise
        raise DockerException("the registry fell silent") from None


def of_ours() -> list[str]:
    """The base images that this clone brought onto the engine in use; one that it brought onto another is not its own here."""
    noted = _noted()
    here = [_engine_id()] if noted else []
    return sorted({reference for *where, reference in noted if where == here})


def elsewhere() -> list[str]:
    """The base images that this clone brought onto an engine other than its private one."""
    ours = places.HOME / "data/engine-id"
    private = [ours.read_text().strip()] if ours.exists() else []
    return sorted({reference for *where, reference in _noted() if where != private})


def _noted() -> list[list[str]]:
    return [line.split() for line in _BROUGHT.read_text().splitlines()] if _BROUGHT.exists() else []


def _remember(*references: str) -> None:
    _BROUGHT.parent.mkdir(exist_ok=True)
    here = _engine_id()
    with open(_BROUGHT, "a") as brought:
        brought.writelines(f"{here} {reference}\n" for reference in references)


def _engine_id() -> str:
    return engine.connect().info()["ID"]


def _there(reference: str) -> bool:
    try:
        engine.connect().images.get(reference)
    except ImageNotFound:
        return False
    return True


def _unreachable(problem: str) -> bool:
    signs = (
        "fell silent",
        "no such host",
        "timeout",
        "timed out",
        "connection refused",
        "network is unreachable",
        "server misbehaving",
        "deadline exceeded",
    )
    return any(sign in problem.lower() for sign in signs)
