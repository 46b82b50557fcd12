"""The first page leads to answers: each chapter has a card, each symptom a place that exists, and the book can be downloaded."""

import io
import subprocess
import sys
import zipfile

import pytest

from book.site import archives, build, first_page
from tests.site.conftest import PAGES

CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
FIRST, SET_UP = "book/pages/intro.html", "book/pages/set-up.html"
SYMPTOMS = [one for group in first_page.symptoms() for one in group.symptoms]


@pytest.fixture
def first(visit, over_http):
    return visit(f"{over_http}/{FIRST}").page


@pytest.mark.parametrize("page", CHAPTERS)
def test_each_chapter_has_a_card_with_its_question_its_answer_and_what_was_measured(first, page):
    card = first.locator(".book-cards > li").filter(has=first.locator(f"a[href$='{page}']"))
    assert card.count() == 1
    for part in ("title", "question", "answer", "headline", "minutes"):
        shown = card.locator(f".book-card-{part}")
        assert shown.count() == 1, f"the card has no {part}"
        assert shown.inner_text().strip(), part
    title = first.locator(f".bd-docs-nav a[href$='{page}']").first.inner_text()
    assert card.locator(".book-card-title").inner_text() == title, "one name for each chapter"


def test_there_are_as_many_cards_as_chapters_and_most_have_a_measured_value(first):
    assert first.locator(".book-cards > li").count() == len(CHAPTERS)
    assert first.locator(".book-card-headline strong").count() >= len(CHAPTERS) / 2


def test_there_are_many_symptoms_and_each_is_on_the_page(first):
    shown = first.locator(".book-symptoms dt a")
    assert shown.count() == len(SYMPTOMS) >= 30
    assert first.locator(".book-symptoms dd").count() == len(SYMPTOMS)


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda one: one.says)
def test_the_place_that_answers_a_symptom_exists(symptom):
    html = (build.HTML / f"{symptom.page}.html").read_text()
    assert f'id="{symptom.anchor}"' in html, f"symptoms.yaml leads to {symptom.page}#{symptom.anchor}: name a heading of that page"


def test_a_newcomer_finds_the_answer_to_a_symptom_in_two_clicks(visit, over_http):
    opened = visit(f"{over_http}/{FIRST}", viewport={"width": 1440, "height": 900}, reduced_motion="reduce").page  # no smooth scrolling
    kind = opened.locator(".book-kinds a", has_text="stop")
    assert kind.bounding_box()["y"] < 900, "the kinds of symptoms are on the first screen"
    kind.click()
    symptom = opened.locator(".book-symptoms dt a", has_text="ten seconds to stop")
    assert 0 <= symptom.bounding_box()["y"] < 900
    assert "init: true" in symptom.locator("xpath=ancestor::dt/following-sibling::dd[1]").inner_text()
    symptom.click()
    opened.wait_for_url("**/02-edit-while-it-runs.html#*")
    assert 0 <= opened.locator(":target").first.bounding_box()["y"] < 900


def test_the_figure_is_the_one_that_its_chapter_shows(first):
    drawn = first.locator(".book-first-figure svg").first.locator("desc").text_content()
    assert "reaches" in drawn
    assert drawn.splitlines()[1].strip() in (build.HTML / "notebooks/05-projects-that-talk.html").read_text()


def test_the_download_is_the_whole_book_and_nothing_of_this_machine(visit, over_http, tmp_path):
    opened = visit(f"{over_http}/{SET_UP}").page
    link = opened.get_by_role("link", name="Download the book")
    assert link.get_attribute("download") is not None
    archive = zipfile.ZipFile(io.BytesIO(opened.request.get(link.evaluate("e => e.href")).body()))
    archive.extractall(tmp_path)
    (top,) = tmp_path.iterdir()
    assert top.name == archives.BOOK
    assert {"Makefile", "README.md", "_toc.yml", "requirements.txt", "book", "recipes", "notebooks"} <= {
        path.name for path in top.iterdir()
    }
    assert len(list((top / "notebooks").glob("*.ipynb"))) == len(CHAPTERS)
    parts = {part for file in top.rglob("*") for part in file.relative_to(top).parts}
    assert not parts & {".git", ".venv", ".engine", "_build", "__pycache__"}
    shown = subprocess.run([sys.executable, "-m", "book", "--help"], cwd=top, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr


def test_set_up_gives_a_recipe_that_plain_docker_runs(visit, over_http):
    opened = visit(f"{over_http}/{SET_UP}").page
    address = opened.get_by_role("link", name="Download the recipe").evaluate("e => e.href")
    archive = zipfile.ZipFile(io.BytesIO(opened.request.get(address).body()))
    name = address.rpartition("/")[2].removesuffix(".zip")
    assert f"{name}/compose.yaml" in archive.namelist()
    assert f"cd {name}\ndocker compose up" in opened.locator("pre", has_text=name).inner_text()
