"""What a chapter relies on when it brings a Compose file up."""

import os
import socket
import subprocess
import sys

import pytest
from projects import WEB, ours

from book.engine import connect, labels, leftovers
from book.engine import labels as engine_labels
from book.measure.limits import seconds_until
from book.measure.service import StackError, StackFailed

EVERYTHING = """
version: '3.8'
services:
  web:
    build: .
    image: one-name-for/everyone
    command: python -m http.server 5000
    init: true
    environment: ["WHO=${WHO:-nobody}", SECRET=plain]
    ports: ["80:5000"]
    networks: [default, back]
    volumes: [named:/named, /anonymous]
    healthcheck: {test: "wget -q -O /dev/null http://127.0.0.1:5000", start_period: 20s, start_interval: 250ms}
  other:
    image: one-name-for/everyone
    command: sleep 1000
  sometimes:
    image: python:3.13-alpine
    command: sleep 1000
    profiles: [more]
networks: {back: {}}
volumes: {named: {}}
"""


@pytest.fixture(scope="module")
def stack(written):
    recipe = written(EVERYTHING, Dockerfile="FROM python:3.13-alpine\nRUN echo here > /where\n")
    with recipe.up(WHO="me", profiles=["more"]) as stack:
        yield stack


def test_services_tell_state_health_addresses_and_process_one(stack):
    web = stack.service("web")
    assert [service.name for service in stack.services()] == ["other", "sometimes", "web"]
    assert (web.state, web.health, web.exit_code, web.restarts) == ("running", "healthy", 0, 0)
    assert {name.removeprefix(f"{stack.project}_") for name in web.addresses} == {"default", "back"}
    assert "docker-init" in web.command
    assert stack.service("other").command == "sleep 1000"


def test_ports_are_free_ones_of_this_machine_only(stack):
    (at,) = stack.service("web").published.values()
    assert at.startswith("127.0.0.1:")
    assert not at.endswith(":80")
    assert stack.url("web") == stack.url("web", 5000) == f"http://{at}"
    assert "Directory listing" in stack.ask("web").text
    assert stack.ask("web", "/nothing-here").status == 404


def test_an_unpublished_port_and_an_unknown_service_are_told_with_what_there_is(stack):
    with pytest.raises(StackError, match=r"web does not publish port 81 .* It publishes: 5000"):
        stack.url("web", 81)
    with pytest.raises(StackError, match=r"no service database .* It has: other, sometimes, web"):
        stack.service("database")


def test_variables_of_the_file_come_from_the_call_and_are_read_back_by_inspect(stack):
    assert stack.environment("web")["WHO"] == "me"
    assert stack.environment("web")["SECRET"] == "plain"


def test_says_looks_for_words_and_takes_no_answer_for_a_no(written):
    with written().up() as stack:
        stack.ask("web")
        assert stack.says("web", "Directory listing")
        assert not stack.says("web", "something else")
        stack.kill("web")
        assert not stack.says("web", "Directory listing")


def test_a_command_runs_in_a_service(stack):
    assert stack.exec("web", "cat", "/where").text == "here\n"
    assert stack.exec("other", "cat", "/where").text == "here\n", "services that share an image still share it"
    assert stack.exec("web", "false").exit_code == 1


def test_warnings_are_composes_own_without_stamps_and_folders(stack):
    (warning,) = stack.warnings
    assert warning.startswith("compose.yaml: the attribute `version` is obsolete")


def test_everything_carries_the_labels_of_the_run(stack):
    client, project = connect(), {"filters": {"label": f"com.docker.compose.project={stack.project}"}}
    things = [*client.containers.list(ignore_removed=True, **project), *client.images.list(**project)]
    labels = [thing.labels for thing in things]
    labels += [thing.attrs["Labels"] for thing in (*client.networks.list(**project), *client.volumes.list(**project))]
    assert len(labels) == 3 + 1 + 2 + 1
    assert all(found[engine_labels.LABEL] == engine_labels.RUN for found in labels)


def test_two_of_one_recipe_are_up_at_once_and_go_without_a_trace(written):
    recipe, before = written(), ours()
    with recipe.up() as one, recipe.up() as two:
        assert one.project != two.project
        assert one.ask("web").status == two.ask("web").status == 200
    assert ours() == before


def test_stop_and_kill_tell_how_it_ended(written):
    with written().up() as stack:
        assert stack.stop("web").exit_code == 143, "the init passes SIGTERM on"
        stack.restart("web")
        assert stack.ask("web").status == 200
        stack.kill("web")
        assert stack.service("web").exit_code == 137
        assert "GET / HTTP" in stack.logs("web")


def test_anonymous_volumes_go_too(written):
    with written(WEB + "    volumes: [/anonymous]\n").up() as stack:
        (mount,) = connect().containers.get(stack.service("web").container).attrs["Mounts"]
        assert connect().volumes.get(mount["Name"])
    assert mount["Name"] not in {volume.name for volume in connect().volumes.list()}


def test_a_port_of_the_file_clashes_as_it_would_for_the_reader(written):
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        port = holder.getsockname()[1]
        before = ours()
        with pytest.raises(StackFailed, match=r"holds that port(.|\n)*already (allocated|in use)"):
            written(WEB.replace("5000:5000", f"{port}:5000")).up(free_ports=False)
    assert ours() == before


def test_the_ports_of_the_file_can_be_kept(written):
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        port = finder.getsockname()[1]
    with written(WEB.replace("5000:5000", f"127.0.0.1:{port}:5000")).up(free_ports=False) as stack:
        assert stack.service("web").published == {5000: f"127.0.0.1:{port}"}
        assert stack.ask("web").status == 200


EXITS = """
services:
  one: {image: "python:3.13-alpine", command: "sh -c 'echo no such luck; exit 3'"}
  two: {image: "python:3.13-alpine", depends_on: {one: {condition: service_completed_successfully}}}
"""
DOES_NOT_BUILD = r"""
services: {one: {build: {dockerfile_inline: "FROM python:3.13-alpine\nRUN echo wrong; false"}}}
"""
NO_NETWORK = """
services: {one: {image: "python:3.13-alpine"}}
networks: {default: {external: true, name: nobody-made}}
"""
UNDECLARED = """
services: {one: {image: "python:3.13-alpine", depends_on: [two]}}
"""


@pytest.mark.parametrize(
    ("compose", "words"),
    [
        (EXITS, "one .*exited, exit code 3.* said:\nno such luck"),
        (DOES_NOT_BUILD, "\nwrong\nDockerfile:2\n.*failed to solve"),
        (NO_NETWORK, "docker network create nobody-made"),
        (UNDECLARED, "Declare two under `services`.*depends on undefined service"),
    ],
)
def test_what_does_not_come_up_says_why_and_leaves_nothing(written, compose, words):
    before = ours()
    with pytest.raises(StackFailed, match=f"(?s)compose.yaml .*{words}") as failed:
        written(compose).up()
    assert labels.RUN not in str(failed.value), "a page must read the same at each run"
    assert ours() == before


def test_check_says_what_compose_thinks_and_starts_nothing(written):
    before = ours()
    assert not written().check().error
    noted = written("services: {one: {image: x, depends_on: [two]}}\nnetworks: {default: {external: {name: shared}}}").check()
    assert noted.error == 'service "one" depends on undefined service "two": invalid compose project'
    deprecated = written("version: '3'\nservices: {one: {image: x}}\nnetworks: {default: {external: {name: shared}}}").check()
    assert deprecated.warnings[1] == "networks.default: external.name is deprecated. Please set name and external: true"
    assert ours() == before


def test_watch_brings_a_saved_file_into_the_running_container(written):
    compose = """
services:
  web:
    build: {dockerfile_inline: "FROM python:3.13-alpine\\nCOPY page.html /app/\\n"}
    command: python -m http.server 5000 -d /app
    init: true
    ports: ["5000:5000"]
    develop: {watch: [{action: sync, path: page.html, target: /app/page.html}]}
"""
    recipe = written(compose, **{"page.html": "old"}).copy()
    with recipe.up() as stack, stack.watch():
        assert stack.ask("web", "/page.html").text == "old"
        (recipe.path / "page.html").write_text("new")
        seconds_until(lambda: stack.ask("web", "/page.html").text == "new")


def test_a_file_with_nothing_to_watch_is_told(written):
    with written().up() as stack, pytest.raises(StackError, match=r"compose watch printed: none of the selected services"), stack.watch():
        pass


def test_two_projects_meet_on_a_network_made_for_them(written):
    recipe = written(WEB + 'networks: {default: {name: "${NETWORK}", external: true}}')
    network, elsewhere = recipe.network("meeting"), recipe.network("meeting")
    try:
        assert network.name.endswith("_meeting")
        assert network.name != elsewhere.name
        with recipe.up(NETWORK=network.name) as one, recipe.up(NETWORK=network.name) as two:
            for stack in (one, two):
                (seen,) = stack.reach("web")
                assert seen.text == "resolves to 2 addresses"
        assert network.id in ours(), "a network that others made stays when a stack goes down"
    finally:
        recipe.down()


@pytest.mark.alone
def test_what_a_killed_kernel_left_goes_with_the_next_run(written):
    recipe = written(EVERYTHING, Dockerfile="FROM python:3.13-alpine\nRUN echo here > /where\n")
    kernel = f"import os; from book import Recipe; print(Recipe({str(recipe.path)!r}).up().project, flush=True); os.kill(os.getpid(), 9)"
    project = subprocess.run(
        [sys.executable, "-c", kernel], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."}
    ).stdout.strip()
    client, of_project = connect(), {"filters": {"label": f"com.docker.compose.project={project}"}}
    (web,) = client.containers.list(
        ignore_removed=True, filters={"label": [f"com.docker.compose.project={project}", "com.docker.compose.service=web"]}
    )
    volumes = {mount["Name"] for mount in web.attrs["Mounts"]}
    assert len(volumes) == 2
    leftovers.reap(client)
    assert not client.containers.list(ignore_removed=True, all=True, **of_project)
    assert not client.images.list(**of_project)
    assert not client.networks.list(**of_project)
    assert not volumes & {volume.name for volume in client.volumes.list()}
