"""What a reader does in JupyterLab: choose, edit, build, break, fix."""

import re

from tests.lab.conftest import BASE

ADDED = "RUN dd if=/dev/zero of=/{name} bs=1000000 count={megabytes}\n"


def build(page, text):
    """Write a Dockerfile into the editor, press Build, and return what is shown when the button is free again."""
    editor = page.locator(".book-editor")
    editor.locator("textarea").fill(text)
    button = editor.get_by_role("button", name="Build")
    page.evaluate("() => document.querySelector('.book-controls [role=status]')?.setAttribute('data-old', '')")
    button.click()
    new = "document.querySelector('.book-controls [role=status]:not([data-old])')"
    page.wait_for_function(f"() => /done in|did not work/.test({new}?.innerText)")
    page.wait_for_function("() => !document.querySelector('.book-controls button').disabled")
    return editor.inner_text()


def size_of_mine(page):
    row = page.locator(".book-editor tr", has=page.get_by_role("rowheader", name="yours", exact=True)).inner_text()
    return float(re.search(r"([\d.]+) MB", row)[1])


def size_of_the_books(page):
    row = page.locator(".book-editor tr", has=page.get_by_role("rowheader", name="recipe", exact=True)).inner_text()
    return float(re.search(r"([\d.]+) MB", row)[1])


def test_an_edited_dockerfile_is_built_and_its_size_stands_beside_the_books(page):
    shown = build(page, BASE + ADDED.format(name="nine", megabytes=9))
    assert "[2/" in shown, "the output of BuildKit"
    assert round(size_of_mine(page) - size_of_the_books(page), 1) == 4.0


def test_a_broken_dockerfile_shows_the_builders_words_and_a_right_one_builds_again(page):
    shown = build(page, BASE + "RUNN true <script>\n")
    assert re.search(r"unknown instruction: RUNN", shown, re.IGNORECASE)
    assert "Traceback" not in shown
    shown = build(page, BASE + "RUN echo the-last-word; exit 3\n")
    assert "the-last-word" in page.locator(".book-trouble").inner_text()
    assert "Traceback" not in shown
    shown = build(page, BASE + ADDED.format(name="two", megabytes=2))
    assert "✓ done" in shown
    assert page.locator(".book-trouble").count() == 0
    assert round(size_of_the_books(page) - size_of_mine(page), 1) == 3.0


def test_reset_brings_the_books_text_back(page):
    page.locator(".book-editor textarea").fill("FROM nothing\n")
    page.locator(".book-editor").get_by_role("button", name="Reset").click()
    page.wait_for_function("() => document.querySelector('.book-editor textarea').value.includes('/five')")


def test_a_choice_changes_what_is_shown_by_mouse_and_by_keyboard(page):
    chosen = page.locator(".book-choice")
    chosen.locator("text=the first").wait_for()
    second = chosen.get_by_role("button", name="second")
    second.click()
    chosen.locator(".highlight", has_text="FROM python").wait_for()
    chosen.locator("text=the first").wait_for(state="hidden")
    chosen.get_by_role("button", name="first").focus()
    page.keyboard.press("Enter")
    chosen.locator("text=the first").wait_for()
    chosen.locator(".highlight").wait_for(state="hidden")


def test_no_cell_has_an_error(page):
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
