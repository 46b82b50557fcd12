"""A secret of a recipe stays in its file: nothing that Docker shows contains a canary in its place."""

import json
from contextlib import ExitStack

import pytest

from book import Recipe
from book.engine import connect
from book.measure import service as measure_service
from book.places import ROOT

CANARY = "canary-5b1e7c"
WITH_SECRETS = sorted(file.parent.relative_to(ROOT / "recipes") for file in (ROOT / "recipes").rglob("secrets"))


@pytest.mark.parametrize("folder", WITH_SECRETS, ids=str)
def test_the_canary_is_in_its_service_and_nowhere_else(folder):
    recipe = Recipe(folder.parts[0]).copy()
    place = recipe.path.joinpath(*folder.parts[1:])
    secrets = [file for file in (place / "secrets").iterdir() if file.is_file()]
    for secret in secrets:
        secret.write_text(CANARY)
    with ExitStack() as last:
        shared = recipe.network("secrets")
        last.callback(shared.remove)
        up = last.enter_context(recipe.up(str((place / "compose.yaml").relative_to(recipe.path)), NETWORK=shared.name))
        printed = [up.exec(service.name, "cat", f"/run/secrets/{secret.name}").text for service in up.services() for secret in secrets]
        assert CANARY in printed
        for service in up.services():
            if service.published:
                up.ask(service.name, "/hello")  # it uses the secret, and may log it
        shown = {
            f"{kind} {thing.name}": thing.attrs
            for kind, things in (
                (
                    "container",
                    connect().containers.list(ignore_removed=True, filters={"label": f"{measure_service.OF_PROJECT}={up.project}"}),
                ),
                ("network", connect().networks.list(filters={"label": f"{measure_service.OF_PROJECT}={up.project}"})),
                ("volume", connect().volumes.list(filters={"label": f"{measure_service.OF_PROJECT}={up.project}"})),
            )
            for thing in things
        }
        for service in up.services():
            image = connect().containers.get(service.container).image
            shown |= {f"image of {service.name}": image.attrs, f"history of {service.name}": image.history()}
            shown[f"log of {service.name}"] = up.logs(service.name)
    assert len(shown) >= 5
    assert [name for name, text in shown.items() if CANARY in json.dumps(text)] == []
