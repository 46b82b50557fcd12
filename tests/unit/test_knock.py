"""Verdicts of a connection, against servers of our own on this machine: no engine needed."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from book.measure import knock
from book.measure.knock import HUNG_UP, NOT_HTTP, NOT_POSTGRES, attempt, attempt_all, split
from book.measure.verdict import Verdict


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                answer(line)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def refusal(state: bytes, message: bytes) -> bytes:
    fields = b"SFATAL\0C" + state + b"\0M" + message + b"\0\0"
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


def told(scheme: str, reply: bytes | None) -> tuple[bool, str, str]:
    def answer(line: socket.socket) -> None:
        if reply is None:
            asked.wait(60)
        line.recv(1000) if reply else None
        line.sendall(reply or b"")

    asked = threading.Event()
    with server(answer) as port:
        seen = attempt(f"{scheme}127.0.0.1:{port}", 0.5 if reply is None else 30)
        asked.set()
    return seen["ok"], seen["verdict"], seen["error"]


def test_a_postgres_that_starts_is_told_from_one_that_is_ready():
    assert told("postgres://", refusal(b"57P03", b"the database system is starting up")) == (
        False,
        "not ready",
        "the database system is starting up",
    )
    assert told("postgres://", refusal(b"28000", b"no such role"))[:2] == (True, "answers")
    assert told("postgres://", b"R\0\0\0\x08\0\0\0\x0a")[:2] == (True, "answers")
    assert told("postgres://", b"HTTP/1.1 400 no\r\n\r\n")[:2] == (False, NOT_POSTGRES)
    assert told("postgresql://", b"")[:2] == (False, HUNG_UP)


def test_a_port_that_is_only_held_by_a_proxy_is_not_open():
    assert told("", b"")[:2] == (False, HUNG_UP)
    assert told("", None)[:2] == (True, "open")


def test_http_is_told_from_other_tongues_and_from_silence():
    assert told("http://", b"HTTP/1.1 200 OK\r\n\r\n")[:2] == (True, "answers")
    assert told("http://", b"HTTP/1.1 503 Not yet\r\n\r\n") == (False, "answers with an error", "Not yet")
    assert told("http://", b"220 mail here\r\n")[:2] == (False, NOT_HTTP)
    assert told("http://", b"")[:2] == (False, HUNG_UP)
    assert told("http://", None)[:2] == (False, "no answer in time")


def test_all_are_asked_at_once():
    """Neither of the two answers before the other one is asked."""
    both = threading.Barrier(2, timeout=60)

    def together(line: socket.socket) -> None:
        both.wait()
        line.recv(1000)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with server(together) as one, server(together) as two:
        seen = attempt_all([f"http://127.0.0.1:{one}", f"http://127.0.0.1:{two}", "localhost"], 60)
    assert [each["verdict"] for each in seen] == ["answers", "answers", "resolves"]


def test_none_is_asked_beyond_its_limit():
    over = threading.Event()

    def wait(line: socket.socket) -> None:
        over.wait(60)

    with server(wait) as one, server(wait) as two:
        seen = attempt_all([f"http://127.0.0.1:{one}", f"http://127.0.0.1:{two}"], 0.5)
        over.set()
    assert [each["verdict"] for each in seen] == ["no answer in time"] * 2


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("web", ("name", "web", 0, "")),
        ("web:5000", ("port", "web", 5000, "")),
        ("http://web/a?b=c", ("http", "web", 80, "/a?b=c")),
        ("postgresql://database", ("postgres", "database", 5432, "")),
    ],
)
def test_a_target_says_what_is_spoken(target, parts):
    assert split(target) == parts


@pytest.mark.parametrize("target", ["ftp://web:21", "", "http://", "web:port"])
def test_a_target_that_is_none_is_refused(target):
    with pytest.raises(ValueError, match="ort"):
        split(target)


def test_a_service_keeps_its_capitals():
    assert split("Web:5000")[1:3] == ("Web", 5000)
    assert split("http://Web:Web@Web/hello")[1] == "Web"
    assert split("postgres://[::1]:5432")[1:3] == ("::1", 5432)


def test_the_constants_of_the_file_that_runs_alone_are_the_verdicts():
    names = [name for name, value in vars(knock).items() if name.isupper() and not name.startswith("_") and isinstance(value, str)]
    assert {name: getattr(knock, name) for name in names} == {name: Verdict[name].value for name in names}
    assert set(Verdict) - {getattr(knock, name) for name in names} == {Verdict.NOT_RUNNING, Verdict.NOT_PUBLISHED}
