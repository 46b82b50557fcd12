"""The projects that were written to be reported on, and what of this run is on the engine."""

from pathlib import Path

from book.engine import connect, labels

PROJECTS = Path(__file__).parent / "projects"


def ours() -> set[str]:
    """Everything on the engine that carries the label of this run."""
    client, filters = connect(), {"label": f"{labels.LABEL}={labels.RUN}"}
    kinds = (client.containers.list(all=True, filters=filters), client.networks.list(filters=filters))
    kinds += (client.volumes.list(filters=filters), client.images.list(all=True, filters=filters))
    return {thing.id for kind in kinds for thing in kind}


def places(said: dict) -> list[str]:
    """What was found and where, as `rule file:line`."""
    return sorted(f"{one['rule']} {one['file']}:{one['line']}" for one in said["findings"])
