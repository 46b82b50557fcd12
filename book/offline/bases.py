"""Base images: the one on the engine, else one from the registry, else a stand-in. An existing image is never replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import requests
import urllib3
from docker.errors import DockerException, ImageNotFound

from .. import engine, places
from ..advice import advice
from ..engine.words import OF_THE_ENGINE
from ..progress import Step
from ..trouble import Trouble
from . import stand_ins

_PULLED = places.HOME / "bases.txt"  # `make clean` removes these, and no image that existed before
_CHECK_THE_NETWORK = " The registry cannot be reached, or broke off: check the network, or the proxy of the engine, and run this again."


class NoBase(Trouble):
    """A base image is not available; the message names it and says what was tried."""


class _Silent(Trouble, DockerException):
    """The registry sends nothing more."""


def ensure(references: Iterable[str], step: Step) -> tuple[engine.Base, ...]:
    """Get every image in `references` onto the engine, and return where each is from.

    Raises:
        NoBase: if an image can neither be pulled nor built as a stand-in.
    """
    wanted = sorted(set(references))
    missing = [reference for reference in wanted if not _exists(reference)]
    failed: dict[str, str] = {}
    unreachable = False
    for reference in missing:
        try:
            pull(reference, step)
            _remember(reference)
        except OF_THE_ENGINE as problem:
            failed[reference] = str(getattr(problem, "explanation", None) or problem)
            unreachable = isinstance(problem, _Silent) or _names_the_network(failed[reference])
            if unreachable:  # the others would wait for the same registry
                failed |= {other: failed[reference] for other in missing[missing.index(reference) :]}
                break
    if failed:
        try:
            stand_ins.build(sorted(failed), step)
            _remember(*failed)
        except stand_ins.NoStandIn as problem:
            *_, reason = failed.values()  # the one that ended the loop, if one did
            message = f"{', '.join(failed)}: cannot be pulled ({reason[:160]}), and {problem}."
            raise NoBase(message + (_CHECK_THE_NETWORK if unreachable else advice(reason))) from problem
    return tuple(engine.origin(reference) for reference in wanted)


def pull(reference: str, step: Step) -> None:
    """Pull one image, with progress in bytes.

    Raises:
        DockerException: if the registry does not send it.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for event in _events(engine.connect().api.pull(reference, stream=True, decode=True)):
        if "error" in event:
            raise DockerException(event["error"])
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            sizes[event["id"]] = (detail["current"], detail["total"])
            done, total = (sum(column) for column in zip(*sizes.values(), strict=True))
            step(done, total, f"{reference}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")


def _events(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    try:
        yield from events
    except (requests.RequestException, urllib3.exceptions.HTTPError) as problem:
        if "timed out" not in str(problem).lower():
            raise
        raise _Silent("the registry stopped responding") from None


def of_ours() -> list[str]:
    """The base images that this clone put on the engine in use; those on other engines do not count."""
    recorded = _recorded()
    here = [_engine_id()] if recorded else []
    return sorted({reference for *where, reference in recorded if where == here})


def elsewhere() -> list[str]:
    """The base images that this clone put on an engine other than its private one."""
    ours = places.HOME / "data/engine-id"
    private = [ours.read_text().strip()] if ours.exists() else []
    return sorted({reference for *where, reference in _recorded() if where != private})


def _recorded() -> list[list[str]]:
    return [line.split() for line in _PULLED.read_text().splitlines()] if _PULLED.exists() else []


def _remember(*references: str) -> None:
    _PULLED.parent.mkdir(exist_ok=True)
    here = _engine_id()
    with open(_PULLED, "a") as file:
        file.writelines(f"{here} {reference}\n" for reference in references)


def _engine_id() -> str:
    return str(engine.connect().info()["ID"])


def _exists(reference: str) -> bool:
    try:
        engine.connect().images.get(reference)
    except ImageNotFound:
        return False
    return True


def _names_the_network(problem: str) -> bool:
    """Whether Docker's message says that the registry cannot be reached."""
    phrases = (
        "no such host",
        "timeout",
        "timed out",
        "connection refused",
        "network is unreachable",
        "server misbehaving",
        "deadline exceeded",
        "download failed after attempts",
        "unexpected eof",
    )
    return any(phrase in problem.lower() for phrase in phrases)
