import io
import subprocess
import sys
from contextlib import suppress

import pytest
from docker.errors import ImageNotFound, NotFound

from book import engine
from book.engine import labels, leftovers
from book.engine import labels as engine_labels
from book.measure import builder, classic

pytestmark = pytest.mark.alone  # it removes what ended runs left, and another process would be faster

SLEEPER = ["sleep", "300"]


def start(labels):
    client = engine.connect()
    return client.containers.run("python:3.13-alpine", SLEEPER, labels=labels, detach=True, init=True)


def is_removed(container) -> bool:
    try:
        container.reload()
    except NotFound:
        return True
    return False


def labels_of_an_ended_process() -> dict[str, str]:
    code = "from book.engine import labels; print(labels.PROCESS)"
    process = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    return {**leftovers.labels("x"), f"{labels.LABEL}.process": process}


def test_only_the_leftovers_of_ended_runs_are_removed():
    dead, living = start(labels_of_an_ended_process()), start(leftovers.labels("x"))
    leftovers.reap(engine.connect())
    assert is_removed(dead)
    assert not is_removed(living)
    leftovers.reap(engine.connect(), only=labels.RUN)
    assert is_removed(living)


@pytest.mark.parametrize("whole", [False, True], ids=["with some of its labels", "with all labels of an ended run"])
def test_a_build_step_without_all_of_its_labels_is_not_removed(whole):
    """The classic builder creates an image for each label: the build fails if one of them is removed."""
    labels = {
        name: value
        for name, value in labels_of_an_ended_process().items()
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


def test_containers_of_others_are_never_removed():
    other = start({"somebody": "else"})
    try:
        leftovers.reap(engine.connect(), everything=False)
        leftovers.reap(engine.connect(), only=labels.RUN)
        assert not is_removed(other)
    finally:
        other.remove(force=True)


def test_containers_of_another_machine_on_the_same_engine_are_not_removed():
    other = start({**labels_of_an_ended_process(), f"{labels.LABEL}.machine": "elsewhere"})
    try:
        leftovers.reap(engine.connect())
        assert not is_removed(other)
    finally:
        other.remove(force=True)


def test_a_network_that_someone_else_uses_is_kept_and_named():
    client = engine.connect()
    network = client.networks.create("book-test-kept", labels=labels_of_an_ended_process())
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


def test_networks_and_volumes_are_removed_too():
    client, labels = engine.connect(), labels_of_an_ended_process()
    network = client.networks.create("book-test-reap", labels=labels)
    volume = client.volumes.create("book-test-reap", labels=labels)
    removed = leftovers.reap(client)
    assert network.name in removed.networks
    assert volume.name in removed.volumes
    assert client.networks.list(names=["book-test-reap"]) == []


def test_the_unlabelled_images_of_a_build_that_the_classic_builder_refuses_are_removed_too(tmp_path):
    client = engine.connect()
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-alpine\nRUN echo one > /one\nRUN exit 1\n")
    build = builder.Build(tmp_path, "Dockerfile", "book-test:classic", leftovers.labels("x"), None, {}, True, lambda line: None)
    with pytest.raises(builder.BuildFailed, match="line 3"):
        classic.build(build)
    base, step = (
        note for note in (leftovers._notes_of(client) / labels.PROCESS).read_text().split() if not note.endswith(leftovers._OF_A_STEP)
    )
    assert client.images.get(step)
    leftovers.reap(client, only=labels.RUN)
    assert client.images.get(base).tags == ["python:3.13-alpine"]
    with pytest.raises(ImageNotFound):
        client.images.get(step)
