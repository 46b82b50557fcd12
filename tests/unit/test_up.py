"""What `up` does when the index that a build fetches from is away for a moment, and `watch` when Compose hangs."""

import subprocess
import sys
from subprocess import CompletedProcess

import pytest

from book.engine import leftovers
from book.files import compose, merge
from book.files.config import Configuration
from book.measure import service, stack
from book.measure import up as measure_up
from book.trouble import TookTooLong

AWAY = "WARNING: Retrying after connection broken by 'NewConnectionError(': [Errno 101] Network is unreachable')'"
REFUSED = "ERROR: No matching distribution found for flaks"


@pytest.fixture
def up(tmp_path, monkeypatch):
    """Brings a file up with a Compose that gives one answer after the other."""

    def bring_up(*answers):
        coming = iter(answers)
        monkeypatch.setattr(compose, "read", lambda *_: (compose.Check("compose.yaml", (), ""), Configuration()))
        monkeypatch.setattr(merge, "override", lambda *_: "")
        monkeypatch.setattr(leftovers, "labels", lambda recipe: {})
        monkeypatch.setattr(measure_up, "tool", lambda *_, **__: next(coming))
        for silent in ("_sweep", "_last_words"):
            monkeypatch.setattr(measure_up, silent, lambda _: "")
        return measure_up.up(compose.ComposeFile(tmp_path, "compose.yaml"), "x")

    return bring_up


REMOVED = 'failed to prepare extraction snapshot "extract-55-jLkC sha256:ab": parent snapshot sha256:ab does not exist: not found'


def failed(words):
    return CompletedProcess([], 1, stdout="", stderr=words)


@pytest.mark.parametrize("words", [AWAY, REMOVED], ids=["an index", "a layer"])
def test_what_was_away_for_a_moment_is_tried_once_more(up, words):
    assert up(failed(words), CompletedProcess([], 0, "", "")).file.name == "compose.yaml"


def test_what_stays_away_is_named(up):
    with pytest.raises(service.StackFailed, match="did not answer: check the network of this machine"):
        up(failed(AWAY), failed(AWAY))


def test_what_is_refused_is_not_tried_again(up):
    with pytest.raises(service.StackFailed, match="flaks"):
        up(failed(REFUSED), CompletedProcess([], 0, "", ""))


def test_a_watch_that_does_not_begin_is_told_and_ended(up, monkeypatch):
    """It would fill its pipe with complaints, too, and wait for a reader."""
    hangs = [sys.executable, "-c", "import sys, time; sys.stderr.write('x' * 200_000); print('later', flush=True); time.sleep(60)"]
    started = []

    def start(*_, **options):
        started.append(subprocess.Popen(hangs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[0]

    monkeypatch.setattr(stack, "start", start)
    monkeypatch.setattr(stack, "_WATCH_SECONDS", 1)
    with pytest.raises(TookTooLong, match=r"compose\.yaml: the start of docker compose watch did not end within 1 seconds"):
        with up(CompletedProcess([], 0, "", "")).watch():
            pass
    assert started[0].poll() is not None
