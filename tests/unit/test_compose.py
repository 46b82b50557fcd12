"""The second Compose file of a run, and what is kept of Compose's output: no engine needed."""

from pathlib import Path

import pytest
import yaml

from book.advice import advice
from book.files.compose import words
from book.files.config import Configuration
from book.files.merge import override
from book.measure.up import name

LABELS = {"a.b": "c"}


class Loader(yaml.SafeLoader):
    pass


Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def added(config: dict, free_ports: bool = True) -> dict:
    return yaml.load(override(Configuration.read(config), "p", LABELS, free_ports), Loader)


def test_labels_reach_all_but_what_others_made():
    config = {
        "services": {"web": {"build": {}}, "database": {"image": "postgres:17"}},
        "networks": {"default": {"external": True}, "back": {}},
        "volumes": {"data": {"name": "x"}, "theirs": {"name": "theirs", "external": True}},
    }
    file = added(config)
    assert file["services"]["database"] == {"labels": LABELS}
    assert file["services"]["web"]["build"] == {"labels": {**LABELS, "com.docker.compose.project": "p"}}
    assert file["networks"] == {"back": {"labels": LABELS}}
    assert file["volumes"] == {"data": {"labels": LABELS, "name": "p_data"}}  # `x` may hold the data of the reader's own project


def test_built_images_get_the_projects_name_for_all_who_use_them():
    config = {"services": {"web": {"build": {}, "image": "mine"}, "worker": {"image": "mine"}, "cache": {"image": "redis:8"}}}
    services = added(config)["services"]
    assert services["web"]["image"] == services["worker"]["image"] == "p-web"
    assert "image" not in services["cache"]


def test_an_image_has_no_capitals_though_its_service_has():
    assert added({"services": {"Web": {"build": {}}}})["services"]["Web"]["image"] == "p-web"


def test_ports_move_to_free_ones_of_this_machine_or_stay():
    ports = [{"target": 80, "published": "80", "protocol": "tcp"}, {"target": 53, "published": "53", "protocol": "udp"}]
    config = {"services": {"web": {"image": "x", "ports": ports}, "quiet": {"image": "x"}}}
    assert added(config)["services"]["web"]["ports"] == ["127.0.0.1::80/tcp", "127.0.0.1::53/udp"]
    assert "!override" in override(Configuration.read(config), "p", LABELS, True)
    assert "ports" not in added(config)["services"]["quiet"]
    assert "ports" not in added(config, free_ports=False)["services"]["web"]


def test_project_names_are_valid_and_never_the_same():
    one, two = name("_My Recipe.1"), name("_My Recipe.1")
    assert one != two
    assert one.startswith("my-recipe-1-")


def test_words_of_a_project_that_lies_at_the_root_keep_their_addresses():
    said = 'Get "https://registry.invalid/v2/": EOF in /app/compose.yaml'
    assert words(said, Path("/app")) == 'Get "https://registry.invalid/v2/": EOF in compose.yaml'


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ('Get "https://registry-1.docker.io/v2/": dial tcp 1.2.3.4:443: connect: connection refused', "The registry cannot be reached"),
        ("failed to copy: httpReadSeeker: unexpected EOF", "The registry cannot be reached"),
        ("web said:\ndial tcp 172.18.0.2:5432: connect: connection refused", ""),
        ("LOG: unexpected EOF on client connection with an open transaction", ""),
    ],
)
def test_a_service_that_cannot_dial_its_peer_is_no_trouble_of_a_registry(said, step):
    assert advice(said).strip().startswith(step)
    assert bool(advice(said)) is bool(step)


def test_the_words_of_compose_are_kept_without_its_progress():
    said = (
        'time="2026-11-24T05:17:19Z" level=warning msg="obsolete"\n'
        " Container p-web-1  Creating \n Network p_default Created \n Container p-web-1 Error\n"
        f"Error response from daemon: failed on endpoint p-web-1 ({'0a' * 32}): Bind for 0.0.0.0:80 failed: port is already allocated\n"
    )
    kept = words(said, None, "p")
    assert kept == "Error response from daemon: failed on endpoint web-1: Bind for 0.0.0.0:80 failed: port is already allocated"
    assert "holds that port" in advice(kept)


def test_exhausted_address_pools_are_explained():
    assert "docker network prune" in advice("all predefined address pools have been fully subnetted")
