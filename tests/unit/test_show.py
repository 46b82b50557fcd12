import xml.etree.ElementTree as ET

from book import show
from book.engine import Base, Provenance
from book.image import Image, Layer, Packages
from book.show.html import table


def image(name: str, size: int, ours: int = 10_000_000) -> Image:
    layers = (Layer("ADD base", size - ours, True), Layer("RUN <script>alert(1)</script>", ours, False))
    return Image(name, f"sha256:{name}", size, size // 3, "overlay2", layers, 1.0)


def test_sizes_name_the_metric_the_driver_and_every_image():
    shown = show.sizes(image("slim", 200_000_000), image("alpine", 50_000_000))
    assert "docker image inspect" in shown.html
    assert "overlay2" in shown.html
    assert "200.0 MB" in shown.text
    assert "25%" in shown.text


def test_the_chart_is_readable_without_seeing_it_and_the_same_each_time():
    shown = show.sizes(image("slim", 200_000_000))
    svg = ET.fromstring(shown.html[shown.html.index("<svg") : shown.html.index("</svg>") + 6])
    assert svg.find("{http://www.w3.org/2000/svg}title").text.startswith("Image sizes")
    assert "slim: 200.0 MB" in svg.find("{http://www.w3.org/2000/svg}desc").text
    assert shown.html == show.sizes(image("slim", 200_000_000)).html


def test_what_an_image_says_of_itself_is_escaped():
    shown = show.layers(image("x", 20_000_000))
    assert "<script>" not in shown.html
    assert "&lt;script&gt;" in shown.html


def test_layers_tell_the_base_from_the_recipe():
    lines = show.layers(image("x", 20_000_000)).text.splitlines()
    assert lines[1].split(maxsplit=2) == ["10.0", "MB", "the base image, 1 steps"]
    assert lines[2].split()[:4] == ["1", "10.0", "MB", "RUN"]


def test_reload_times_are_sorted_by_the_median_and_their_text_does_not_move():
    shown = show.reload({"slow <b>": [3.0, 1.0, 2.0], "quick": [0.5]})
    assert shown.html.index(">quick</th>") < shown.html.index(">slow &lt;b&gt;</th>")
    assert "quick: median 0.50 s; slow &lt;b&gt;: median 2.00 s" in shown.html
    assert shown.text == "slow <b>: measured 3 times\nquick: measured 1 times"


def test_packages_are_counted():
    assert show.packages(Packages("x", ("flask", "pip"))).text.splitlines()[1].split()[:2] == ["x", "2"]


def test_the_packages_asked_for_are_marked_where_they_are():
    rows = show.presence(["flask", "pytest"], Packages("x", ("flask", "pip")), Packages("y", ("pytest",))).text.splitlines()
    assert [row.split() for row in rows[1:]] == [["x", "yes", "no", "2"], ["y", "no", "yes", "1"]]


def test_seconds_are_drawn_and_left_out_of_what_is_compared():
    shown = show.seconds("Stopping", {"as noted": 10.2, "with <init>": 0.31})
    assert "0.31 s" in shown.html
    assert "<init>" not in shown.html
    assert shown.text == "Stopping: as noted, with <init>"


def test_a_table_escapes_what_it_is_given():
    assert "<b>" not in table("<b>", ["<b>", "x"], [["<b>", "<b>"]]).html


def test_a_stand_in_is_called_one():
    found = Provenance("28", "overlay2", "v1", "x86_64", (Base("python:3.13-slim", "stand-in", "Debian"),), "2026-01-01")
    data, metadata = show.provenance(found)._repr_mimebundle_()
    assert "a stand-in, not the original" in data["text/html"]
    assert metadata["provenance"]
