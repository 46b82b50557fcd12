"""What an engine is, and the source of each of its base images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from docker.errors import ImageNotFound

from .client import connect, has_buildkit
from .plugins import version

STAND_IN_LABEL = "org.docker-recipes.stand-in"


@dataclass(frozen=True)
class Base:
    """Where a base image came from.

    Attributes:
        reference: the name that recipes use.
        origin: `registry`, `stand-in` or `local`.
        detail: the registry's digest, or the versions inside the stand-in.
    """

    reference: str
    origin: str
    detail: str


@dataclass(frozen=True)
class Provenance:
    """On what a page was run: the engine, its builder, its storage driver, the machine, the base images and the day."""

    engine: str
    buildkit: bool
    storage_driver: str
    cgroup_version: str
    architecture: str
    bases: tuple[Base, ...]
    day: str


def preflight() -> str:
    """Check engine, buildx and Compose, and return their versions in one line.

    Raises:
        EngineMissing: if no engine answers.
        ToolMissing: if buildx or Compose is missing or too old.
    """
    return f"Engine {connect().version()['Version']}, buildx {version('buildx')}, Compose {version('compose')}"


def provenance(references: Iterable[str] = ()) -> Provenance:
    """What the current page runs on, with the origin of each base image named in `references`."""
    client = connect()
    info = client.info()
    return Provenance(
        engine=info["ServerVersion"],
        buildkit=has_buildkit(),
        storage_driver=storage(),
        cgroup_version=f"v{info.get('CgroupVersion', '1')}",
        architecture=info["Architecture"],
        bases=tuple(origin(reference) for reference in references),
        day=date.today().isoformat(),
    )


def storage() -> str:
    """What stores the engine's images and counts their sizes: a storage driver such as `overlay2`, or `containerd` with its own driver.

    Source: `DriverStatus` of Docker's API, `GET /info`.
    """
    info = connect().info()
    kinds = dict(info.get("DriverStatus") or ())
    return f"containerd ({info['Driver']})" if "containerd" in kinds.get("driver-type", "") else str(info["Driver"])


def origin(reference: str) -> Base:
    """The origin of the image with this name; an absent one is `local`."""
    try:
        attributes: Mapping[str, Any] = connect().images.get(reference).attrs
    except ImageNotFound:
        return Base(reference, "local", "not on this engine")
    labels = attributes["Config"].get("Labels") or {}
    name, _, inside = labels.get(STAND_IN_LABEL, "").partition(" | ")
    if name == reference:  # an image that is built on a stand-in inherits its label
        return Base(reference, "stand-in", inside)
    # The containerd store gives every image a digest. What a build or `docker load` puts there has annotations; what was pulled has none.
    if (attributes.get("Descriptor") or {}).get("annotations"):
        return Base(reference, "local", attributes["Id"])
    digests = [entry.partition("@")[2] for entry in attributes.get("RepoDigests") or []]
    return Base(reference, "registry", digests[0]) if digests else Base(reference, "local", attributes["Id"])
