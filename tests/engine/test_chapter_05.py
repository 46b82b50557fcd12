"""If the recipe of chapter 5 is broken, its claims fail."""

import pytest

from book import Recipe

TARGETS = ("echo-server", "webserver", "database")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "", [True, True, False]),
        ("        aliases:\n          - ${ALIAS:-echo-server}", "        {}", [False, True, False]),
        ("          - webserver-database #", "          - webserver-database\n      interservice: {} #", [True, True, True]),
    ],
    ids=["as it is", "no alias", "database on the shared network"],
)
def test_which_services_the_other_project_reaches(before, after, found):
    recipe = Recipe("05-projects-that-talk").copy()
    file = recipe.path / "webserver/compose.yaml"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after) if before else file.read_text())
    shared = recipe.network("interservice")
    try:
        with (
            recipe.up("webserver/compose.yaml", NETWORK=shared.name) as first,
            recipe.up("other-service/compose.yaml", NETWORK=shared.name) as other,
        ):
            assert first.ask("webserver", "/ready").status == 200
            assert [reach.ok for reach in other.reach(*TARGETS)] == found
            assert other.ask("other-service", "/hello").status == (200 if found[0] else 503)
    finally:
        shared.remove()
