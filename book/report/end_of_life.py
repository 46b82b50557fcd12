"""How long the versions of well-known base images are supported; the dates are in end-of-life.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..trouble import Trouble

FILE = Path(__file__).parent / "end-of-life.yaml"
Version = tuple[int, ...]
_VERSION = re.compile(r"\d+(?:\.\d+)*")


class BadDates(Trouble):
    """The file of dates cannot be used; the message names the product."""


@dataclass(frozen=True)
class Product:
    """One product, and the last day of its versions.

    Attributes:
        name: the name of its official image.
        source: the page that lists the dates.
        taken: the day on which they were read there.
        ends: version → its last supported day, the oldest version first.
        names: how else a tag names a version, as `bullseye` for `11`.
    """

    name: str
    source: str
    taken: date
    ends: Mapping[Version, date]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Support:
    """The support of the version in a tag.

    Attributes:
        ends: the last day.
        before: empty if `ends` is the version's own; else the oldest version that is listed, which `ends` belongs to.
    """

    ends: date
    before: str = ""


@cache
def products() -> Mapping[str, Product]:
    """All products by the name of their image.

    Raises:
        BadDates: if the file lacks a fact, or one of its dates is none.
    """
    return {name: _product(name, facts) for name, facts in yaml.safe_load(FILE.read_text(encoding="utf-8")).items()}


def support(reference: str) -> Support | None:
    """The support of an image's version; None if no date is listed for it.

    A version that is older than every version in the file ended before the oldest of them.
    """
    place, _, image = reference.partition("@")[0].rpartition("/")
    name, _, tag = image.partition(":")
    word = tag.partition("-")[0]
    product = products().get(name)
    version = product.names.get(word, word) if product else ""
    if not product or not _VERSION.fullmatch(version):
        return None
    wanted = number(version)
    for listed, ends in product.ends.items():
        if wanted[: len(listed)] == listed:
            return Support(ends)
        # An image of this name from anyone else may count its versions differently.
        if len(wanted) >= len(listed) and wanted < listed and (not place or place.endswith("library")):
            return Support(ends, ".".join(str(part) for part in listed))
    return None


def number(version: str) -> Version:
    """A version as numbers that can be compared: `3.10` is (3, 10)."""
    return tuple(int(part) for part in version.split("."))


def _product(name: str, facts: Mapping[str, Any]) -> Product:
    try:
        source, taken, ends, names = facts["source"], facts["taken"], facts["ends"], facts.get("names") or {}
        dated = all(type(day) is date for day in (taken, *ends.values()))
        named = all(isinstance(version, str) and _VERSION.fullmatch(version) for version in (*ends, *names.values()))
    except (AttributeError, KeyError, TypeError) as problem:
        raise BadDates(f"{FILE.name}: {name} needs source, taken and ends ({problem!r}).") from None
    if not (dated and named):
        raise BadDates(f"{FILE.name}: in {name}, write each day as 2026-11-24, and each version in quotes.")
    return Product(name, source, taken, {number(version): day for version, day in ends.items()}, names)
