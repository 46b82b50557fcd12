"""What a soak makes of the rounds that it saw."""

import pytest

from book.chapters.running import Failure
from book.chapters.soak import HEAD, Round, grown

MB = 1 << 20


def a_round(name="1", **changed):
    given = {"seconds": 60.0, "held": frozenset({"network one", "image two"}), "reaped": 0, "cache": 0, "engine": None}
    return Round(name, **given | {"handles": 6, "memory": 90 * MB} | changed)


BEFORE, FIRST = a_round("before", seconds=0.0, memory=60 * MB), a_round()


def test_nothing_has_grown_where_each_round_leaves_what_it_found():
    assert grown([BEFORE, FIRST, a_round("2", handles=14, memory=150 * MB)]) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"held": BEFORE.held | {"container three"}}, "The engine holds more than before: container three."),
        ({"handles": 15}, "9 more file handles than after the first round."),
        ({"memory": 160 * MB}, "70 MB more memory than after the first round."),
    ],
)
def test_what_has_grown_is_named(changed, said):
    assert grown([BEFORE, FIRST, a_round("2", **changed)]) == [said]


def test_what_the_first_round_leaves_is_a_growth_too():
    assert grown([BEFORE, a_round(held=BEFORE.held | {"volume four"})]) == ["The engine holds more than before: volume four."]


def test_without_a_round_there_is_nothing_to_say():
    assert grown([BEFORE]) == []


def test_each_value_stands_below_its_head():
    shown = a_round("3 at once", seconds=1090.4, reaped=2, cache=3823 * MB, engine=148 * MB, failures=(Failure("08", "no"),))
    names, values = HEAD.split(), str(shown).replace("3 at once", "3-at-once").replace(" MB", "-MB").split()
    beside = dict(zip(names, values, strict=True))
    assert beside == {
        "round": "3-at-once",
        "seconds": "1090.4",
        "containers": "0",
        "networks": "1",
        "volumes": "0",
        "images": "1",
        "reaped": "2",
        "cache": "3823-MB",
        "dockerd": "148-MB",
        "handles": "6",
        "memory": "90-MB",
        "failed": "1",
    }
    assert len(HEAD.removesuffix("  failed")) == len(str(shown).removesuffix("  1"))
