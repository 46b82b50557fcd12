"""From which image the knocking is done, and on which address a port is knocked at."""

from types import SimpleNamespace

import pytest

from book import probe, stack


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (["python:3.12-slim", "python:3.8-alpine"], "python:3.12-slim"),
        (["python:3.6", "python:3.10", "python:2.7-alpine", "python:3"], "python:3.10"),
        (["python:3.9.2", "python:3.12-alpine", "python:3.13-alpine"], "python:3.13-alpine"),
    ],
)
def test_what_knocks_is_run_by_a_python_that_can_run_it(monkeypatch, there, taken):
    api = SimpleNamespace(images=lambda: [{"RepoTags": [tag]} for tag in there] + [{"RepoTags": None}])
    monkeypatch.setattr(probe, "connect", lambda: SimpleNamespace(api=api))
    assert probe._python() == taken


def test_of_two_ports_with_one_number_the_one_that_can_be_asked_is_shown():
    at = {kind: [{"HostIp": "127.0.0.1", "HostPort": port}] for kind, port in (("53/tcp", "1053"), ("53/udp", "2053"))}
    for ports in (at, dict(reversed(at.items()))):
        container = SimpleNamespace(attrs={"NetworkSettings": {"Ports": ports | {"80/tcp": None}}})
        assert stack.published(container) == {53: "127.0.0.1:1053"}
