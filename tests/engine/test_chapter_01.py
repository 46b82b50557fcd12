"""One character of chapter 1's Dockerfile decides whether a production build differs from a development build."""

import pytest

from book import Recipe

# Records its arguments: a real run of Poetry takes long, and the chapter has one.
LISTENER = "RUN printf '#!/bin/sh\\necho \"$@\" >> /told\\n' > /usr/local/bin/poetry && chmod +x /usr/local/bin/poetry\n"


@pytest.mark.parametrize(("operator", "production_is_production"), [(" = ", True), (" == ", False)])
def test_production_differs_with_one_equals_sign_and_not_with_two(operator, production_is_production):
    recipe = Recipe("01-environment-in-an-image").copy()
    (recipe.path / "requirements.txt").write_text("")
    text = recipe.read("Dockerfile")
    assert (text.count(" = "), text.count("WORKDIR")) == (1, 1)
    (recipe.path / "Dockerfile").write_text(text.replace(" = ", operator).replace("WORKDIR", LISTENER + "WORKDIR"))
    told = {which: recipe.build(BUILD_ENV=which).run("tail", "-1", "/told").text for which in ("production", "development")}
    assert told["development"].startswith("install --no-root --no-interaction")
    assert (told["production"] != told["development"]) == production_is_production
    assert ("--only main" in told["production"]) == production_is_production
