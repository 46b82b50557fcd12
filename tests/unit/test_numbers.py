import re

import pytest
import yaml
from test_bench import comparison, of

from book.bench import result, works
from book.bench.result import Measured
from book.places import ROOT
from book.site import numbers


def test_a_work_that_was_never_measured_shows_the_command_that_measures_it():
    shown = numbers.piece("stop", None)
    assert "Not measured yet" in shown.html
    assert "python -m book bench stop" in shown.html


def test_each_way_has_its_row_with_median_spread_runs_failures_and_ratio():
    html = numbers.piece("stop", of(comparison())).html
    rows = [re.findall(r">([^<>]+)<", row) for row in re.findall(r"<tr>.*?</tr>", html)]
    cells = {row[0].strip(): row for row in rows}
    assert cells["noted"] == ["noted", "11.00 s", "1.00", "10.00 s", "12.00 s", "3", "0"]
    assert cells["ours"] == ["ours ", "(recommended)", "2.00 s", "0.18", "1.00 s", "3.00 s", "3", "0"]
    assert cells["broken"] == ["broken", "–", "–", "–", "–", "3", "3"]


def test_the_chart_leaves_out_what_has_no_sample_and_without_any_sample_there_is_none():
    html = numbers.piece("stop", of(comparison())).html
    assert html.count("<svg") == 2  # for a column of text, and for a telephone
    assert "noted: median 11.00 s; ours: median 2.00 s<" in html
    lost = dict.fromkeys(("noted", "ours"), Measured((), ("StackFailed",)))
    assert "<svg" not in numbers.piece("stop", of(comparison(ways=lost))).html


@pytest.mark.parametrize(("most", "label"), [(0.2, "held"), (0.1, "did not hold")])
def test_a_bound_is_shown_as_met_or_missed_to_a_screen_reader_too(most, label):
    html = numbers.piece("stop", of(comparison(bounds=(result.Bound("ours", most, of="noted"),)))).html
    assert re.search(rf'aria-label="{label}"[^>]*>.</span> ours: at most {most} × noted; measured 0.18 ×', html)


def test_if_another_way_needs_less_the_page_shows_why_it_is_not_recommended():
    html = numbers.piece("stop", of(comparison(recommended="noted", because="It needs no change."))).html
    assert "Ours needs 0.18 × what noted does, which the book recommends. It needs no change." in html
    assert "What the book recommends, ours, needs the least." in numbers.piece("stop", of(comparison())).html


def test_text_from_a_result_is_escaped():
    html = numbers.piece("stop", of(comparison(title="<script>alert(1)</script>", because="<b>", recommended="noted"))).html
    assert "<script>" not in html
    assert "<b>" not in html


def test_the_day_the_machine_and_the_stand_in_are_named():
    html = numbers.piece("stop", of(comparison())).html
    for part in ("2026-11-24", "Engine 28.5.2", "overlay2", "2 cores", "python:3.13-slim a stand-in", "Measured once."):
        assert part in html


def test_bytes_are_drawn_as_megabytes():
    ways = {"slim": Measured((219_000_000,)), "alpine": Measured((142_000_000,))}
    html = numbers.piece("sizes", of(comparison(ways=ways, unit="B", baseline="slim", recommended="alpine", bounds=()))).html
    assert "slim: 219.0 MB; alpine: 142.0 MB<" in html


def test_figures_from_elsewhere_are_beside_what_was_measured(tmp_path, monkeypatch):
    file = tmp_path / "quotations.yaml"
    row = {"source": "The notes", "says": "11 s", "of": "stop", "work": "stop", "comparison": "From stop to end", "ways": ["noted", "ours"]}
    file.write_text(yaml.safe_dump([row, row | {"work": "start"}, row | {"ways": ["broken"]}]))
    stored = of(comparison())
    monkeypatch.setattr(numbers, "_QUOTATIONS", file)
    monkeypatch.setattr(result, "load", lambda work: stored if work == "stop" else None)
    assert [one.measured for one in numbers.quotations()] == ["11.00 s → 2.00 s", "not measured", "not measured"]


def test_the_page_has_every_work_and_a_reason_for_every_recommendation_that_is_not_the_quickest():
    page = (ROOT / "book/pages/numbers.md").read_text()
    assert [name for name in works.NAMES if f"```{{numbers}} {name}\n" not in page] == []
    assert len(re.findall(r"```\{numbers\} ", page)) == len(works.NAMES)
    stored = [found for name in works.NAMES if (found := result.load(name))]
    lost = [one for found in stored for one in found.comparisons if one.recommended and one.best not in (None, one.recommended)]
    assert [one.title for one in lost if not one.because] == []


def test_code_in_a_sentence_is_shown_as_code_and_the_rest_is_escaped():
    assert numbers.coded("Run `up --wait` & <wait>.") == "Run <code>up --wait</code> &amp; &lt;wait&gt;."


def test_what_was_measured_once_is_shown_once():
    ways = {"noted": Measured((10.0,)), "ours": Measured((2.5,))}
    html = numbers.piece("stop", of(comparison(ways=ways))).html
    table = html[html.index("<table") : html.index("</table>")]
    assert "measured once" in table
    assert table.count("2.50 s") == 1


def test_a_floor_that_needs_less_is_named_beside_the_least():
    ways = {"noted": Measured((10.0,)), "ours": Measured((2.5,)), "bare": Measured((1.0,))}
    html = numbers.piece("stop", of(comparison(ways=ways, floor="bare"))).html
    assert "ours, needs the least of all but bare, which is a limit and no choice." in html
