import re
import xml.etree.ElementTree as ET

from book.engine import Base, Provenance
from book.measure.contents import Contents, Hidden, LayerContents, Part
from book.measure.image import Image, Layer, Packages
from book.show import layers, packages, presence, provenance, seconds, sizes
from book.show.html import table


def image(name: str, size: int, ours: int = 10_000_000) -> Image:
    parts = (Layer("ADD base", size - ours, True), Layer("RUN <script>alert(1)</script>", ours, False))
    return Image(name, f"sha256:{name}", size, size // 3, "overlay2", parts, 1.0)


def test_sizes_name_the_metric_the_driver_and_every_image():
    shown = sizes(image("slim", 200_000_000), image("alpine", 50_000_000))
    assert "docker image history" in shown.html
    assert "overlay2" in shown.html
    assert "200.0 MB" in shown.text
    assert "25%" in shown.text


def test_the_chart_is_readable_without_seeing_it_and_the_same_each_time():
    shown = sizes(image("slim", 200_000_000))
    svg = ET.fromstring(shown.html[shown.html.index("<svg") : shown.html.index("</svg>") + 6])
    assert svg.find("{http://www.w3.org/2000/svg}title").text.startswith("Image sizes")
    assert "slim: 200.0 MB" in svg.find("{http://www.w3.org/2000/svg}desc").text
    assert shown.html == sizes(image("slim", 200_000_000)).html


def test_each_layer_is_a_segment_that_names_its_instruction():
    html = sizes(image("slim", 200_000_000), image("alpine", 50_000_000)).html
    drawings = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    assert len(drawings) == 2  # for a column of text, and for a telephone
    for drawing in drawings:
        tips = [title.text for title in drawing.iter("{http://www.w3.org/2000/svg}title")][1:]
        recipe = "10.0 MB: RUN <script>alert(1)</script>"
        assert tips == ["190.0 MB: the base image", recipe, "40.0 MB: the base image", recipe]
        assert "10.0 MB RUN <script>" in drawing.find("{http://www.w3.org/2000/svg}desc").text
        assert "var(--book-ours" in ET.tostring(drawing, "unicode")
    assert "compressed" in html
    assert "<script>" not in html


def test_figures_on_one_page_share_no_ids():
    html = sizes(image("slim", 200_000_000)).html + sizes(image("alpine", 50_000_000)).html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', html)) <= set(ids)


def test_names_and_instructions_with_dollar_signs_are_drawn_unchanged():
    layers = (Layer("RUN $(a) && $(b)", 50_000_000, False),)
    html = sizes(Image("$x$", "sha256:x", 50_000_000, 1, "overlay2", layers, 1.0)).html
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", html)
    assert {"$x$", "RUN $(a) &amp;&amp; $(b)"} <= set(drawn)


def contents(*layers: LayerContents) -> Contents:
    base = LayerContents("ADD base", True, 30_000_000, 2, (Part("/bin/sh", 30_000_000),), (), ())
    return Contents("x", (base, *layers))


WASTEFUL = LayerContents(
    "RUN make <script>alert(1)</script>",
    False,
    10_000_000,
    3,
    (Part("/opt/<script>alert(2)</script>", 9_000_000),),
    (Part("/opt/", 10_000_000),),
    (Hidden("/opt/<script>alert(3)</script>", 9_000_000, 2, deleted=True),),
)
DELETES = LayerContents("RUN rm it", False, 0, 0, (), (), ())


def test_text_from_an_image_is_escaped():
    html = layers(contents(WASTEFUL, DELETES)).html
    assert "<script>" not in html
    assert [number in html.replace("<wbr>", "") for number in ("alert(1)&lt;/", "alert(2)&lt;/", "alert(3)&lt;/")] == [True] * 3


def test_layers_open_on_their_files_and_tell_which_layer_hides_what():
    page = ET.fromstring(layers(contents(WASTEFUL, DELETES)).html.replace("<wbr>", ""))
    head = "".join(page.find("p").itertext())
    assert "efficiency 77.5%" in head
    assert "wasted 9.0 MB" in head
    base, ours, deletes = ("".join(row.itertext()) for row in page.findall("ul/li"))
    assert "the base image, 1 layer" in base
    assert "30.0 MB /bin/sh" in base
    for words in ("9.0 MB hidden later", "10.0 MB /opt/", "9.0 MB /opt/<script>", "deleted by layer 2"):
        assert words in ours
    assert "of layer 1, deleted" in deletes
    assert len(list(page.iter("summary"))) == 4  # the base, the layer in it, and our two


def test_the_text_of_layers_contains_the_steps_and_nothing_that_changes():
    assert layers(contents(WASTEFUL, DELETES)).text.splitlines() == [
        "Layers of x",
        "  the base image",
        "  1  RUN make <script>alert(1)</script>",
        "  2  RUN rm it",
    ]


def test_a_little_waste_is_not_rounded_away():
    little = LayerContents("RUN a", False, 10, 1, (), (), (Hidden("/a", 10, 2, deleted=False),))
    assert "efficiency <b>more than 99.9%</b>" in layers(contents(little, DELETES)).html


def test_reload_times_are_sorted_by_the_median_and_their_text_does_not_change():
    shown = seconds("From the save to the answer", {"slow <b>": [3.0, 1.0, 2.0], "quick": [0.5]})
    assert shown.html.index(">quick</th>") < shown.html.index(">slow &lt;b&gt;</th>")
    assert "quick: median 0.50 s; slow &lt;b&gt;: median 2.00 s" in shown.html
    assert shown.text == "slow <b>: measured 3 times\nquick: measured 1 times"


def test_packages_are_counted():
    assert packages(Packages("x", ("flask", "pip"))).text.splitlines()[1].split()[:2] == ["x", "2"]


def test_the_packages_to_look_for_are_marked_in_each_image():
    rows = presence(["flask", "pytest"], Packages("x", ("flask", "pip")), Packages("y", ("pytest",))).text.splitlines()
    assert [row.split() for row in rows[1:]] == [["x", "yes", "no", "2"], ["y", "no", "yes", "1"]]


def test_seconds_are_drawn_and_left_out_of_what_is_compared():
    shown = seconds("Stopping", {"in 2021": 10.2, "with <init>": 0.31})
    assert "0.31 s" in shown.html
    assert "<init>" not in shown.html
    assert shown.text == "Stopping: in 2021, with <init>"


def test_a_table_escapes_what_it_is_given():
    assert "<b>" not in table("<b>", ["<b>", "x"], [["<b>", "<b>"]]).html


def test_a_stand_in_is_called_one():
    found = Provenance("28", True, "overlay2", "v1", "x86_64", (Base("python:3.13-slim", "stand-in", "Debian"),), "2026-01-01")
    data, metadata = provenance(found)._repr_mimebundle_()
    assert "a stand-in, not the original" in data["text/html"]
    assert metadata["provenance"]
