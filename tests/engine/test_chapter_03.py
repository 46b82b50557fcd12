"""The default Dockerfile installs what its lock says, and again only if the lock changes; it fails if the application is broken."""

import tomllib

import pytest

from book import Recipe
from book.measure.builder import BuildFailed
from book.recipe import RecipeError

TOOL = "Successfully installed uv-"  # pip prints it when it installs uv


@pytest.fixture
def recipe():
    return Recipe("03-smaller-images").copy()


@pytest.mark.parametrize("file", ["Dockerfile", "uv-alpine.Dockerfile"])
def test_it_is_built_again_with_an_added_dependency_and_without_installing_its_tool_again(recipe, file):
    again = recipe.rebuild("one-more", file)
    assert {"flask", "tabulate"} <= set(again.packages().names)
    assert "+ tabulate==" in again.log
    assert TOOL not in again.log


def test_a_folder_of_changes_that_is_not_there_is_refused(recipe):
    with pytest.raises(RecipeError, match="no files in a folder nope"):
        recipe.rebuild("nope")


def test_an_edit_in_the_code_installs_nothing_again(recipe):
    recipe.build()
    (recipe.path / "app/echo.py").write_text(f"{recipe.read('app/echo.py')}# {recipe.path}\n")
    assert "Installed " not in recipe.build().log


def test_a_lock_that_does_not_fit_the_project_stops_the_build(recipe):
    (recipe.path / "pyproject.toml").write_text(recipe.read("one-more/pyproject.toml"))
    with pytest.raises(BuildFailed, match=r"lockfile .*needs to be updated"):
        recipe.build()


def test_an_application_that_cannot_be_imported_stops_the_build(recipe):
    (recipe.path / "app/echo.py").write_text("import pytest\n")  # a development dependency
    with pytest.raises(BuildFailed, match="No module named 'pytest'"):
        recipe.build()


def test_the_package_in_src_is_in_the_environment_and_not_a_link_to_the_first_stage():
    image = Recipe(Recipe("03-smaller-images").path / "fastapi").build()
    assert image.ask("/world").text == '{"hello":"world"}'
    found = image.run("python", "-c", "import greeter.main; print(greeter.main.__file__)").text
    assert found.startswith("/venv/lib/python3.13/site-packages/greeter/")


@pytest.mark.parametrize("folder", ["", "one-more/"])
def test_the_locks_name_the_same_versions(folder):
    recipe = Recipe("03-smaller-images")
    locks = [tomllib.loads(recipe.read(f"{folder}{name}"))["package"] for name in ("uv.lock", "poetry.lock")]
    uv, poetry = ({package["name"]: package["version"] for package in lock if package["name"] != "echo"} for lock in locks)
    listed = [line.split()[0].split("==") for line in recipe.read(f"{folder}production.txt").splitlines() if "==" in line]
    assert uv == poetry
    assert dict(listed).items() < uv.items()
