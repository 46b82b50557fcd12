"""When things happened: the order a chapter draws, and never how long it took."""

import pytest

from book.measure.limits import NotInTime, seconds_until

# The app gives up where its first connect fails, as an app with nothing but depends_on does; the slow script keeps it failing.
SHOP = """
services:
  app:
    image: python:3.13-alpine
    init: true
    ports: ["5000:5000"]
    depends_on: {database: {condition: "${CONDITION}"}}
    command: sh -c 'python -c "import socket; socket.create_connection((\\"database\\", 5432))" && exec python -m http.server 5000'
  database:
    image: postgres:17
    environment: {POSTGRES_PASSWORD: secret}
    ports: ["5432:5432"]
    volumes: ["./slow.sh:/docker-entrypoint-initdb.d/slow.sh"]
    healthcheck: {test: pg_isready -h 127.0.0.1, interval: 1s, start_period: 30s, start_interval: 250ms}
"""
ASK = ("http://app:5000/", "postgres://database:5432")


@pytest.fixture(scope="module")
def shop(written):
    return written(SHOP, **{"slow.sh": "sleep 5\n"})


def whats(timeline, service):
    return [event.what for event in timeline.events if event.service == service]


def test_a_service_that_waits_for_a_healthy_one_answers_after_it(shop):
    stack, timeline = shop.time_up(ask=ASK, CONDITION="service_healthy")
    with stack:
        assert stack.service("app").state == "running"
    order = ["created", "started", "first answer"]
    assert [what for what in dict.fromkeys(whats(timeline, "app")) if what in order] == order
    assert timeline.at("database", "created") < timeline.at("database", "started") < timeline.at("database", "first answer")
    assert timeline.at("database", "healthy") < timeline.at("app", "started") < timeline.at("app", "first answer")
    assert min(event.seconds for event in timeline.events if event.service != "up") == 0
    assert timeline.at("app", "exited") is None
    details = {event.detail for event in timeline.events if (event.service, event.what) == ("database", "failed try")}
    assert "closes the connection" in details, "docker-proxy accepts before the database does"


def test_a_service_that_only_starts_in_order_fails_each_time_and_is_not_waited_for(shop):
    for timeline in shop.race(2, ask=ASK[:1], CONDITION="service_started"):
        assert timeline.at("app", "exited") is not None
        assert timeline.at("app", "first answer") is None
        assert "exit code 1" in {event.detail for event in timeline.events}


def test_a_run_that_does_not_come_up_is_part_of_the_race(written):
    unwell = """
services:
  web:
    image: python:3.13-alpine
    command: sleep 1000
    ports: ["5000:5000"]
    healthcheck: {test: "false", interval: 100ms, retries: 1}
"""
    (timeline,) = written(unwell).race(1, ask=["http://web:5000"], wait=True)
    assert timeline.at("web", "unhealthy") < timeline.at("up", "failed")
    assert timeline.at("up", "returned") is None
    assert timeline.at("web", "exited") is None, "our own clean-up is no part of what happened"


def test_an_edit_is_timed_from_the_save_to_the_response(written):
    recipe = written(
        "services: {web: {image: 'python:3.13-alpine', init: true, command: python -m http.server 5000 -d /app, "
        "ports: ['5000:5000'], volumes: ['./:/app']}}",
        **{"page.html": "old"},
    )
    with recipe.up() as stack:
        assert stack.ask("web", "/page.html").text == "old"
        (recipe.path / "page.html").write_text("new")
        assert seconds_until(lambda: "new" in stack.ask("web", "/page.html").text) > 0


def test_what_never_comes_is_told():
    with pytest.raises(NotInTime, match=r"within 0\.1 seconds"):
        seconds_until(lambda: False, limit=0.1)
