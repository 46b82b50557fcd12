"""What a reader does with a page: takes the recipe along, changes the theme, uses the keyboard, a phone, or paper."""

import io
import zipfile

import pytest

from book.files import compose
from book.measure import limits
from book.recipe import Recipe
from book.site import build
from tests.site.conftest import CHAPTERS, NEW, OLD, PAGES

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_download_is_the_folder_that_ran_and_compose_accepts_it(visit, over_http, page, tmp_path):
    opened = visit(f"{over_http}/{page}").page
    link = opened.get_by_role("link", name="Download this recipe")
    assert link.get_attribute("download") is not None
    address = link.evaluate("e => e.href")
    recipe = Recipe(address.rpartition("/")[2].removesuffix(".zip"))
    archive = zipfile.ZipFile(io.BytesIO(opened.request.get(address).body()))
    packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {f"{recipe.name}/{file.relative_to(recipe.path).as_posix()}": file.read_bytes() for file in recipe.files()}
    archive.extractall(tmp_path)
    for file in (tmp_path / recipe.name).rglob("compose.yaml"):
        assert compose.read(compose.ComposeFile(file.parent, file.name))[0].error == "", file


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_says_its_minutes_and_gives_its_notebook(visit, over_http, page):
    opened = visit(f"{over_http}/{page}").page
    assert "minutes" in opened.locator(".book-take li").first.inner_text()
    link = opened.get_by_role("link", name="Notebook")
    assert link.get_attribute("download") is not None
    notebook = opened.request.get(link.evaluate("e => e.href")).json()
    assert notebook["cells"]


@pytest.mark.parametrize("page", PAGES)
def test_the_keyboard_reaches_every_control(visit, over_http, page):
    opened = visit(f"{over_http}/{page}").page
    controls = "a[href], button, summary, input, select, textarea"
    mark = """controls => [...document.querySelectorAll(controls)].forEach((e, i) => {
        e.dataset.at = e.checkVisibility({visibilityProperty: true}) && !(e.type === 'radio' && !e.checked) ? i : ''; })"""
    opened.evaluate(mark, controls)
    wanted = set(opened.evaluate("[...document.querySelectorAll('[data-at]')].map(e => e.dataset.at).filter(Boolean)"))
    reached = set()
    for _ in range(len(wanted) + 100):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.dataset.at || ''"))
    assert wanted <= reached


def test_the_theme_switch_goes_round_and_is_remembered(visit, over_http):
    opened = visit(f"{over_http}/{CHAPTERS[0]}", color_scheme="light").page
    seen = []
    for _ in range(3):
        opened.get_by_role("button", name="Color mode").click()
        seen.append(opened.locator("html").get_attribute("data-mode"))
    assert set(seen) == {"light", "dark", "auto"}
    opened.evaluate("localStorage.setItem('mode', 'dark')")
    opened.reload()
    assert opened.locator("html").get_attribute("data-theme") == "dark"


def test_search_opens_with_its_keys(visit, over_http):
    opened = visit(f"{over_http}/{CHAPTERS[0]}").page
    opened.keyboard.press("Control+k")
    opened.locator("#pst-search-dialog input").fill("musllinux")
    opened.keyboard.press("Enter")
    opened.locator("#search-results a", has_text="Make the image smaller").first.wait_for()


@pytest.mark.parametrize("page", [CHAPTERS[0], CHAPTERS[-1]])
def test_a_phone_opens_the_chapters_and_the_contents(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", reduced_motion="reduce", **PHONE).page
    on_screen = "e => { const box = e.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth }"
    for button, inside in ((".primary-toggle", ".bd-docs-nav a"), (".secondary-toggle", "#pst-page-toc-nav a")):
        assert not opened.locator(inside).first.evaluate(on_screen)
        opened.locator(button).click()
        assert opened.locator(inside).first.evaluate(on_screen)
        opened.keyboard.press("Escape")


def test_without_a_script_a_phone_has_the_chapters_and_dark_is_dark(visit, over_http):
    opened = visit(f"{over_http}/{CHAPTERS[0]}", java_script_enabled=False, color_scheme="dark", **PHONE).page
    assert opened.locator(".bd-docs-nav a").first.is_visible()
    opened.locator("summary").first.click()
    assert opened.locator("details").first.get_attribute("open") is not None
    red = opened.locator("body").evaluate("e => Number(getComputedStyle(e).backgroundColor.match(/\\d+/)[0])")
    assert red < 60


def test_paper_has_no_navigation_and_no_folded_block(visit, over_http):
    opened = visit(f"{over_http}/{CHAPTERS[0]}").page
    opened.emulate_media(media="print")
    for gone in (".bd-sidebar-primary", ".prev-next-footer", ".bd-header-article", ".copybtn"):
        assert not opened.locator(gone).first.is_visible(), gone
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.locator("main details:not([open])").count() == 0
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.locator("main details[open]").count() == 0


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_listing_is_copied_whole(visit, over_http, page):
    opened = visit(f"{over_http}/{page}").page
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    listing = opened.locator(":not(.book-console) > div.highlight:has(button.copybtn):visible").first
    listing.hover()
    listing.locator("button.copybtn").click()
    text = listing.locator("pre").inner_text().strip()
    assert limits.wait_until(lambda: opened.evaluate("navigator.clipboard.readText()").strip() == text, 60)


def test_what_no_page_names_is_not_in_the_site():
    left = {file.name for file in (build.HTML / "_static").rglob("*") if file.is_file()}
    assert {"site.css", "site.js"} <= left
    assert not left & {"fontawesome.js", "bootstrap.js", "pydata-sphinx-theme.css", "fa-solid-900.woff2"}


@pytest.mark.parametrize("page", OLD)
@pytest.mark.parametrize("script", [True, False])
def test_each_choice_changes_what_is_shown(visit, root, page, script):
    body = visit(f"{root}/{page}", java_script_enabled=script).page
    choices = body.locator("fieldset.book-choice")
    assert choices.count() >= 1
    for choice in choices.all():
        pieces = choice.locator("> .book-choice-piece").all()
        for chosen, label in enumerate(choice.locator("> label").all()):
            label.click()
            assert [piece.is_visible() for piece in pieces] == [number == chosen for number in range(len(pieces))]


@pytest.mark.parametrize("page", NEW)
def test_an_exercise_says_how_to_check_a_file(visit, over_http, page):
    words = visit(f"{over_http}/{page}").page.locator(".book-exercise").inner_text()
    assert f"python3 -m book check {page[len('notebooks/') :][:2]}" in words


@pytest.mark.parametrize("page", OLD)
def test_an_editor_is_shown_as_the_way_to_run_it(visit, over_http, page):
    words = visit(f"{over_http}/{page}").page.locator(".book-try").inner_text()
    assert "make lab" in words
    assert "cd recipes/" in words
