"""Small Compose projects on the real engine, and a look at what they leave."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from book import Recipe, run
from book.engine import connect

WEB = """
services:
  web:
    image: python:3.13-alpine
    command: python -m http.server 5000
    init: true
    ports: ["5000:5000"]
"""


def ours() -> set[str]:
    """Everything on the engine that carries the label of this run."""
    client, filters = connect(), {"label": f"{run.LABEL}={run.RUN}"}
    kinds = (client.containers.list(all=True, filters=filters), client.networks.list(filters=filters))
    kinds += (client.volumes.list(filters=filters), client.images.list(all=True, filters=filters))
    return {thing.id for kind in kinds for thing in kind}


@pytest.fixture(scope="module")
def clean() -> Iterator[None]:
    """Nothing of ours is on the engine when the tests of a file are through."""
    before = ours()
    yield
    assert ours() == before


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, clean: None) -> Callable[..., Recipe]:
    """Write the files of a recipe, named by their paths, and return it."""

    def write(compose: str = WEB, **files: str) -> Recipe:
        folder: Path = tmp_path_factory.mktemp("recipe")
        (folder / "compose.yaml").write_text(compose)
        for name, text in files.items():
            (folder / name).write_text(text)
        return Recipe(folder)

    return write
