"""A choice on a page of the site: no script, the book's own style sheet."""

import pytest
from markupsafe import Markup

from book.places import ROOT
from book.show import choice
from book.show.html import Piece

LABELS = ["slim", "alpine", "slim in two stages", "alpine in two stages", "uv", "without pip", "from nothing at all"]


@pytest.fixture
def page(tmp_path, browser, request):
    pieces = {label: Piece(Markup(f"<p>This is {label}.</p>"), label) for label in LABELS}
    twice = [choice("Which image?", pieces)._repr_mimebundle_()["text/html"] for _ in range(2)]
    style = (ROOT / "book/assets/book.css").read_text()
    (tmp_path / "page.html").write_text(f"<!doctype html><title>x</title><style>{style}</style>{''.join(twice)}")
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    opened = context.new_page()
    opened.goto((tmp_path / "page.html").as_uri())
    yield opened
    context.close()


def shown(page, group=0):
    pieces = page.locator("fieldset").nth(group).locator(".book-choice-piece")
    return [piece.inner_text() for piece in pieces.all() if piece.is_visible()]


def test_a_click_shows_the_piece_of_its_label_and_no_other(page):
    assert shown(page) == ["This is slim."]
    page.locator("label", has_text="uv").first.click()
    assert shown(page) == ["This is uv."]
    assert shown(page, group=1) == ["This is slim."], "each group is its own"


def test_the_keyboard_reaches_it_and_arrows_choose(page):
    page.keyboard.press("Tab")
    for label in LABELS[1:3]:
        page.keyboard.press("ArrowRight")
        assert shown(page) == [f"This is {label}."]
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert shown(page, group=1) == [f"This is {LABELS[-1]}."], "one press of Tab goes from group to group"


def test_a_screen_reader_hears_a_named_group_of_radio_buttons(page):
    group = page.get_by_role("group", name="Which image?").first
    assert group.get_by_role("radio").count() == len(LABELS)
    group.get_by_role("radio", name="without pip").focus()
    page.keyboard.press("Space")
    assert shown(page) == ["This is without pip."]


def test_paper_shows_all_each_under_its_label(page):
    page.emulate_media(media="print")
    assert shown(page) == [f"This is {label}." for label in LABELS]
    tops = [
        box["y"]
        for label in LABELS
        for box in (
            page.locator("fieldset").first.get_by_text(label, exact=True).bounding_box(),
            page.locator("fieldset").first.get_by_text(f"This is {label}.", exact=True).bounding_box(),
        )
    ]
    assert tops == sorted(tops)


def test_many_labels_fit_a_phone(page):
    for label in page.locator("fieldset").first.locator("label").all():
        box = label.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= 24
