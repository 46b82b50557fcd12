"""What a stage of `make test` leaves on the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import psutil

from .. import engine
from ..engine import labels, leftovers
from ..offline import daemon

_ID = 19  # characters that are enough to find a thing


@dataclass(frozen=True)
class Thing:
    """Something on the engine.

    Attributes:
        kind: `container`, `network`, `volume` or `image`.
        id: its id, or the name of a volume.
        name: what a reader finds it by; images and networks can be renamed, so that it does not count in a comparison.
        labels: its labels.
    """

    kind: str
    id: str
    name: str = field(default="", compare=False)
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        recipe = self.labels.get(f"{labels.LABEL}.recipe")
        return f"{self.kind} {self.name or self.id[:_ID]}" + (f" (of {recipe})" if recipe else "")


def there() -> set[Thing]:
    """Everything on the engine except what other runs use, which still live.

    Raises:
        DockerException: if the engine does not respond.
    """
    client = engine.connect()
    api = client.api
    containers = api.containers(all=True)
    found = [Thing("container", one["Id"], _first(one["Names"]).lstrip("/"), one["Labels"] or {}) for one in containers]
    found += [Thing("image", one["Id"], _first(one["RepoTags"]), one["Labels"] or {}) for one in engine.list_images(client, all=True)]
    found += [Thing("network", one["Id"], one["Name"], one["Labels"] or {}) for one in api.networks()]
    found += [Thing("volume", one["Name"], "", one["Labels"] or {}) for one in api.volumes()["Volumes"] or []]
    of_others = _of_others()
    theirs = {one.id for one in found if of_others(one.labels)}
    in_use = {mount.get("Name") for one in containers if one["Id"] in theirs for mount in one.get("Mounts", ())}  # without a label
    return {one for one in found if one.id not in theirs | in_use}


def since(before: Iterable[Thing]) -> list[str]:
    """What was not there before and is still there when the leftovers of ended runs are removed, in words.

    On an engine that others use too, only what has the label of this project is ours.

    Args:
        before: what `there` returned then.

    Raises:
        DockerException: if the engine does not respond.
    """
    leftovers.reap(engine.connect())
    new = there() - set(before)
    ours = new if daemon.is_ours() else {one for one in new if labels.LABEL in one.labels}
    return sorted(map(str, ours))


def _of_others() -> Callable[[Mapping[str, str]], bool]:
    """Whether labels are those of another run: of a process that lives and is neither this one nor below it."""
    me = psutil.Process()
    of_this_run = set()
    for process in (me, *me.children(recursive=True)):
        try:
            of_this_run.add(labels.process_name(process.pid))
        except psutil.NoSuchProcess:
            continue

    def of_others(found: Mapping[str, str]) -> bool:
        process = found.get(f"{labels.LABEL}.process", "")
        elsewhere = found.get(f"{labels.LABEL}.machine") != labels.MACHINE
        return bool(process) and process not in of_this_run and (elsewhere or labels.lives(process))

    return of_others


def _first(names: Iterable[str] | None) -> str:
    return next((name for name in names or () if name != "<none>:<none>"), "")
