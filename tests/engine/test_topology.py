"""What the engine runs beside what the file declares: each difference is made on a real engine."""

import pytest

from book.engine import connect

WIRED = """
services:
  web:
    image: python:3.13-alpine
    command: python -m http.server 5000
    init: true
    ports: ["80:5000"]
    networks: {front: {aliases: [shop]}, back: {}}
    depends_on: [store]
  store:
    image: python:3.13-alpine
    command: python -m http.server 7000
    init: true
    expose: [7000]
    networks: [back]
  more: {image: "python:3.13-alpine", profiles: [debug]}
networks: {front: {}, back: {}}
"""


@pytest.fixture
def stack(written):
    with written(WIRED).up() as stack:
        stack.ask("web")
        yield stack


def test_the_file_as_compose_reads_it(stack):
    more, store, web = stack.declared()
    assert web.networks == {"back": f"{stack.project}_back", "front": f"{stack.project}_front"}
    assert web.aliases == {"front": ("shop",)}
    assert web.ports == {5000: "80"}, "the port of the file, and not the free one of this run"
    assert web.depends_on == {"store": "service_started"}
    assert (store.exposed, more.profiles) == ((7000,), ("debug",))


def test_what_runs_as_declared_has_no_differences_and_every_door_is_tried(stack):
    seen = stack.topology()
    assert seen.differences == ()
    assert {(reach.source, reach.target, reach.verdict) for reach in seen.reaches} == {
        ("store", "store:7000", "open"),
        ("store", "web:5000", "open"),
        ("web", "store:7000", "open"),
        ("web", "web:5000", "open"),
        ("this machine", "web:5000", "open"),
    }


def test_what_was_done_to_it_behind_the_files_back_is_told(stack):
    client, extra = connect(), connect().networks.create(f"{stack.project}_extra")
    try:
        store = stack.service("store").container
        extra.connect(store)
        client.networks.get(f"{stack.project}_back").disconnect(store)
        told = {str(difference) for difference in stack.topology().differences}
        assert told == {
            "store is not on the network back, which the file declares for it",
            "store is on the network extra, which the file does not declare for it",
            "web depends on store, and does not reach it: no such name",
        }
        stack.kill("web")
        assert "web is declared, and does not run: it is exited, exit code 137" in map(str, stack.topology().differences)
    finally:
        extra.disconnect(store, force=True)
        extra.remove()
