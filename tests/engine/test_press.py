"""Running chapters: what is stale, what a failure leaves, and the words that a reader gets."""

import re

import nbformat
import pytest

from book import engine
from book import recipe as book_recipe
from book.chapters import chapter as one_chapter
from book.chapters import running, soak
from book.engine import labels, leftovers
from book.progress import Step, step


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """Make a chapter of the smallest recipe at hand from cells of code, in a place of its own."""
    monkeypatch.setattr(one_chapter, "RAN", tmp_path / "ran.json")
    folder = tmp_path / "recipe/03-tiny"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM python:3.13-alpine\nRUN touch /here\n")

    class Tiny(one_chapter.Chapter):
        @property
        def recipe(self):
            return book_recipe.Recipe(folder)

    def make(*cells):
        setup = f"from book import Recipe, claim\nrecipe = Recipe({str(folder)!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (setup, *cells)])
        nbformat.write(notebook, tmp_path / "03-tiny.ipynb")
        return Tiny(tmp_path / "03-tiny.ipynb")

    return make


def go(chapter):
    return running.run([chapter], 1, Step("chapters"))


def test_a_chapter_that_ran_is_fresh_until_its_recipe_or_a_cell_changes(chapter):
    one = chapter("recipe.build().run('ls', '/here')", "recipe.down()")
    assert one_chapter.stale([one]) == [one]
    assert go(one) == []
    assert one_chapter.stale([one]) == []
    assert "/here" in str(one.read().cells[1].outputs)
    dockerfile = one.recipe.path / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "# changed\n")
    assert one_chapter.stale([one]) == [one]
    dockerfile.write_text(dockerfile.read_text().replace("# changed\n", ""))
    assert one_chapter.stale([one]) == []
    notebook = one.read()
    notebook.cells[2].source += "  # changed"
    nbformat.write(notebook, one.path)
    assert one_chapter.stale([one]) == [one]


def test_outputs_of_another_machine_are_run_again(chapter, tmp_path):
    one = chapter("1 + 1")
    assert go(one) == []
    (tmp_path / "ran.json").unlink()
    assert one_chapter.stale([one]) == [one]


def test_a_second_run_writes_the_same_bytes(chapter):
    one = chapter("print('same')", "claim('One is one.', True, '1')")
    wrote = []
    for _ in range(2):
        go(one)
        wrote.append(re.sub(rb'"seconds": [0-9.]+', b"", one.path.read_bytes()))  # a run may fall on either side of five
    assert wrote[0] == wrote[1]


def test_a_claim_that_fails_stops_the_chapter_with_its_sentence_and_leaves_nothing(chapter):
    one = chapter("image = recipe.build()", "claim('The moon is a cheese.', False)", "recipe.down()")
    before = one.path.read_bytes()
    (failure,) = go(one)
    assert failure.chapter == "03-tiny"
    assert "The moon is a cheese." in failure.words
    assert one.path.read_bytes() == before
    client = engine.connect()
    assert client.images.list(filters={"label": f"{labels.LABEL}.recipe=03-tiny"})
    leftovers.reap(client)
    assert client.images.list(filters={"label": f"{labels.LABEL}.recipe=03-tiny"}) == []


def test_a_failure_has_the_words_of_its_cell_and_not_those_that_a_later_one_had_last_time(chapter):
    one = chapter("assert recipe.name, 'fine'", "raise ValueError('this is meant to fail')")
    notebook = one.read()
    notebook.cells[2].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, one.path)
    assert go(one) == []
    notebook = one.read()
    notebook.cells[1].source = "raise RuntimeError('this is not')"
    nbformat.write(notebook, one.path)
    (failure,) = go(one)
    assert failure.words == "this is not"


def test_a_failed_claim_comes_with_what_its_chapter_showed_last(chapter):
    said = "\n".join(f"line {number}" for number in range(1, 21))
    fails = "claim('One is one.', True)\nclaim('The command ended well.', False)"
    (failure,) = go(chapter("print('long before')", f"print({said!r})", fails))
    first, *rest = failure.words.splitlines()
    assert first == "✗ No longer true: The command ended well."
    assert [line.strip() for line in rest] == ["What it showed last:", *said.splitlines()[-12:]]


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
    assert running.run(ones, 1, lambda done, total, name: began.append(name)) == []
    assert list(dict.fromkeys(began)) == ["02-long", "01-short"]
    assert ones[1].read().metadata["book"]["seconds"] < 90


def test_a_soak_runs_in_a_row_and_then_at_once_and_sees_what_is_left(chapter):
    good = chapter("recipe.build()", "recipe.down()")
    found = list(soak.rounds([good], 2, 2, 1, step))
    assert [each.name for each in found] == ["before", "1", "2", "2 at once"]
    assert [(each.failures, each.reaped) for each in found] == [((), 0)] * 4
    assert soak.grown(found) == []
    assert good.read().cells[1].outputs == []


def test_a_soak_tells_what_a_round_left_to_the_reaper_and_what_it_could_not_take(chapter, request):
    careless = chapter("recipe.build()", "from book import engine; engine.connect().networks.create('book-soak-left')")
    request.addfinalizer(lambda: [one.remove() for one in engine.connect().networks.list(names=["book-soak-left"])])
    *_, last = found = list(soak.rounds([careless], 1, 0, 1, step))
    assert last.reaped > 0
    (sentence,) = soak.grown(found)
    assert sentence.startswith("The engine holds more than before: network ")


def test_a_soak_counts_the_chapters_that_fail(chapter):
    *_, last = soak.rounds([chapter("raise RuntimeError('no')")], 1, 0, 1, step)
    assert [failure.words for failure in last.failures] == ["no"]
