import re
from html.parser import HTMLParser

import ipywidgets
import pytest
from IPython.display import Markdown
from markupsafe import Markup

from book import Recipe
from book.show import choice, listing
from book.show.choice import buttons, radios
from book.show.html import Piece
from book.show.markup import apart, piece

PIECES = {"slim": Piece(Markup("<p>one</p>"), "one"), "alpine": Piece(Markup("<p>two</p>"), "two")}


def test_a_choice_holds_every_label_and_piece_and_the_first_is_chosen():
    data = choice("Which image?", PIECES)._repr_mimebundle_()
    html = data["text/html"]
    assert "<legend>Which image?</legend>" in html
    assert re.findall(r"<label[^>]*>(\w+)</label><div[^>]*>(.*?)</div>", html) == [("slim", "<p>one</p>"), ("alpine", "<p>two</p>")]
    assert html.count(" checked") == 1
    assert html.index(" checked") < html.index("slim")
    assert data["text/plain"] == "Which image?\n\n[slim]\none\n\n[alpine]\ntwo"
    assert "application/vnd.jupyter.widget-view+json" in data


def test_each_label_is_tied_to_its_button():
    html = radios("Which?", PIECES, "key")
    assert re.findall(r'<input type="radio" name="key" id="([\w-]+)"', html) == re.findall(r'<label for="([\w-]+)"', html)


def test_question_labels_and_plain_text_are_escaped():
    html = choice("<script>q</script>", {"<script>l</script>": "<script>p</script>"})._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3


def test_the_same_question_twice_has_other_ids():
    first, second = (choice("Twice?", PIECES)._repr_mimebundle_()["text/html"] for _ in range(2))
    ids = [set(re.findall(r'id="([^"]+)"', html)) for html in (first, second)]
    assert ids[0].isdisjoint(ids[1])
    assert first.partition('name="')[2].partition('"')[0] != second.partition('name="')[2].partition('"')[0]


def test_ids_of_a_drawing_become_its_own_and_what_refers_to_them_follows():
    html = Markup(
        '<svg aria-labelledby="t d"><title id="t"/><clipPath id="c"/><g clip-path="url(#c)"/><use xlink:href="#c"/><a href="#far"/></svg>'
    )
    assert apart(html, "x-") == (
        '<svg aria-labelledby="x-t d"><title id="x-t"/><clipPath id="x-c"/><g clip-path="url(#x-c)"/>'
        '<use xlink:href="#x-c"/><a href="#far"/></svg>'
    )


def test_the_widget_has_the_same_labels_and_its_buttons_move_the_pieces(monkeypatch):
    links = []
    monkeypatch.setattr(ipywidgets, "jslink", lambda source, target: links.append((source, target)))
    box = buttons("Which?", PIECES, "key")
    labels, stack = box.children[-2:]
    assert labels.options == ("slim", "alpine")
    assert labels.description == "Which?"
    assert [shown.value for shown in stack.children] == ["<p>one</p>", "<p>two</p>"]
    assert links == [((labels, "index"), (stack, "selected_index"))]


def test_a_listing_in_a_choice_is_coloured_as_on_the_site_and_closes_what_it_opens():
    html = piece(listing(Recipe("03-smaller-images"), "slim.Dockerfile")).html
    assert '<div class="highlight"><pre>' in html
    assert '<span class="k">FROM</span>' in html

    class Depth(HTMLParser):
        depth = 0

        def handle_starttag(self, tag, attrs):
            self.depth += 1

        def handle_endtag(self, tag):
            self.depth -= 1

    reader = Depth()
    reader.feed(html)
    assert reader.depth == 0


def test_markdown_cannot_bring_markup_of_its_own():
    assert "<script" not in piece(Markdown("a <script>alert(1)</script>\n\n```nope\n<script>\n```")).html


def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(ValueError, match=r"Which\?"):
        choice("Which?", {})
