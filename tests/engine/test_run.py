import io
import subprocess
import sys
from contextlib import suppress

import pytest
from docker.errors import ImageNotFound, NotFound

from book import engine
from book.engine import labels, leftovers
from book.engine import labels as engine_labels
from book.measure.builder import BuildFailed
from book.recipe import Recipe

SLEEPER = ["sleep", "300"]


def start(labels):
    client = engine.connect()
    return client.containers.run("python:3.13-alpine", SLEEPER, labels=labels, detach=True, init=True)


def gone(container) -> bool:
    try:
        container.reload()
    except NotFound:
        return True
    return False


def labels_of_a_dead_process() -> dict[str, str]:
    code = "from book.engine import labels; print(labels.PROCESS)"
    process = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    return {**leftovers.labels("x"), f"{labels.LABEL}.process": process}


def test_what_a_dead_run_left_is_removed_and_what_a_living_one_holds_is_not():
    dead, living = start(labels_of_a_dead_process()), start(leftovers.labels("x"))
    leftovers.reap(engine.connect())
    assert gone(dead)
    assert not gone(living)
    leftovers.reap(engine.connect(), only=labels.RUN)
    assert gone(living)


@pytest.mark.parametrize("whole", [False, True], ids=["with some of its labels", "with all labels of a dead run"])
def test_a_step_of_a_build_that_has_not_all_of_its_labels_yet_is_left_alone(whole):
    """The SDK's builder makes an image for each label: to take one away fails the build that goes on from there."""
    labels = {
        name: value
        for name, value in labels_of_a_dead_process().items()
        if whole or name in (engine_labels.LABEL, f"{engine_labels.LABEL}.machine")
    }
    lines = "".join(f"LABEL {name}={value}\n" for name, value in labels.items())
    client = engine.connect()
    step, _ = client.images.build(fileobj=io.BytesIO(f"FROM python:3.13-alpine\n{lines}".encode()), rm=True)
    try:
        leftovers.reap(client)
        assert [image.id for image in client.images.list(all=True) if image.id == step.id] == ([] if whole else [step.id])
    finally:
        with suppress(ImageNotFound):
            client.images.remove(step.id, force=True)


def test_what_is_not_ours_is_never_touched():
    other = start({"somebody": "else"})
    try:
        leftovers.reap(engine.connect(), everything=False)
        leftovers.reap(engine.connect(), only=labels.RUN)
        assert not gone(other)
    finally:
        other.remove(force=True)


def test_what_another_machine_runs_on_the_same_engine_is_left_to_it():
    other = start({**labels_of_a_dead_process(), f"{labels.LABEL}.machine": "elsewhere"})
    try:
        leftovers.reap(engine.connect())
        assert not gone(other)
    finally:
        other.remove(force=True)


def test_what_somebody_else_uses_stays_and_is_named():
    client = engine.connect()
    network = client.networks.create("book-test-kept", labels=labels_of_a_dead_process())
    other = client.containers.run("python:3.13-alpine", SLEEPER, network=network.name, detach=True, init=True)
    try:
        removed = leftovers.reap(client)
        assert network.name not in removed.networks
        (kept,) = removed.kept
        assert kept.startswith("network book-test-kept: ")
        assert "active endpoints" in kept
    finally:
        other.remove(force=True)
        network.remove()


def test_networks_and_volumes_go_too():
    client, labels = engine.connect(), labels_of_a_dead_process()
    network = client.networks.create("book-test-reap", labels=labels)
    volume = client.volumes.create("book-test-reap", labels=labels)
    removed = leftovers.reap(client)
    assert network.name in removed.networks
    assert volume.name in removed.volumes
    assert client.networks.list(names=["book-test-reap"]) == []


def test_the_unlabelled_images_of_a_failed_build_go_too(tmp_path):
    client = engine.connect()
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-alpine\nRUN echo one > /one\nRUN exit 1\n")
    with pytest.raises(BuildFailed):
        Recipe(tmp_path).build()
    base, step = (
        note for note in (leftovers._notes_of(client) / labels.PROCESS).read_text().split() if not note.endswith(leftovers._OF_A_STEP)
    )
    assert client.images.get(step)
    leftovers.reap(client, only=labels.RUN)
    assert client.images.get(base).tags == ["python:3.13-alpine"]
    with pytest.raises(ImageNotFound):
        client.images.get(step)
