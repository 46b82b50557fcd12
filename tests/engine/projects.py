"""A small Compose project, and what of this run is on the engine."""

from book.engine import connect, labels

WEB = """
services:
  web:
    image: python:3.13-alpine
    command: python -m http.server 5000
    init: true
    ports: ["5000:5000"]
"""


def ours() -> set[str]:
    """Everything on the engine with the label of this run."""
    client, filters = connect(), {"label": f"{labels.LABEL}={labels.RUN}"}
    kinds = (client.containers.list(ignore_removed=True, all=True, filters=filters), client.networks.list(filters=filters))
    kinds += (client.volumes.list(filters=filters), client.images.list(all=True, filters=filters))
    return {thing.id for kind in kinds for thing in kind}
