"""What `docker compose config --format json` prints, with types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .dockerfile import tagged
from .port import Port, ports

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class BuildConfig:
    """What a service has under `build`.

    Attributes:
        raw: all of it, as Compose takes it back.
        context: the folder or the address that the builder reads; empty if it is not given.
        dockerfile: the file's name.
        target: the stage at which it stops; empty for the last one.
        arguments: values for the Dockerfile's `ARG`s; None for one that has no value.
        contexts: the names of further contexts.
    """

    raw: Raw = field(repr=False)
    context: str
    dockerfile: str
    target: str
    arguments: Mapping[str, str | None]
    contexts: frozenset[str]

    @classmethod
    def read(cls, raw: Raw) -> BuildConfig:
        """Give types to the settings of a build.

        Args:
            raw: what Compose prints under `build`.
        """
        return cls(
            raw,
            context=raw.get("context") or "",
            dockerfile=raw.get("dockerfile") or "Dockerfile",
            target=raw.get("target") or "",
            arguments=dict(raw.get("args") or {}),
            contexts=frozenset(raw.get("additional_contexts") or ()),
        )


@dataclass(frozen=True)
class Mount:
    """One entry under a service's `volumes`: `bind`, `volume`, `tmpfs`, … as its kind, its source, and whether it is only read."""

    kind: str
    source: str
    read_only: bool

    @property
    def is_bind(self) -> bool:
        """Whether it mounts a file or a folder of this machine."""
        return self.kind == "bind" and bool(self.source)


@dataclass(frozen=True)
class Joined:
    """How a service joins a network: its further names there, and the keys of the addresses that the file fixes."""

    aliases: tuple[str, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Shared:
    """A network or a volume of the project: its name on the engine, whether it is made elsewhere, and all that Compose prints."""

    name: str
    external: bool
    raw: Raw = field(repr=False)


@dataclass(frozen=True)
class ServiceConfig:
    """One service.

    Attributes:
        name: the service.
        raw: all that Compose prints of it.
        image: the image that it names; empty if it names none.
        build: how its image is built; None if it is not.
        platform: the kind of machine that it is for; empty for this one.
        container_name: the container's own name; empty if Compose makes one up.
        profiles: those that switch it on; none if it is always on.
        networks: network as the file calls it → how it joins.
        network_mode: `host`, `none`, or `service:name`; empty if it is on networks.
        ports: those that it publishes.
        exposed: those that it exposes.
        depends_on: service → the condition it waits for; only those that are required.
        mounts: its volumes, in order.
        environment: variable → value; None if it has none.
        command: its entrypoint and its command; empty if the image's hold.
        watched: the paths under `develop`.
        replicas: how many containers it has.
    """

    name: str
    raw: Raw = field(repr=False)
    image: str
    build: BuildConfig | None
    platform: str
    container_name: str
    profiles: tuple[str, ...]
    networks: Mapping[str, Joined]
    network_mode: str
    ports: tuple[Port, ...]
    exposed: tuple[Port, ...]
    depends_on: Mapping[str, str]
    mounts: tuple[Mount, ...]
    environment: Mapping[str, str | None]
    command: tuple[str, ...]
    watched: tuple[Path, ...]
    replicas: int

    @classmethod
    def read(cls, name: str, raw: Raw) -> ServiceConfig:
        """Give types to one service.

        Args:
            name: the service.
            raw: what Compose prints of it.
        """
        return cls(
            name,
            raw,
            image=raw.get("image") or "",
            build=BuildConfig.read(raw["build"] or {}) if "build" in raw else None,
            platform=raw.get("platform") or "",
            container_name=raw.get("container_name") or "",
            profiles=tuple(raw.get("profiles") or ()),
            networks={network: _joined(wish or {}) for network, wish in (raw.get("networks") or {}).items()},
            network_mode=raw.get("network_mode") or "",
            ports=ports(raw.get("ports")),
            exposed=ports(raw.get("expose")),
            depends_on={needed: how["condition"] for needed, how in (raw.get("depends_on") or {}).items() if how.get("required", True)},
            mounts=tuple(
                Mount(mount["type"], mount.get("source") or "", bool(mount.get("read_only"))) for mount in raw.get("volumes") or ()
            ),
            environment=dict(raw.get("environment") or {}),
            command=(*(raw.get("entrypoint") or ()), *(raw.get("command") or ())),
            watched=tuple(Path(watch["path"]) for watch in (raw.get("develop") or {}).get("watch") or ()),
            replicas=_replicas(raw),
        )


@dataclass(frozen=True)
class Configuration:
    """A project as Compose reads its files; empty if they are not valid.

    Attributes:
        services: its services by name.
        networks: its networks, as the file calls them.
        volumes: its volumes, as the file calls them.
        raw: all that Compose prints.
    """

    services: Mapping[str, ServiceConfig] = field(default_factory=dict)
    networks: Mapping[str, Shared] = field(default_factory=dict)
    volumes: Mapping[str, Shared] = field(default_factory=dict)
    raw: Raw = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, raw: Raw) -> Configuration:
        """Give types to what Compose prints.

        Args:
            raw: the parsed output of `docker compose config --format json`.
        """
        return cls(
            {name: ServiceConfig.read(name, service) for name, service in (raw.get("services") or {}).items()},
            dict(_shared(raw.get("networks") or {})),
            dict(_shared(raw.get("volumes") or {})),
            raw,
        )

    @property
    def own_images(self) -> frozenset[str]:
        """The names, with their tags, that the files give to images that they build."""
        return frozenset(tagged(service.image) for service in self.services.values() if service.build and service.image)


def _replicas(raw: Raw) -> int:
    wished: dict[str, int] = raw.get("deploy") or {}
    scale: int = raw.get("scale", 1)
    return wished.get("replicas", scale)


def _joined(wish: Raw) -> Joined:
    return Joined(tuple(wish.get("aliases") or ()), tuple(key for key in ("ipv4_address", "ipv6_address") if wish.get(key)))


def _shared(found: Raw) -> Iterator[tuple[str, Shared]]:
    for key, raw in found.items():
        yield key, Shared((raw or {}).get("name") or "", bool((raw or {}).get("external")), raw or {})
