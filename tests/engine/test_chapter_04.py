"""What chapter 4 claims goes wrong when its recipe does."""

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


def test_a_password_given_as_a_variable_is_read_by_inspect():
    recipe = changed("compose.yaml", "POSTGRES_PASSWORD_FILE: /run/secrets/database-password", f"POSTGRES_PASSWORD: {SECRET}")
    with recipe.up("compose.yaml", "database-service") as stack:
        assert SECRET in stack.environment("database-service").values()


def test_the_noted_database_with_a_password_does_not_restart():
    recipe = changed("as-noted/addressing.compose.yaml", "restart: always", "restart: always\n    environment: [POSTGRES_PASSWORD=given]")
    with recipe.up("as-noted/addressing.compose.yaml", "database-service") as stack:
        seconds_until(lambda: all(reach.ok for reach in stack.reach("postgres://database-service:5432")))
        assert stack.service("database-service").restarts == 0


def test_a_wrong_name_in_the_settings_leads_to_no_database():
    recipe = changed("compose.yaml", "DATABASE_HOSTNAME: database-service", "DATABASE_HOSTNAME: database")
    with recipe.up() as stack:
        answer = stack.ask("echo-service", "/hello")
        assert (answer.status, "resolve" in answer.text) == (503, True)
