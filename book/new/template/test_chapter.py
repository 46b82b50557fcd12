"""If the recipe of chapter NUMBER is broken, its claims fail."""

import pytest
import yaml

from book import Recipe
from book.measure.service import StackFailed


def test_a_service_that_exits_at_once_is_not_up():
    """A first test. Break an important line of the recipe, and check that the claim about it fails."""
    recipe = Recipe("CHAPTER").copy()
    config = yaml.safe_load(recipe.read("COMPOSE"))
    next(iter(config["services"].values())).update(entrypoint=["false"], restart="no")
    (recipe.path / "COMPOSE").write_text(yaml.safe_dump(config))
    with pytest.raises(StackFailed, match="exit"):
        recipe.up("COMPOSE")
