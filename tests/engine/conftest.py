from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import WEB, ours

from book import Recipe, engine
from book.engine import labels, leftovers


@pytest.fixture(autouse=True)
def nothing_is_left(request):
    """Nothing that a test creates is left; what other runs create on the same engine does not count."""
    yield
    if "clean" in request.fixturenames:
        return  # its file shares a stack, and looks at the end
    leftovers.reap(engine.connect(), only=labels.RUN)
    assert ours() == set()


@pytest.fixture(scope="module")
def clean() -> Iterator[None]:
    """Nothing of ours is left on the engine after the tests of a file."""
    before = ours()
    yield
    assert ours() == before


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, clean: None) -> Callable[..., Recipe]:
    """Write the files of a recipe, named by their paths, and return it."""

    def write(compose: str = WEB, **files: str) -> Recipe:
        folder: Path = tmp_path_factory.mktemp("recipe")
        (folder / "compose.yaml").write_text(compose)
        for name, text in files.items():
            (folder / name).write_text(text)
        return Recipe(folder)

    return write
