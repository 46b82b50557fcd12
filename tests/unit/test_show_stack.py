"""What a reader sees of a stack, and that its plain text is the same at each run: no engine needed."""

from book.measure.probe import Reach
from book.measure.service import Service
from book.measure.timeline import Event, Timeline
from book.measure.tool import Said
from book.show.connectivity import connectivity
from book.show.durations import durations
from book.show.race import race
from book.show.services import services
from book.show.timeline import _labels as labels
from book.show.timeline import _levels as levels
from book.show.timeline import timeline


def reaches(seconds: float, address: str) -> tuple[Reach, ...]:
    return (
        Reach("web", "database:5432", True, "open", seconds, "", (address,)),
        Reach("web", "nobody", False, "no such name", seconds, "gaierror: <-2>"),
        Reach("apart", "nobody", False, "not running", seconds, "the container is exited"),
    )


def service(port: int) -> Service:
    return Service(
        "web", "p-web-1", "running", 0, "healthy", 0, {"p_default": f"172.28.0.{port}"}, {5000: f"127.0.0.1:{port}"}, "python a.py"
    )


def seen(seconds: float) -> Timeline:
    what = ("created", "started", "failed try", "failed try", "first answer")
    return Timeline(tuple(Event("web", each, seconds * number, "refused") for number, each in enumerate(what)))


def test_plain_text_does_not_change_with_times_addresses_and_ports():
    assert connectivity(reaches(0.1, "172.28.0.2")).text == connectivity(reaches(0.2, "172.28.0.3")).text
    assert services([service(1)]).text == services([service(2)]).text
    assert timeline(seen(0.1)).text == timeline(seen(0.2)).text == "web: created, started, failed try, first answer"


def test_what_containers_print_is_escaped_in_the_matrix():
    html = connectivity([Reach("<script>", "<script>", False, "<script>", 0.1, "<script>", ("<script>",))]).html
    assert "<script>" not in html


def test_the_matrix_has_a_cell_for_each_pair_with_the_real_error_and_the_time():
    piece = connectivity(reaches(0.1, "172.28.0.2"))
    assert piece.text.splitlines() == [
        "from \\ to  database:5432  nobody",
        "web        ✓ open         ✗ no such name",
        "apart      not tried      ✗ not running",
    ]
    assert '<th scope="row">apart</th>' in piece.html
    assert "gaierror: &lt;-2&gt;" in piece.html
    assert "100&nbsp;ms · 172.28.0.2" in piece.html


def test_a_service_that_restarts_is_not_shown_as_well():
    looping = Service("database", "p-database-1", "restarting", 1, "", 4, {}, {}, "")
    piece = services([looping])
    assert "restarting, exit code 1" in piece.text
    assert "book-bad" in piece.html
    assert "(4 restarts)" in piece.html


def test_the_chart_can_be_read_out():
    assert "<desc>web created after 0.00 s; web started after 0.50 s" in timeline(seen(0.5)).html


def test_durations_leave_the_seconds_out_of_what_is_compared():
    shown = durations(Said("", 0, "vagrant up", 12.3), Said("", 1, "vagrant <halt>", 4.5))
    assert "12.3 s" in shown.html
    assert "12.3" not in shown.text
    assert "vagrant up" in shown.text
    assert "<halt>" not in shown.html


def race_of(seconds: float) -> dict[str, tuple[Timeline, ...]]:
    through = Timeline((Event("up", "returned", seconds), Event("web", "first answer", 2 * seconds)))
    lost = Timeline((Event("up", "returned", seconds), Event("web", "exited", 3 * seconds, "exit code 1")))
    mute = Timeline((Event("web", "started", seconds),))
    return {"patient": (through, through), "hasty": (through, lost), "mute <b>": (mute,)}


def test_a_race_shows_how_many_runs_were_answered_and_what_ended_the_others():
    piece = race(race_of(1.0))
    assert piece.text == race(race_of(1.5)).text == "patient: 2 of 2\nhasty: 1 of 2\nmute <b>: 0 of 1"
    assert "web exited, exit code 1" in piece.html
    assert "no answer in time" in piece.html
    assert "<desc>patient: 2 of 2 answered, median 2.00 s; hasty: 1 of 2" in piece.html
    assert "<b>" not in piece.html
    drawing = piece.html[: piece.html.index("</svg>")]
    assert [rate for rate in ("2 of 2", "1 of 2", "0 of 1") if f">{rate}</text>" in drawing] == ["2 of 2", "1 of 2", "0 of 1"]


def test_a_service_that_ended_well_is_not_why_a_run_failed():
    once, sick = Event("migrate", "exited", 1.0, "exit code 0", 0), Event("database", "unhealthy", 2.0)
    html = race({"one": (Timeline((once, sick)),), "other": (Timeline((once,)),)}).html
    assert "database unhealthy" in html
    assert "no answer in time" in html
    assert "migrate" not in html


def test_labels_of_a_lane_do_not_cover_each_other():
    close = [Event("web", what, seconds) for what, seconds in (("created", 0.0), ("started", 0.01), ("healthy", 0.02), ("exited", 9.0))]
    assert levels(close, scale=1.0) == [2, 1, 0, 0], "the later a label, the lower: no line crosses a label"


def test_the_first_time_something_happens_to_any_service():
    assert seen(0.1).first("failed try") == 0.2
    assert seen(0.1).first("healthy") is None


def test_a_service_that_is_tried_in_several_ways_has_one_title_above_them():
    targets = ("web", "other", "web:5000", "http://web:5000/hello")
    html = connectivity([Reach("web", target, True, f"answer {number}", 0.1) for number, target in enumerate(targets)]).html
    assert '<th scope="colgroup" colspan="3">web</th><th scope="colgroup" colspan="1">other</th>' in html
    assert [head for head in ("name", ":5000", "http /hello") if f">{head}</th>" in html] == ["name", ":5000", "http /hello"]
    places = [html.index(f"answer {number}") for number in (0, 2, 3, 1)]
    assert places == sorted(places), "the cells follow their titles"


def test_no_line_to_a_label_crosses_another_and_restarts_have_few_labels():
    close = [Event("web", "created", 0.0), Event("web", "started", 0.5), Event("web", "unhealthy", 0.9)]
    assert levels(close, scale=1.0) == [2, 1, 0], "the line of `started` does not run through `created`"
    again = [Event("worker", what, second) for second in range(8) for what in ("started", "exited")]
    assert [label for label in labels(again) if label] == ["started", "exited"] * 2
