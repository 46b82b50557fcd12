"""The build of stand-ins is tried again if an index does not respond for a moment, and only then."""

import subprocess
from types import SimpleNamespace

import pytest

from book.offline import debian, stand_ins
from book.progress import Step

SILENT = "#9 12.3 ReadTimeoutError: Read timed out.\n" + "#9 more\n" * 20
BROKEN = "#9 0.3 RUN ended with exit code 1\n"


@pytest.fixture
def pauses(monkeypatch):
    """The pauses, which no test waits for, on a machine on which the parts are available."""
    made = []
    monkeypatch.setattr(stand_ins.time, "sleep", made.append)
    monkeypatch.setattr(stand_ins.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(stand_ins, "_prepare", lambda step: None)
    return made


@pytest.fixture
def builder(monkeypatch):
    """A builder that prints something else at each try; an empty text is a success."""

    def prints(*texts):
        left = list(texts)

        def tool(*_, **__):
            text = left.pop(0)
            return SimpleNamespace(returncode=int(bool(text)), stderr=text)

        monkeypatch.setattr(stand_ins.plugins, "tool", tool)
        return left

    return prints


def build():
    stand_ins.build(["python:3.13-slim"], Step("bases"))


def test_a_build_succeeds_when_the_index_responds_again(pauses, builder):
    left = builder(SILENT, SILENT, "")
    build()
    assert (pauses, left) == ([5, 20], [])


def test_after_two_more_tries_the_build_has_failed(pauses, builder):
    left = builder(SILENT, SILENT, SILENT, "")
    with pytest.raises(stand_ins.NoStandIn, match="the builder failed:\n#9 more"):
        build()
    assert (pauses, left) == ([5, 20], [""])


def test_a_build_that_fails_for_another_reason_is_not_tried_again(pauses, builder):
    builder(BROKEN)
    with pytest.raises(stand_ins.NoStandIn, match="exit code 1"):
        build()
    assert pauses == []


@pytest.mark.parametrize(
    "problem",
    [
        subprocess.CalledProcessError(1, ["pip"], stderr="NewConnectionError: failed to establish a new connection"),
        debian.NoPackages("apt-get update failed: E: Failed to fetch http://deb.debian.org/debian/dists/trixie"),
    ],
    ids=["PyPI", "Debian"],
)
def test_its_parts_are_fetched_again(pauses, builder, monkeypatch, problem):
    tries = [problem]

    def prepare(step):
        if tries:
            raise tries.pop()

    monkeypatch.setattr(stand_ins, "_prepare", prepare)
    builder("")
    build()
    assert pauses == [5]
