"""The image that connections from inside are made from, and the address of a published port."""

import socket
import threading
import time
from types import SimpleNamespace

import pytest

from book.measure import answer, probe, service
from book.trouble import TookTooLong


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (["python:3.12-slim", "python:3.8-alpine"], "python:3.12-slim"),
        (["python:3.6", "python:3.10", "python:2.7-alpine", "python:3"], "python:3.10"),
        (["docker.io/library/python:3.13-slim", "docker.io/library/python:3.13-alpine"], "docker.io/library/python:3.13-alpine"),
        (["python:3.9.2", "python:3.12-alpine", "python:3.13-alpine"], "python:3.13-alpine"),
    ],
)
def test_what_knocks_is_run_by_a_python_that_can_run_it(monkeypatch, there, taken):
    api = SimpleNamespace(images=lambda: [{"RepoTags": [tag]} for tag in there] + [{"RepoTags": None}])
    monkeypatch.setattr(probe, "connect", lambda: SimpleNamespace(api=api))
    assert probe.python_image() == taken


def test_of_two_ports_with_one_number_the_one_that_can_be_asked_is_shown():
    at = {kind: [{"HostIp": "127.0.0.1", "HostPort": port}] for kind, port in (("53/tcp", "1053"), ("53/udp", "2053"))}
    for ports in (at, dict(reversed(at.items()))):
        container = SimpleNamespace(attrs={"NetworkSettings": {"Ports": ports | {"80/tcp": None}}})
        assert service.published(container) == {53: "127.0.0.1:1053"}


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
def test_an_answer_that_begins_and_never_ends_is_told(monkeypatch, status):
    monkeypatch.setattr(answer, "PATIENCE", 0.5)
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle():
            line, _ = listener.accept()
            with line:
                line.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
                while not asked.is_set():
                    line.sendall(b".")
                    time.sleep(0.05)

        threading.Thread(target=trickle, daemon=True).start()
        with pytest.raises(TookTooLong, match=r"The answer of http://127\.0\.0\.1:\d+/ did not end within 0\.5 seconds"):
            probe.ask(listener.getsockname()[1])
        asked.set()
