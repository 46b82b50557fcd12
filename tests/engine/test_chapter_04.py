"""If the recipe of chapter 4 is broken, its claims fail."""

from book import Recipe
from book.measure.limits import seconds_until

RECIPE = Recipe("04-service-names")
SECRET = RECIPE.read("secrets/database-password").strip()


def changed(file, before, after):
    recipe = RECIPE.copy()
    text = recipe.read(file)
    assert before in text
    (recipe.path / file).write_text(text.replace(before, after))
    return recipe


def test_docker_inspect_shows_a_password_from_a_variable():
    recipe = changed("compose.yaml", "POSTGRES_PASSWORD_FILE: /run/secrets/database-password", f"POSTGRES_PASSWORD: {SECRET}")
    with recipe.up("compose.yaml", "database-service") as stack:
        assert SECRET in stack.environment("database-service").values()


def test_the_2021_database_with_a_password_does_not_restart():
    recipe = changed("as-noted/addressing.compose.yaml", "restart: always", "restart: always\n    environment: [POSTGRES_PASSWORD=given]")
    with recipe.up("as-noted/addressing.compose.yaml", "database-service") as stack:
        seconds_until(lambda: [reach.ok for reach in stack.reach("postgres://database-service:5432")] == [True])
        assert stack.service("database-service").restarts == 0


def test_with_a_wrong_name_in_the_settings_the_database_is_not_found():
    recipe = changed("compose.yaml", "DATABASE_HOSTNAME: database-service", "DATABASE_HOSTNAME: database")
    with recipe.up() as stack:
        answer = stack.ask("echo-service", "/hello")
        assert (answer.status, "resolve" in answer.text) == (503, True)
