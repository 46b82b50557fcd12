import re
from itertools import zip_longest

import pytest

from book.site import build
from tests.site.conftest import CHAPTERS, NEW, OLD, PAGES

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nobody_else_for_anything_and_has_no_errors(visit, root, page):
    seen = visit(f"{root}/{page}")
    strangers = [url for url in seen.requests if not url.startswith((root, "data:", "blob:"))]
    assert strangers == []
    assert seen.errors == []


def test_no_file_of_the_site_names_this_machine_or_a_secret(private_words):
    """All that a reader gets but the recipes' zips, which are what the reader runs."""
    texts = {
        file: file.read_text(errors="replace")
        for file in build.HTML.rglob("*")
        if file.suffix in (".html", ".js", ".json", ".ipynb", ".md")
    }
    assert any(file.suffix == ".html" for file in texts)
    assert [f"{word} in {file.relative_to(build.HTML)}" for file, text in texts.items() for word in private_words if word in text] == []


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_shows_its_outputs_with_no_kernel_and_no_script(visit, over_http, page):
    body = visit(f"{over_http}/{page}", java_script_enabled=False).page
    assert body.locator(".book-claim").count() >= 4
    assert body.locator("caption", has_text="What this page was run on").count() == 1
    assert body.locator(".cell_output pre").first.is_visible()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_in_its_footer_on_what_the_book_was_run(visit, over_http, page):
    footer = visit(f"{over_http}/{page}").page.locator(".book-provenance")
    assert "Docker Engine" in footer.inner_text()
    assert "python:3.13-slim" in footer.inner_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone(visit, over_http, page):
    body = visit(f"{over_http}/{page}", **PHONE).page
    width = body.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


@pytest.mark.parametrize("page", CHAPTERS)
def test_charts_and_claims_can_be_read_in_dark_mode(visit, over_http, page):
    body = visit(f"{over_http}/{page}", color_scheme="dark").page
    light = "e => { const [r, g, b] = getComputedStyle(e).color.match(/\\d+/g).map(Number); return r + g + b }"
    for what in (".book-claim", ".book-table caption", ".book-table td"):
        assert body.locator(what).first.evaluate(light) > 450, what
    output = ".cell_output" if page in NEW else ".cell_output .text_html"
    behind = body.locator(output).first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert behind == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("page", NEW)
def test_the_solution_and_each_hint_of_an_exercise_are_folded_until_they_are_asked_for(visit, over_http, page):
    exercise = visit(f"{over_http}/{page}").page.locator(".book-exercise")
    folds = exercise.locator("details")
    assert folds.last.locator("> summary").inner_text() == "Show a solution"
    assert folds.first.locator("> summary").inner_text() == "Show the file to change"
    assert folds.count() == exercise.locator(".book-conditions li").count() + 2 >= 6
    for fold in folds.all():
        inside = fold.locator("> :not(summary)").first
        assert not inside.is_visible()
        fold.locator("> summary").click()
        assert inside.is_visible()


@pytest.mark.parametrize("page", OLD)
def test_the_solution_is_folded_until_it_is_asked_for(visit, over_http, page):
    body = visit(f"{over_http}/{page}").page
    solution, after = body.locator("details.book-solution"), body.locator("details.book-solution ~ *")
    assert solution.count() == 1
    assert after.count() == 0, "a part of the solution is not folded"
    assert body.locator("#exercise").count() == 1
    assert body.locator("#exercise > p").first.is_visible()
    parts = solution.locator("> *:not(summary)")
    assert parts.count() > 0
    assert not any(part.is_visible() for part in parts.all())
    solution.locator("> summary").click()
    assert all(part.is_visible() for part in parts.all())


WORDS = ["poetry", "init", "musllinux", "addressing", "alias", "pg_isready", "watchfiles", "vagrant"]


@pytest.mark.parametrize(("page", "word"), list(zip_longest(CHAPTERS, WORDS)))
def test_search_finds_a_word_of_each_chapter(visit, root, page, word):
    word = word or max(re.findall("[a-z]+", page[len("notebooks/") : -len(".html")]), key=len)  # a chapter that is new
    seen = visit(f"{root}/search.html?q={word}")
    seen.page.locator(f"#search-results a[href*='{page}']").first.wait_for()
    assert seen.errors == []
