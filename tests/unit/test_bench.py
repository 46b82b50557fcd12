import pytest

from book.bench import machine, result, table, works
from book.bench.interleave import interleave, part
from book.bench.result import Bound, Comparison, Fact, Measured, Result
from book.engine import Base

MACHINE = machine.Machine(
    tools="Engine 28.5.2, buildx 0.29.1, Compose 5.6.1",
    storage_driver="overlay2",
    kernel="6.1.0",
    architecture="x86_64",
    cores=2,
    memory=8 << 30,
    python="3.13.1",
    bases=(Base("python:3.13-slim", "stand-in", "trixie"),),
    day="2026-11-24",
    load=0.1,
)


def comparison(**changed) -> Comparison:
    ways = {"noted": Measured((10.0, 12.0, 11.0)), "ours": Measured((1.0, 3.0, 2.0)), "broken": Measured((), ("StackFailed",) * 3)}
    given = {
        "title": "From stop to end",
        "unit": "s",
        "ways": ways,
        "baseline": "noted",
        "recommended": "ours",
        "bounds": (Bound("ours", 0.2, of="noted"),),
    }
    return Comparison(**given | changed)


def of(*comparisons: Comparison) -> Result:
    return Result("stop", "Stopping", comparisons, MACHINE, (Fact("It is killed.", True),), "Measured once.")


def test_the_ways_take_turns_and_one_that_fails_does_not_end_it(caplog):
    turns = []

    def once(name: str, value: float) -> float:
        turns.append(name)
        if name == "B" and turns.count("B") == 2:
            raise RuntimeError("B broke down")
        return value

    told = []
    found = interleave({"A": lambda: once("A", 1.0), "B": lambda: once("B", 2.0)}, 3, lambda *progress: told.append(progress))
    assert turns == ["A", "B"] * 3
    assert found == {"A": Measured((1.0, 1.0, 1.0)), "B": Measured((2.0, 2.0), ("RuntimeError",))}
    assert found["B"].runs == 3
    assert told[0] == (0, 6, "A")
    assert told[-1] == (5, 6, "B")
    assert "B, turn 2: B broke down" in caplog.text


def test_ctrl_c_ends_it():
    def stop() -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interleave({"A": stop}, 3, lambda *progress: None)


def test_medians_spread_and_ratios():
    found = comparison()
    assert found.ways["noted"].median == 11.0
    assert found.ways["noted"].spread == (10.0, 12.0)
    assert found.ratio("ours") == pytest.approx(2 / 11)
    assert found.ratio("noted", of="ours") == 5.5
    assert found.ratio("broken") is None
    assert found.ways["broken"].median is None
    assert found.ways["broken"].spread is None


@pytest.mark.parametrize(
    ("bound", "met"),
    [
        (Bound("ours", 0.2, of="noted"), True),
        (Bound("ours", 0.1, of="noted"), False),
        (Bound("ours", 2.0), True),
        (Bound("ours", 1.9), False),
        (Bound("broken", 0.1, of="noted"), None),
        (Bound("ours", 0.1, of="broken"), None),
        (Bound("broken", 5.0), None),
    ],
)
def test_a_bound_is_met_missed_or_was_not_measured(bound, met):
    assert comparison(bounds=(bound,)).met(bound) is met


def test_the_best_way_is_one_that_never_failed():
    assert comparison().best == "ours"
    lucky = Measured((0.1,), ("StackFailed",))
    assert Comparison("", "s", {"a": Measured((10.0,)), "b": lucky}, baseline="a").best == "a"
    assert Comparison("", "s", {"b": lucky}, baseline="b").best is None


def test_a_floor_is_not_a_choice():
    assert comparison(floor="ours").best == "noted"


def test_a_bound_on_an_unknown_way_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="no way is called nobody"):
        comparison(bounds=(Bound("ours", 0.1, of="nobody"),))


def test_what_is_stored_is_what_is_loaded(tmp_path):
    found = of(comparison(), comparison(title="Again", unit="B", bounds=(), recommended=""))
    assert result.store(found, tmp_path).name == "stop.json"
    assert result.load("stop", tmp_path) == found
    assert result.load("start", tmp_path) is None


def test_the_table_has_each_way_the_bound_and_the_verdict():
    shown = table.table(of(comparison()))
    noted, ours, broken = (next(line for line in shown.splitlines() if line.startswith(name)) for name in ("noted", "ours *", "broken"))
    assert noted.split() == ["noted", "11.00", "s", "1.00", "10.00", "s", "12.00", "s", "3", "0"]
    assert ours.split()[4] == "0.18"
    assert broken.split() == ["broken", "–", "–", "–", "–", "3", "3"]
    assert "✓ ours: at most 0.2 × noted; measured 0.18 ×" in shown
    assert "✓ It is killed." in shown
    assert "2026-11-24" in shown


def test_the_table_shows_why_the_quickest_is_not_recommended():
    shown = table.table(of(comparison(recommended="noted", bounds=(), because="It needs no change.")))
    assert "ours needs less than noted. It needs no change." in shown


def test_bytes_are_shown_as_megabytes():
    assert table.amount(20_500_000, "B") == "20.5 MB"
    assert table.amount(0.354, "s") == "0.35 s"
    assert table.amount(612.4, "s") == "612 s"


@pytest.mark.parametrize(("seconds", "met"), [(1.004, True), (1.02, False)])
def test_a_ratio_is_judged_by_the_digits_that_are_shown(seconds, met):
    ways = {"noted": Measured((1.0,)), "ours": Measured((seconds,))}
    assert Comparison("", "s", ways, baseline="noted").met(Bound("ours", 1.0, of="noted")) is met


def test_a_small_ratio_is_not_shown_as_nothing():
    assert [table.times(ratio) for ratio in (1.004, 0.05, 0.0021, None)] == ["1.00", "0.05", "0.002", "–"]


def test_a_part_of_a_work_counts_as_its_share_of_the_whole():
    told = []
    interleave({"A": lambda: 1.0, "B": lambda: 1.0}, 1, part(lambda *progress: told.append(progress), 1, 2, "again: "))
    assert told == [(2, 4, "again: A"), (3, 4, "again: B")]


@pytest.mark.parametrize("name", works.NAMES)
def test_what_is_stored_can_be_loaded_and_shown(name):
    found = result.load(name)
    assert found is None or found.title in table.table(found)
