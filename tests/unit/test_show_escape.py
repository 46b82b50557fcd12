"""No text from an image, a container or a file becomes a tag on a page, whatever is shown of it."""

import re
from dataclasses import replace

import pytest
from markupsafe import Markup

from book import Recipe, show
from book.engine import Base, Provenance
from book.files.compose import Declared
from book.measure.contents import Contents, Hidden, LayerContents, Part
from book.measure.image import Image, Layer, Packages
from book.measure.probe import HERE, Reach
from book.measure.service import Service
from book.measure.timeline import Event, EventName, Timeline
from book.measure.tool import Said
from book.measure.topology import Topology
from book.measure.verdict import Verdict
from book.show.html import Cell, Piece, fold, joined, table
from book.show.markup import piece
from book.show.timeline import _MARKS as MARKS

EVIL = "<script>alert('1')</script>"
IMAGE = Image(EVIL, EVIL, 10_000_000, 5, EVIL, (Layer(EVIL, 6_000_000, True), Layer(EVIL, 4_000_000, False)), 1.0)
LAYER = LayerContents(EVIL, False, 5, 1, (Part(EVIL, 5),), (Part(EVIL, 5),), (Hidden(EVIL, 5, 1, True),))
TRIES = (
    Reach(EVIL, EVIL, True, Verdict.RESOLVES, 1.0, "", (EVIL,)),
    Reach(EVIL, f"{EVIL}:1", False, Verdict.NO_NAME, 1.0, EVIL, (EVIL,)),
    Reach(HERE, f"{EVIL}:80", False, Verdict.REFUSED, 1.0, EVIL),
)
SERVICE = Service(EVIL, EVIL, EVIL, 0, EVIL, 1, {EVIL: EVIL}, {80: EVIL}, EVIL)
DECLARED = Declared(EVIL, {EVIL: EVIL}, {EVIL: (EVIL,)}, EVIL, {80: EVIL}, depends_on={EVIL: EVIL}, profiles=(EVIL,), replicas=2)
SEEN = Timeline((*(Event(EVIL, what, 1.0, EVIL) for what in EventName), Event("up", EventName.FAILED, 2.0, EVIL)))
SHOWN = {
    "choice": lambda: show.choice(EVIL, {EVIL: EVIL, "other": show.sizes(IMAGE)}),
    "connectivity": lambda: show.connectivity(TRIES),
    "durations": lambda: show.durations(Said(EVIL, 1, EVIL, 1.0)),
    "layers": lambda: show.layers(Contents(EVIL, (LAYER, replace(LAYER, from_base=True)))),
    "packages": lambda: show.packages(Packages(EVIL, (EVIL,))),
    "presence": lambda: show.presence([EVIL], Packages(EVIL, (EVIL,))),
    "provenance": lambda: show.provenance(Provenance(EVIL, True, EVIL, EVIL, EVIL, (Base(EVIL, "local", EVIL),), EVIL)),
    "race": lambda: show.race({EVIL: (SEEN, Timeline(SEEN.events[-1:]))}),
    "seconds": lambda: show.seconds(EVIL, {EVIL: [1.0, 2.0]}),
    "services": lambda: show.services([SERVICE]),
    "sizes": lambda: show.sizes(IMAGE),
    "timeline": lambda: show.timeline(SEEN),
    "topology": lambda: show.topology(Topology(EVIL, (DECLARED,), (SERVICE, replace(SERVICE, name="x")), TRIES)),
}


def test_every_function_that_a_notebook_calls_is_tried():
    public = {name for name, thing in vars(show).items() if callable(thing)}
    assert public - SHOWN.keys() == {"listing"}, "a listing is Markdown, and has tests of its own"


@pytest.mark.parametrize("name", SHOWN)
def test_no_text_becomes_a_tag(name):
    bundle = SHOWN[name]()._repr_mimebundle_()
    html = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"]
    assert "alert" in html
    assert re.findall(r"<\s*/?\s*script", html) == []


def test_a_listing_cannot_end_its_own_fence(tmp_path):
    (tmp_path / "a.txt").write_text(f"```\n{EVIL}\n")
    assert "<script" not in piece(show.listing(Recipe(tmp_path), "a.txt")).html


def test_plain_text_is_escaped_and_markup_is_not():
    assert "<b>" not in table("x", ["<b>"], [["<b>"], [Cell("<b>", "x")]]).html
    assert "<b>x</b>" in table("x", ["y"], [[Markup("<b>x</b>")]]).html
    assert Piece("<b>", "").html == "&lt;b&gt;"
    assert fold("x", "<b>") == '<details class="book-fold"><summary>x</summary>&lt;b&gt;</details>'
    assert joined(["<", Markup("<br>")], " & ") == "&lt; &amp; <br>"


def test_every_event_has_a_mark():
    assert set(MARKS) == set(EventName)
