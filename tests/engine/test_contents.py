"""The contents of an image, compared with the results of `dive` for the same layers."""

import json
import subprocess
import sysconfig
from pathlib import Path

import pytest

from book import Recipe, engine

BASE = "FROM python:3.13-alpine\n"
DIVE = Path(sysconfig.get_path("scripts")) / "dive"
NEAR = 0.01  # the two differ a little if a base image overwrites small files in its own layers


def write(path, megabytes=5):
    return f"RUN dd if=/dev/zero of={path} bs=1000000 count={megabytes}\n"


@pytest.fixture
def built(tmp_path):
    def build(text):
        (tmp_path / "Dockerfile").write_text(BASE + text)
        return Recipe(tmp_path).build()

    return build


@pytest.fixture
def dive(tmp_path):
    """The results of dive for an image: its efficiency, and the bytes of each path that is in more than one layer."""

    def measure(image):
        report = tmp_path / "dive.json"
        report.unlink(missing_ok=True)  # dive only overwrites the beginning of an existing file
        command = [DIVE, image.id, "--json", report]
        done = subprocess.run(command, env={"DOCKER_HOST": engine.address(), "HOME": str(tmp_path)}, capture_output=True, text=True)
        assert report.exists(), done.stdout + done.stderr
        result = json.loads(report.read_text())
        bytes_of = {one["file"]: one["sizeBytes"] for one in result["image"]["fileReference"]}
        return result["image"]["efficiencyScore"], bytes_of, result["layer"]

    return measure


def ours(image):
    return [layer for layer in image.contents().layers if not layer.from_base]


def hidden(image):
    return {one.path: one.size for layer in ours(image) for one in layer.hidden}


def test_each_layer_has_its_instruction_its_bytes_and_its_largest_files(built, dive):
    image = built(write("/five") + "ENV A=b\nRUN mkdir /in && cp /five /in/a && ln /in/a /in/b && ln -s a /in/c\n")
    first, second = ours(image)
    assert first.instruction == "RUN dd if=/dev/zero of=/five bs=1000000 count=5"
    assert (second.instruction.split()[:2], second.files) == (["RUN", "mkdir"], 3)
    assert [(part.path, part.size) for part in second.largest_files] == [("/in/a", 5_000_000)]
    assert ("/in/", 5_000_000) in [(part.path, part.size) for part in second.largest_folders]
    _, _, layers = dive(image)
    assert [layer.size for layer in image.contents().layers] == [layer["sizeBytes"] for layer in layers]


def test_an_image_that_hides_nothing_is_as_efficient_as_its_base(built, dive):
    image = built(write("/five"))
    assert hidden(image) == {}
    assert image.contents().efficiency == pytest.approx(dive(image)[0], abs=NEAR)
    assert image.contents().efficiency > 0.98


def test_a_file_that_is_overwritten_is_wasted_once(built, dive):
    image = built(write("/five") + write("/five"))
    efficiency, bytes_of, _ = dive(image)
    assert hidden(image) == {"/five": 5_000_000}
    assert bytes_of["/five"] == 10_000_000  # dive counts the version in use as well
    assert image.contents().efficiency == pytest.approx(efficiency, abs=NEAR)


def test_deleted_files_are_wasted_entirely(built, dive):
    image = built(write("/five") + write("/three", 3) + "RUN rm /five /three\n")
    efficiency, bytes_of, _ = dive(image)
    assert hidden(image) == {"/five": bytes_of["/five"], "/three": bytes_of["/three"]} == {"/five": 5_000_000, "/three": 3_000_000}
    assert image.contents().efficiency == pytest.approx(efficiency, abs=NEAR)


def test_dive_finds_the_same_waste_in_a_recipe(dive):
    image = Recipe("03-smaller-images").build("two-runs.Dockerfile")
    efficiency, bytes_of, _ = dive(image)
    assert hidden(image) == {"/ballast": bytes_of["/ballast"]}
    assert image.contents().efficiency == pytest.approx(efficiency, abs=NEAR)
    assert image.contents().efficiency < 0.75


def test_a_deleted_folder_is_wasted_here_and_not_in_dive(built, dive):
    image = built(write("/in/five").replace("RUN", "RUN mkdir /in &&") + "RUN rm -r /in\n")
    assert hidden(image) == {"/in/": 5_000_000}
    assert image.contents().efficiency < dive(image)[0] - 0.05


def test_of_an_overwritten_file_the_version_in_use_counts_here_and_the_smallest_in_dive(built, dive):
    image = built(write("/file", 1) + write("/file", 9))
    assert hidden(image) == {"/file": 1_000_000}
    assert image.contents().efficiency > dive(image)[0] + 0.05
