"""The second Compose file that fits a file to a run, with `!override` and `!reset`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from .config import Configuration, Joined, Raw, Shared

_OF_PROJECT = "com.docker.compose.project"  # Compose itself gives it to an image only if BuildKit builds it


def override(config: Configuration, project: str, labels: Mapping[str, str], free_ports: bool) -> str:
    """The second Compose file of a run.

    Volumes are the run's own, also those to which the file gives a name.

    Args:
        config: what Compose made of the first one.
        project: the project's name.
        labels: for all that is made.
        free_ports: whether to publish on free ports of 127.0.0.1.
    """
    marks = {"labels": dict(labels)}
    built = {service.image: _image(project, name) for name, service in config.services.items() if service.build and service.image}
    services: dict[str, dict[str, Any]] = {}
    for name, service in config.services.items():
        added: dict[str, Any] = dict(marks)
        if service.build:
            of_image = {"labels": {**labels, _OF_PROJECT: project}}
            added |= {"image": _image(project, name), "build": of_image, "pull_policy": "build"}
        elif service.image in built:
            added |= {"image": built[service.image], "pull_policy": "never"}
        if free_ports and service.ports:
            added["ports"] = _Instead(f"127.0.0.1::{port}" for port in service.ports)
        services[name] = added
    networks = {name: dict(marks) for name in _own(config.networks)}
    # A volume with a name of its own has the reader's data.
    volumes = {name: {**marks, "name": f"{project}_{name}"} for name in _own(config.volumes)}
    return _text({"services": services, "networks": networks, "volumes": volumes})


def _own(things: Mapping[str, Shared]) -> Iterable[str]:
    return (name for name, thing in things.items() if not thing.external)


def _image(project: str, service: str) -> str:
    """The name of a service's image, as Compose itself makes it: no image has capitals."""
    return f"{project}-{service}".lower()


def keep_apart(config: Configuration, name: str) -> str:
    """A Compose file that keeps a run from everything that its project shares with others.

    Networks and volumes with names of their own, and those that are external, are new and empty ones of the run; a container's own name
    becomes an alias on its networks, and an address of its own another one. Without it, `down` would remove the reader's own data.

    Args:
        config: what Compose made of the project's files.
        name: the project's name in this run.
    """
    services: dict[str, dict[str, Any]] = {}
    for service in config.services.values():
        called = service.container_name
        networks = {network: _joined(joined, called) for network, joined in service.networks.items()}
        changed: dict[str, Any] = {"container_name": _Reset()} if called else {}
        if any(networks.values()):
            changed["networks"] = networks
        if changed:
            services[service.name] = changed
    shared = {"networks": config.networks, "volumes": config.volumes}
    ours = {
        kind: {key: _Whole({**_kept(thing.raw), "name": f"{name}_{key}"}) for key, thing in things.items()}
        for kind, things in shared.items()
    }
    return _text({"services": services, **{kind: things for kind, things in ours.items() if things}})


def _joined(joined: Joined, called: str) -> dict[str, Any]:
    """How a service joins a network of the run: with its container's name, and without an address of the reader's own network."""
    return {**({"aliases": [called]} if called else {}), **{key: _Reset() for key in joined.addresses}}


def _kept(raw: Raw) -> dict[str, Any]:
    """What a network or a volume keeps; not its driver, nor its place on this machine, which it would share with the reader's own."""
    return {key: value for key, value in raw.items() if key in ("internal", "enable_ipv6", "attachable", "labels")}


class _Instead(list[str]):
    """A list that replaces the one it is merged with; Compose joins them otherwise."""


class _Whole(dict[str, Any]):
    """A mapping that replaces the one it is merged with."""


class _Reset:
    """Removes a key."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(_Instead, lambda dumper, items: dumper.represent_sequence("!override", items))
_Dumper.add_representer(_Whole, lambda dumper, items: dumper.represent_mapping("!override", dict(items)))
_Dumper.add_representer(_Reset, lambda dumper, _: dumper.represent_scalar("!reset", "null"))


def _text(content: Mapping[str, Any]) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper)
    return text
