"""Nothing of a check is left: on the engine, or in the folder for temporary files."""

import tempfile
from pathlib import Path

import pytest

from book.engine import connect, labels

LABELS = {"label": f"{labels.LABEL}={labels.RUN}"}  # of this process: others use the same engine at the same time


def left() -> set[str]:
    """What of this run is on the engine, by kind and id; images without a label of ours are not those of a check."""
    client = connect()
    kinds = {
        "container": client.containers.list(ignore_removed=True, all=True, filters=LABELS),
        "network": client.networks.list(filters=LABELS),
        "volume": client.volumes.list(filters=LABELS),
        "image": client.images.list(all=True, filters=LABELS),
    }
    return {f"{kind} {thing.id}" for kind, things in kinds.items() for thing in things}


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch, tmp_path):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    before = left()
    yield
    assert left() == before
    assert [path.name for path in Path(place).glob("recipe-*")] == []
