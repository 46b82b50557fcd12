"""Running chapters: what is stale, what a failure leaves, and the words that a reader gets."""

import nbformat
import pytest

from book import engine, run
from book.press import chapters
from book.progress import Step


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """Make a chapter of the smallest recipe at hand from cells of code, in a place of its own."""
    monkeypatch.setattr(chapters, "_RAN", tmp_path / "ran.json")
    folder = tmp_path / "recipe/03-tiny"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM python:3.13-alpine\nRUN touch /here\n")

    class Tiny(chapters.Chapter):
        @property
        def recipe(self):
            return chapters.Recipe(folder)

    def make(*cells):
        setup = f"from book import Recipe, claim\nrecipe = Recipe({str(folder)!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (setup, *cells)])
        nbformat.write(notebook, tmp_path / "03-tiny.ipynb")
        return Tiny(tmp_path / "03-tiny.ipynb")

    return make


def go(chapter):
    return chapters.run([chapter], 1, Step("chapters"))


def test_a_chapter_that_ran_is_fresh_until_its_recipe_or_a_cell_changes(chapter):
    one = chapter("recipe.build().run('ls', '/here')", "recipe.down()")
    assert chapters.stale([one]) == [one]
    assert go(one) == []
    assert chapters.stale([one]) == []
    assert "/here" in str(one.read().cells[1].outputs)
    dockerfile = one.recipe.path / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "# changed\n")
    assert chapters.stale([one]) == [one]
    dockerfile.write_text(dockerfile.read_text().replace("# changed\n", ""))
    assert chapters.stale([one]) == []
    notebook = one.read()
    notebook.cells[2].source += "  # changed"
    nbformat.write(notebook, one.path)
    assert chapters.stale([one]) == [one]


def test_outputs_of_another_machine_are_run_again(chapter, tmp_path):
    one = chapter("1 + 1")
    assert go(one) == []
    (tmp_path / "ran.json").unlink()
    assert chapters.stale([one]) == [one]


def test_a_second_run_writes_the_same_bytes(chapter):
    one = chapter("print('same')", "claim('One is one.', True, '1')")
    go(one)
    first = one.path.read_bytes()
    go(one)
    assert one.path.read_bytes() == first


def test_a_claim_that_fails_stops_the_chapter_with_its_sentence_and_leaves_nothing(chapter):
    one = chapter("image = recipe.build()", "claim('The moon is a cheese.', False)", "recipe.down()")
    before = one.path.read_bytes()
    (failure,) = go(one)
    assert failure.chapter == "03-tiny"
    assert "The moon is a cheese." in failure.words
    assert one.path.read_bytes() == before
    client = engine.connect()
    assert client.images.list(filters={"label": f"{run.LABEL}.recipe=03-tiny"})
    run.reap(client)
    assert client.images.list(filters={"label": f"{run.LABEL}.recipe=03-tiny"}) == []


def test_a_kernel_that_dies_is_told_of(chapter):
    (failure,) = go(chapter("import os; os._exit(1)"))
    assert "kernel" in failure.words


def test_the_chapter_that_took_longest_begins_first_and_its_time_is_remembered(chapter, tmp_path):
    made = chapter("1 + 1")
    ones = []
    for name, seconds in (("01-short", 10), ("02-long", 90)):
        notebook = made.read()
        notebook.metadata["book"] = {"seconds": seconds}
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        ones.append(type(made)(tmp_path / f"{name}.ipynb"))
    began = []
    assert chapters.run(ones, 1, lambda done, total, name: began.append(name)) == []
    assert list(dict.fromkeys(began)) == ["02-long", "01-short"]
    assert ones[1].read().metadata["book"]["seconds"] < 90
