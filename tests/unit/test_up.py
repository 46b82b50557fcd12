"""What `up` does when the index that a build fetches from is away for a moment."""

from subprocess import CompletedProcess

import pytest

from book import compose, run, stack

AWAY = "WARNING: Retrying after connection broken by 'NewConnectionError(': [Errno 101] Network is unreachable')'"
REFUSED = "ERROR: No matching distribution found for flaks"


@pytest.fixture
def up(tmp_path, monkeypatch):
    """Brings a file up with a Compose that gives one answer after the other."""

    def bring_up(*answers):
        coming = iter(answers)
        monkeypatch.setattr(compose, "read", lambda *_: (compose.Check("compose.yaml", (), ""), {}))
        monkeypatch.setattr(compose, "override", lambda *_: "")
        monkeypatch.setattr(run, "labels", lambda recipe: {})
        monkeypatch.setattr(stack, "tool", lambda *_, **__: next(coming))
        for silent in ("_sweep", "_last_words"):
            monkeypatch.setattr(stack, silent, lambda _: "")
        return stack.up(tmp_path, "compose.yaml", "x")

    return bring_up


def failed(words):
    return CompletedProcess([], 1, stdout="", stderr=words)


def test_what_was_away_for_a_moment_is_tried_once_more(up):
    assert up(failed(AWAY), CompletedProcess([], 0, "", "")).file == "compose.yaml"


def test_what_stays_away_is_named(up):
    with pytest.raises(stack.StackFailed, match="did not answer: check the network of this machine"):
        up(failed(AWAY), failed(AWAY))


def test_what_is_refused_is_not_tried_again(up):
    with pytest.raises(stack.StackFailed, match="flaks"):
        up(failed(REFUSED), CompletedProcess([], 0, "", ""))
