"""A chapter whose commands come first, as a reader meets it: what is in sight, what is folded, what is copied, and how long it is."""

import json

import pytest

from book.measure import limits
from book.site import build
from book.site.source import FOLDER
from tests.site.conftest import CHAPTERS, NEW, OLD

SCREEN = {"viewport": {"width": 1440, "height": 900}}
FIRST_LOOK = 1350  # pixels: a screen and a half
LINES = 6  # of Python that stand open
SCREENS = 9
# Pages that are longer, and by how much, with the banner: each shows two whole files, what fails, ways to fix it, and figures.
MOST_SCREENS = {"notebooks/03-smaller-images.html": 11.1, "notebooks/06-wait-until-ready.html": 11.3}


@pytest.mark.parametrize("page", NEW)
def test_the_answer_and_the_first_command_are_on_the_first_screens(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    for what in ("section#in-short h2", ".book-console"):
        assert opened.locator(what).first.is_visible(), what
        assert opened.locator(what).first.bounding_box()["y"] <= FIRST_LOOK, what


@pytest.mark.parametrize("page", NEW)
def test_the_page_is_short(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    assert opened.evaluate("document.documentElement.scrollHeight") <= MOST_SCREENS.get(page, SCREENS) * 900


@pytest.mark.parametrize("page", NEW)
def test_no_long_python_stands_open(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    cells = opened.locator(".cell_input pre").all()
    assert cells
    assert [cell.inner_text() for cell in cells if cell.is_visible() and cell.inner_text().strip().count("\n") >= LINES] == []


@pytest.mark.parametrize("page", NEW)
def test_nothing_scrolls_sideways(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    opened.evaluate("for (const block of document.querySelectorAll('main details')) block.open = true")
    wide = """[...document.querySelectorAll('.bd-article pre, .bd-article .book-scroll, .pst-scrollable-table-container')]
        .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim().slice(0, 200))"""
    assert opened.evaluate(wide) == []


@pytest.mark.parametrize("page", NEW)
def test_the_choice_of_python_is_remembered(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    consoles, python = opened.locator(".book-console"), opened.locator(".book-python .cell_input").first
    assert consoles.first.is_visible()
    assert not python.is_visible()
    opened.locator("label[for=book-way-python]").click()
    for _ in range(2):
        assert python.is_visible()
        assert not any(console.is_visible() for console in consoles.all())
        opened.reload()
    opened.locator("label[for=book-way-terminal]").click()
    assert consoles.first.is_visible()
    assert not python.is_visible()


@pytest.mark.parametrize("page", NEW)
def test_without_a_script_all_can_be_read(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", java_script_enabled=False, **SCREEN).page
    assert opened.locator(".book-console").first.is_visible()
    fold = opened.locator("details.book-python").first
    fold.locator("summary").click()
    assert fold.locator(".cell_input").first.is_visible()


@pytest.mark.parametrize("page", NEW)
def test_what_is_copied_can_be_pasted_into_a_shell(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console = opened.locator(".book-console").first
    shown = console.locator("pre").inner_text().strip()
    commands = "\n".join(line.removeprefix("$ ") for line in shown.splitlines())
    assert shown.startswith("$ ")
    console.hover()
    console.locator("button.copybtn").click()
    assert limits.wait_until(lambda: opened.evaluate("navigator.clipboard.readText()").strip() == commands, 60)


@pytest.mark.parametrize("page", NEW)
def test_every_command_of_the_run_is_on_the_page(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    outputs = [
        output for cell in json.loads((FOLDER / page.replace(".html", ".ipynb")).read_text())["cells"] for output in cell.get("outputs", [])
    ]
    ran = [one["command"] for output in outputs for one in output.get("metadata", {}).get("terminal", [])]
    without_prompts = """all => all.map(e => {
        const pre = e.cloneNode(true); pre.querySelectorAll('.gp').forEach(p => p.remove()); return pre.textContent })"""
    shown = "".join(opened.locator(".book-console pre").evaluate_all(without_prompts)).replace("\\\n", " ")
    assert ran
    assert sorted(" ".join(ran).replace("\\\n", " ").split()) == sorted(shown.split())


@pytest.mark.parametrize("page", NEW)
def test_ticks_that_follow_each_other_are_one_list(visit, over_http, page):
    opened = visit(f"{over_http}/{page}", **SCREEN).page
    assert opened.locator(".book-claim").count() >= 4
    assert opened.locator(".book-claims + .book-claims, .book-claim + p.book-claim, .book-python + .book-python").count() == 0


@pytest.mark.parametrize("page", OLD)
def test_a_chapter_that_is_not_rewritten_has_no_console_and_no_choice(page):
    text = (build.HTML / page).read_text()
    assert "book-console" not in text
    assert "book-way" not in text


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_one_name_everywhere_and_says_what_its_images_are(visit, over_http, page):
    opened = visit(f"{over_http}/{page}").page
    title = opened.locator("article h1").inner_text().rstrip("#").strip()
    assert title.startswith(f"{int(page.split('/')[1][:2])}. ")
    assert opened.locator(".bd-docs-nav .current > a").last.inner_text().strip() == title
    assert opened.title().startswith(title)
    assert opened.locator(".book-badge").inner_text().startswith("base images: ")
    listed = visit(f"{over_http}/book/pages/claims.html").page
    assert title in [heading.inner_text().rstrip("#").strip() for heading in listed.locator("h2").all()]


def test_each_claim_is_linked_to_its_place(visit, over_http):
    opened = visit(f"{over_http}/book/pages/claims.html").page
    links = opened.locator(".book-table a").evaluate_all("all => all.map(a => [a.href.replace(location.origin + '/', ''), a.textContent])")
    assert len(links) >= 30
    texts = {page: (build.HTML / page).read_text() for page in CHAPTERS}
    assert [link for link, _ in links if f'id="{link.partition("#")[2]}"' not in texts[link.partition("#")[0]]] == []


@pytest.mark.parametrize("page", [NEW[0] if NEW else CHAPTERS[5], CHAPTERS[4]])
def test_words_of_a_search_are_marked_on_a_page_with_figures(visit, over_http, page):
    seen = visit(f"{over_http}/{page}?highlight=service")
    assert seen.errors == []
    marked = seen.page.locator("span.highlighted")
    last = seen.page.locator(".bd-article p", has_text="service").last
    assert marked.count() > 1
    assert last.locator("span.highlighted").count() >= 1, "highlighting stopped before the end of the page"
    seen.page.get_by_role("link", name="Hide Search Matches").click()
    assert marked.count() == 0


def test_an_option_keeps_its_two_hyphens(visit, over_http):
    for page in ("errata", "claims"):
        assert "--no-dev" in visit(f"{over_http}/book/pages/{page}.html").page.locator("article").inner_text()


def test_a_phone_shows_the_fix_of_each_fault(visit, over_http):
    opened = visit(f"{over_http}/book/pages/errata.html", viewport={"width": 390, "height": 844}).page
    for fix in opened.locator("table.book-errata tbody td:nth-child(4)").all():
        box = fix.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
