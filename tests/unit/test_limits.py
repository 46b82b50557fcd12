"""How long something is waited for, on a clock of the test's own."""

import pytest

from book.measure import limits
from book.trouble import Trouble


class Clock:
    """A clock that moves only while somebody pauses."""

    def __init__(self):
        self.now = 0.0

    def pause(self, seconds):
        self.now += seconds

    def wait(self, holds, seconds, every=1.0):
        return limits.wait_until(holds, seconds, every, lambda: self.now, self.pause)


def test_what_holds_at_once_takes_no_time():
    clock = Clock()
    assert clock.wait(lambda: True, 0)
    assert clock.now == 0


def test_what_comes_in_time_is_waited_for():
    clock = Clock()
    assert clock.wait(lambda: clock.now >= 3, 5)
    assert clock.now == 3


def test_what_never_comes_ends_at_the_limit():
    clock = Clock()
    assert not clock.wait(lambda: False, 5)
    assert clock.now == 6


def test_an_end_without_the_thing_is_told_in_seconds():
    with pytest.raises(Trouble, match=r"within 0\.05 seconds"):
        limits.seconds_until(lambda: False, 0.05)
