"""What a reader does with an exercise in JupyterLab: check a wrong file, read the hint, look at the solution, check a right one."""

import pytest

from book.exercises import EVERY
from tests.lab.conftest import EXERCISE_CELLS, run_all

EXERCISE = EVERY["03"]
FIRST, *OTHERS = EXERCISE.conditions
SHOWN = ".book-exercise .book-conditions > li"


@pytest.fixture(scope="module")
def page(lab, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    yield run_all(context.new_page(), lab.replace("try.ipynb", "exercise.ipynb"), len(EXERCISE_CELLS))
    context.close()


def check(page, text):
    """Write a file into the editor, press Check, and return what each condition then shows."""
    editor = page.locator(".book-editor")
    editor.locator("textarea").fill(text)
    editor.get_by_role("button", name="Check").click()
    page.wait_for_function("() => document.querySelector('.book-controls button').disabled")
    page.wait_for_function("() => !document.querySelector('.book-controls button').disabled")
    page.locator(SHOWN).nth(len(OTHERS)).wait_for()
    return [shown.inner_text() for shown in page.locator(SHOWN).all()]


def test_before_a_check_the_task_the_first_file_and_open_conditions_are_shown(page):
    assert EXERCISE.title in page.locator(".book-exercise").inner_text()
    assert page.locator(".book-editor textarea").input_value() == EXERCISE.start
    marks = [shown.inner_text()[0] for shown in page.locator(SHOWN).all()]
    assert marks == ["–"] * len(EXERCISE.conditions)


def test_a_file_that_does_not_build_has_one_cross_with_the_builders_message_and_a_hint(page):
    first, *others = check(page, "FROM python:3.13-slim\nRUN echo the-last-line; exit 3\n")
    assert first.startswith("✗")
    assert "the-last-line" in first
    assert "Hint:" in first
    assert {text[0] for text in others} == {"–"}
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0


def test_the_solution_is_shown_only_if_it_is_asked_for_and_has_a_tick_at_each_condition(page):
    solution = page.locator(".book-exercise details", has_text="Show a solution")
    listing = solution.locator("pre")
    assert not listing.is_visible()
    solution.locator("summary").click()
    listing.wait_for()
    assert {text[0] for text in check(page, listing.inner_text())} == {"✓"}
    assert "All conditions are met." in page.locator(".book-exercise").inner_text()
