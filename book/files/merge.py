"""The second Compose file that fits a file to a run, with `!override` and `!reset`."""

from __future__ import annotations

from collections.abc import Mapping

import yaml


def override(config: Mapping, project: str, labels: Mapping[str, str], free_ports: bool) -> str:
    """The second Compose file of a run.

    Volumes are the run's own, also those to which the file gives a name.

    Args:
        config: what `docker compose config --format json` made of the first one.
        project: the project's name.
        labels: for all that is made.
        free_ports: whether to publish on free ports of 127.0.0.1.
    """
    marks = {"labels": dict(labels)}
    built = {s["image"]: _image(project, name) for name, s in config["services"].items() if "build" in s and "image" in s}
    services = {}
    for name, service in config["services"].items():
        services[name] = dict(marks)
        if "build" in service:
            services[name] |= {"image": _image(project, name), "build": marks, "pull_policy": "build"}
        elif service.get("image") in built:
            services[name] |= {"image": built[service["image"]], "pull_policy": "never"}
        if free_ports and service.get("ports"):
            services[name]["ports"] = _Instead(f"127.0.0.1::{port['target']}/{port['protocol']}" for port in service["ports"])
    ours = {
        kind: {name: dict(marks) for name, thing in config.get(kind, {}).items() if not thing.get("external")}
        for kind in ("networks", "volumes")
    }
    for name, volume in ours["volumes"].items():
        volume["name"] = f"{project}_{name}"  # one with a name of its own holds the reader's data
    return yaml.dump({"services": services, **ours}, Dumper=_Dumper)


def _image(project: str, service: str) -> str:
    """What the image of a service is called, as Compose itself does it: no image has capitals."""
    return f"{project}-{service}".lower()


class _Instead(list):
    """A list that replaces the one it is merged with; Compose joins them otherwise."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(_Instead, lambda dumper, items: dumper.represent_sequence("!override", items))


def keep_apart(config: Mapping, name: str) -> str:
    """A Compose file that keeps a run from everything that its project shares with others.

    Networks and volumes with names of their own, and those that are external, are new and empty ones of the run; a container's own name
    becomes an alias on its networks, and an address of its own another one. Without it, `down` would remove the reader's own data.

    Args:
        config: what `docker compose config` made of the project's files.
        name: the project's name in this run.
    """
    services = {}
    for service, settings in config["services"].items():
        called = settings.get("container_name")
        joined = {network: _joined(wish or {}, called) for network, wish in (settings.get("networks") or {}).items()}
        changed = {"container_name": _Reset()} if called else {}
        if any(joined.values()):
            changed["networks"] = joined
        if changed:
            services[service] = changed
    ours = {
        kind: {key: _Whole({**_kept(thing), "name": f"{name}_{key}"}) for key, thing in config.get(kind, {}).items()}
        for kind in ("networks", "volumes")
    }
    return yaml.dump({"services": services, **{kind: things for kind, things in ours.items() if things}}, Dumper=_Dumper)


def _joined(wish: Mapping, called: str | None) -> dict:
    """How a service joins a network of the run: with its container's name, and without an address of the reader's own network."""
    fixed = {key: _Reset() for key in ("ipv4_address", "ipv6_address") if wish.get(key)}
    return {**({"aliases": [called]} if called else {}), **fixed}


def _kept(thing: Mapping | None) -> dict:
    """What a network or a volume keeps; not its driver, nor its place on this machine, which it would share with the reader's own."""
    return {key: value for key, value in (thing or {}).items() if key in ("internal", "enable_ipv6", "attachable", "labels")}


class _Whole(dict):
    """A mapping that replaces the one it is merged with."""


class _Reset:
    """Takes a key away."""


_Dumper.add_representer(_Whole, lambda dumper, items: dumper.represent_mapping("!override", dict(items)))
_Dumper.add_representer(_Reset, lambda dumper, _: dumper.represent_scalar("!reset", "null"))
