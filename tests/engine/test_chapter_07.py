"""If one line in the recipe of chapter 7 is broken, its claims fail."""

import time
from contextlib import suppress

import pytest

from book import Recipe
from book.measure import limits


@pytest.mark.parametrize(
    ("file", "old", "new", "seen"),
    [
        ("compose.yaml", "worker.py", "worker.py", True),
        ("reload.py", "step=10,", "step=10, recursive=False,", False),
        ("Dockerfile", "PYTHONUNBUFFERED=1", "PYTHONUNBUFFERED=", False),
    ],
    ids=["as it is", "watching the top folder only", "buffered"],
)
def test_the_worker_shows_a_nested_save_only_if_it_watches_the_folder_and_does_not_buffer(file, old, new, seen):
    recipe = Recipe("07-reload-any-code").copy()
    text = recipe.read(file)
    assert old in text
    (recipe.path / file).write_text(text.replace(old, new))
    with recipe.up("compose.yaml", "worker") as stack:
        limits.seconds_until(lambda: "Watching for saves" in stack.logs("worker"))
        time.sleep(5)
        (recipe.path / "app/nested/deep.py").write_text('WORD = "mars"\n')
        with suppress(limits.NotInTime):
            limits.seconds_until(lambda: "good morning, mars" in stack.logs("worker"), limit=120 if seen else 4)
        assert ("good morning, mars" in stack.logs("worker")) is seen


def test_only_the_database_makes_the_2021_file_invalid():
    recipe = Recipe("07-reload-any-code")
    assert "undefined service" in recipe.check("as-noted.compose.yaml").error
    assert recipe.check("as-noted-database.compose.yaml").error == ""


@pytest.mark.parametrize("preloaded", [True, False])
def test_each_run_has_imported_the_preloaded_packages(preloaded):
    recipe = Recipe("07-reload-any-code").copy()
    worker = recipe.path / "app/worker.py"
    worker.write_text("import sys\n\nprint('flask is here:', 'flask' in sys.modules)\n" + worker.read_text())
    if preloaded:
        file = recipe.path / "compose.yaml"
        file.write_text(file.read_text().replace("worker.py", "worker.py --preload flask"))
    with recipe.up("compose.yaml", "worker") as stack:
        limits.seconds_until(lambda: "job 1" in stack.logs("worker"))
        (recipe.path / "app/nested/deep.py").write_text('WORD = "mars"\n')
        limits.seconds_until(lambda: "good morning, mars" in stack.logs("worker"))
        assert stack.logs("worker").count(f"flask is here: {preloaded}") >= 2
        assert f"flask is here: {not preloaded}" not in stack.logs("worker")


def test_a_program_that_ignores_the_signal_is_ended_too():
    recipe = Recipe("07-reload-any-code").copy()
    worker = recipe.path / "app/worker.py"
    worker.write_text("import signal\n\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + worker.read_text())
    file = recipe.path / "compose.yaml"
    file.write_text(file.read_text().replace("init: true", "init: true\n    stop_grace_period: 60s"))
    with recipe.up("compose.yaml", "worker") as stack:
        limits.seconds_until(lambda: "job 1" in stack.logs("worker"))
        (recipe.path / "app/nested/deep.py").write_text('WORD = "mars"\n')
        limits.seconds_until(lambda: "good morning, mars" in stack.logs("worker"))
        assert stack.stop("worker").exit_code == 0
