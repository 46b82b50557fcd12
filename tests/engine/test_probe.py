"""What reaches what, from inside services with no tools in them and from this machine."""

import pytest

from book.measure.limits import seconds_until
from book.measure.probe import HERE

NETWORKS = """
services:
  web:
    image: python:3.13-alpine
    command: python -m http.server 5000
    init: true
    ports: ["5000:5000"]
    networks: [front, back]
  closed:
    image: python:3.13-alpine
    command: sleep 1000
    init: true
    ports: ["7000:7000"]
    networks: [back]
  apart:
    image: python:3.13-alpine
    command: sleep 1000
    init: true
    networks: [apart]
  twice:
    image: python:3.13-alpine
    command: python -m http.server 5000
    init: true
    deploy: {replicas: 2}
    networks: [back]
  looping:
    image: python:3.13-alpine
    command: "false"
    restart: always
    networks: [back]
  gone:
    image: python:3.13-alpine
    command: "true"
    networks: [back]
  brief:
    image: python:3.13-alpine
    command: sleep 1
    restart: always
    networks: [apart]
networks: {front: {}, back: {}, apart: {}}
"""

DATABASE = """
services:
  database:
    image: postgres:17
    environment: {POSTGRES_PASSWORD: secret}
    ports: ["5432:5432"]
    healthcheck: {test: pg_isready -h 127.0.0.1, interval: 1s, start_period: 30s, start_interval: 250ms}
"""


@pytest.fixture(scope="module")
def stack(written):
    with written(NETWORKS).up(wait=False) as stack:
        stack.ask("web")
        seconds_until(lambda: stack.service("gone").state == "exited")
        yield stack


def verdicts(reaches):
    return {(reach.source, reach.target): reach.verdict for reach in reaches}


def test_from_inside_names_ports_and_pages(stack):
    seen = stack.reach("web", "twice", "nobody", "web:5000", "web:81", "http://web:5000", "http://web:5000/none", sources=["closed"])
    assert [reach.text for reach in seen] == [
        "resolves",
        "resolves to 2 addresses",
        "no such name",
        "open",
        "refused",
        "answers",
        "answers 404",
    ]
    assert [reach.ok for reach in seen] == [True, True, False, True, False, True, False]
    assert len(seen[1].addresses) == 2
    assert "Connection refused" in seen[4].error


def test_networks_keep_services_apart(stack):
    assert verdicts(stack.reach("web:5000", sources=["closed", "apart"])) == {
        ("closed", "web:5000"): "open",
        ("apart", "web:5000"): "no such name",
    }


def test_an_address_on_another_network_does_not_answer_in_time(stack):
    (address,) = stack.service("closed").addresses.values()
    (seen,) = stack.reach(f"{address}:7000", sources=["apart"], limit=1)
    assert seen.verdict == "no answer in time"


def test_what_does_not_run_says_so(stack):
    seen = stack.reach("web", "web:5000", sources=["looping", "gone"])
    assert {reach.verdict for reach in seen} == {"not running"}
    assert seen[-1].error == "the container is exited"


def test_what_ends_while_it_is_asked_gets_no_verdict_on_others(stack):
    (address,) = stack.service("closed").addresses.values()
    (seen,) = stack.reach(f"{address}:7000", sources=["brief"], limit=2)
    assert seen.verdict == "not running"


def test_all_services_are_sources_where_none_is_named(stack):
    assert [reach.source for reach in stack.reach("web")] == ["apart", "brief", "closed", "gone", "looping", "twice", "web"]


def test_from_this_machine_through_the_published_port(stack):
    seen = stack.reach("http://web:5000", "web:5000", "web:81", "closed:7000", "http://closed:7000", "web", sources=[HERE])
    assert [reach.verdict for reach in seen] == [
        "answers",
        "open",
        "not published",
        "closes the connection",
        "closes the connection",
        "no such name",
    ]
    assert {reach.source for reach in seen} == {HERE}


def test_postgres_answers_in_its_own_protocol_and_not_in_http(written):
    with written(DATABASE).up() as stack:
        seen = stack.reach("postgres://database", "http://database:5432", sources=["database", HERE])
        assert [reach.verdict for reach in seen] == ["answers", "closes the connection", "answers", "closes the connection"]
