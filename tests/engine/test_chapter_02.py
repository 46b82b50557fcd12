"""Without `--debug`, chapter 2's edit has no effect; without `init`, its service does not stop."""

import pytest

from book import Recipe
from book.measure import limits


def test_without_debug_an_edit_has_no_effect():
    recipe = Recipe("02-edit-while-it-runs").copy()
    text = recipe.read("compose.yaml")
    assert text.count(" --debug") == 1
    (recipe.path / "compose.yaml").write_text(text.replace(" --debug", ""))
    with recipe.up() as stack:
        assert stack.ask("echo-service", "/hello").text == "echo: hello\n"
        code = recipe.path / "app/echo.py"
        code.write_text(code.read_text().replace("echo: ", "new: "))
        with pytest.raises(limits.NotInTime):
            limits.seconds_until(lambda: stack.ask("echo-service", "/hello").text == "new: hello\n", limit=5)
        assert stack.exec("echo-service", "grep", "-c", "new: ", "/app/echo.py").text == "1\n"


def test_without_init_it_is_killed_and_with_init_it_stops():
    recipe = Recipe("02-edit-while-it-runs").copy()
    text = recipe.read("init.compose.yaml")
    assert text.count("init: true") == 1
    (recipe.path / "broken.compose.yaml").write_text(text.replace("init: true", "init: false"))
    ends = []
    for file in ("init.compose.yaml", "broken.compose.yaml"):
        with recipe.up(file) as stack:
            stack.ask("echo-service", "/hello")
            ends.append(stack.stop("echo-service"))
    assert [end.exit_code for end in ends] == [143, 137]
