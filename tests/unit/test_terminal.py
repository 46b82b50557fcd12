"""Calls are announced: the outermost ones, with what came of them, from whichever thread."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from book.notebook import shortened
from book.terminal import Call, Came, Typed, announced, listen, quiet
from book.trouble import Trouble


class Refused(Trouble):
    exit_code = 17


def _described(came: Came, what: str):
    yield Typed(f"do {what}", exit_code=came.exit_code, printed=str(came.result or ""))


@announced(_described)
def do(what: str) -> str:
    if what == "fail":
        raise Refused("no")
    if what == "crash":
        raise ValueError("no")
    return do("inner") if what == "outer" else what


@pytest.fixture
def heard():
    calls = []
    with listen(calls.append):
        yield calls


def commands(calls):
    return [typed.command for call in calls for typed in call.typed]


def test_a_call_is_announced_with_what_came_of_it(heard):
    assert do("this") == "this"
    assert heard == [Call((Typed("do this", printed="this"),))]


def test_a_call_within_a_call_is_not_announced(heard):
    do("outer")
    assert commands(heard) == ["do outer"]


@pytest.mark.parametrize(("what", "code"), [("fail", 17), ("crash", 1)])
def test_a_call_that_raises_is_announced_with_its_exit_code_and_raises(heard, what, code):
    with pytest.raises((Refused, ValueError)):
        do(what)
    assert [typed.exit_code for typed in heard[0].typed] == [code]


def test_nothing_is_announced_where_nobody_listens_or_all_is_quiet(heard):
    with quiet():
        do("this")
    assert heard == []
    do("that")
    assert commands(heard) == ["do that"]


def test_a_fault_of_a_description_does_not_hide_the_error(heard):
    def broken(came):
        raise KeyError("a fault")

    @announced(broken)
    def fails():
        raise Refused("the error")

    with pytest.raises(Refused, match="the error"):
        fails()


def test_calls_in_threads_are_announced_each_for_itself(heard):
    together = threading.Barrier(2)

    def _one(came, name):
        yield Typed(name)

    @announced(_one)
    def one(name):
        together.wait(30)  # both are within their calls

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ("first", "second")))
    assert sorted(commands(heard)) == ["first", "second"]


def test_quiet_holds_for_its_own_thread_only(heard):
    with quiet(), ThreadPoolExecutor(1) as pool:
        pool.submit(do, "elsewhere").result()
    assert commands(heard) == ["do elsewhere"]


def calls(*names, printed=""):
    return [Call((Typed(name, printed=printed),)) for name in names]


@pytest.mark.parametrize(
    ("made", "shown"),
    [("ab", "ab"), ("aa", "a"), ("aaaa", "a"), ("abab", "ab"), ("ababab", "ab"), ("abcabc", "abc"), ("aba", "aba"), ("abba", "aba")],
)
def test_a_loop_is_shown_once(made, shown):
    kept = []
    for call in calls(*made):
        kept = shortened([*kept, call])
    assert "".join(commands(kept)) == shown


def test_of_a_loop_the_last_turn_is_shown():
    kept = shortened(calls("a", printed="before") + calls("a", printed="after"))
    assert [(typed.printed, typed.repeated) for call in kept for typed in call.typed] == [("after", True)]


def test_the_metadata_has_only_what_is_known():
    assert Typed("curl x").facts() == {"command": "curl x", "folder": "", "exit": 0}
    full = Typed("c", "f", 3, (200, "hello"), "out", "slim", 7, {"web": "healthy"}, True).facts()
    assert full == {
        "command": "c",
        "folder": "f",
        "exit": 3,
        "answer": {"status": 200, "text": "hello"},
        "printed": "out",
        "image": "slim",
        "size": 7,
        "states": {"web": "healthy"},
        "repeated": True,
    }
