"""What chapter NUMBER claims goes wrong when its recipe does."""

import pytest
import yaml

from book import Recipe
from book.measure.service import StackFailed


def test_a_service_that_ends_at_once_is_not_up():
    """A beginning. Break one telling line of the recipe, and see the claim that stands on it go false."""
    recipe = Recipe("CHAPTER").copy()
    config = yaml.safe_load(recipe.read("COMPOSE"))
    next(iter(config["services"].values())).update(entrypoint=["false"], restart="no")
    (recipe.path / "COMPOSE").write_text(yaml.safe_dump(config))
    with pytest.raises(StackFailed, match="exit"):
        recipe.up("COMPOSE")
