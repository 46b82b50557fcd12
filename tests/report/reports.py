"""The projects that the tests report on, the command, and what this run has on the engine."""

from pathlib import Path

from book.commands import options
from book.commands import run as command
from book.engine import connect, labels

PROJECTS = Path(__file__).parent / "projects"


def run(*arguments: str) -> int:
    """Report as the command line does, and return the exit code."""
    return command.run(options.parse(["report", *arguments]))


def ours() -> set[str]:
    """Everything on the engine that carries the label of this run."""
    client, filters = connect(), {"label": f"{labels.LABEL}={labels.RUN}"}
    kinds = (client.containers.list(ignore_removed=True, all=True, filters=filters), client.networks.list(filters=filters))
    kinds += (client.volumes.list(filters=filters), client.images.list(all=True, filters=filters))
    return {thing.id for kind in kinds for thing in kind}


def places(report: dict) -> list[str]:
    """Each finding and its place, as `rule file:line`."""
    return sorted(f"{one['rule']} {one['file']}:{one['line']}" for one in report["findings"])
