"""If one of two lines in the recipe of chapter 6 is broken, its claims fail."""

from book import Recipe

ECHO = ["http://echo-service:5000/"]


def mutated(file: str, old: str, new: str) -> Recipe:
    recipe = Recipe("06-wait-until-ready").copy()
    text = recipe.read(file)
    assert text.count(old) == 1
    (recipe.path / file).write_text(text.replace(old, new))
    return recipe


def test_a_check_over_the_socket_lets_the_application_start_too_early():
    recipe = mutated("tcp-check.compose.yaml", '"-h", "127.0.0.1", ', "")
    (timeline,) = recipe.race(1, "tcp-check.compose.yaml", ask=ECHO, INIT="slow-init")
    assert timeline.first("first answer") is None, "the claim `With a check over TCP, the application starts when it can connect.`"
    assert timeline.at("echo-service", "exited") > timeline.at("database-service", "healthy")


def test_an_application_without_retries_fails():
    recipe = mutated("app/database.py", "if time.monotonic() > give_up:", "if True:")
    with recipe.up(wait=False, INIT="slow-init") as stack:
        assert stack.ask("echo-service").status == 503, "the claim `Retry in the application: every start succeeds.`"
