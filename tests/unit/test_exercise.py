import json
import subprocess
import sys

import pytest

from book import Recipe, exercise
from book.commands import check as command
from book.commands import options
from book.exercises import EVERY, NoExercise, chapter_06, inside, of, other_lock
from book.exercises.chapter_06 import APP, MIGRATION, Facts, HealthCheck
from book.exercises.exercise import Condition, Exercise, Found, Seen, check, solved
from book.measure.timeline import Event, EventName, Timeline
from book.show.exercise import conditions, lines
from book.trouble import Trouble


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "Dockerfile").write_text("the book's\n")
    return Recipe(tmp_path)


def made(measure, *checks):
    listed = tuple(Condition(f"Condition <{number}>.", f"Hint `{number}`.", one) for number, one in enumerate(checks))
    return Exercise("99", "Title", "Do `it`.", "Dockerfile", "start\n", "solution\n", listed, measure)


def test_conditions_hold_fail_or_are_not_looked_at(recipe):
    read = made(
        lambda copy, heard: copy.read("Dockerfile"), lambda text: Seen(text == "mine\n"), lambda text: Seen(False, "2"), lambda text: None
    )
    found = check(read, recipe, "mine\n")
    assert [(one.ok, one.measured, one.hint) for one in found] == [(True, "", ""), (False, "2", "Hint `1`."), (None, "", "")]
    assert not solved(found)
    assert recipe.read("Dockerfile") == "the book's\n", "the recipe itself does not change"


def test_an_error_is_a_cross_at_the_first_condition_and_the_others_are_not_looked_at(recipe):
    def refuse(copy, heard):
        heard("a line")
        raise Trouble("line 3 is wrong")

    heard = []
    found = check(made(refuse, lambda _: Seen(True), lambda _: Seen(True)), recipe, "", heard.append)
    assert found == (Found("Condition <0>.", False, "line 3 is wrong", "Hint `0`."), Found("Condition <1>.", None))
    assert heard == ["a line"]


def test_what_is_shown_is_escaped_and_has_a_hint_only_for_a_cross():
    found = (Found("It `<builds>`.", True, "1 <s>"), Found("It runs.", False, "a\n<b>", "Use `CMD`."), Found("It ends.", None))
    shown = conditions(found)
    assert "<code>&lt;builds&gt;</code>" in shown.html
    assert '<pre class="book-trouble">a\n&lt;b&gt;</pre>' in shown.html
    assert shown.html.count("Hint:") == 1
    assert shown.text == lines(found)
    assert lines(found).splitlines() == [
        "✓ It `<builds>`. (1 <s>)",
        "✗ It runs.",
        "    a",
        "    <b>",
        "  Hint: Use `CMD`.",
        "– It ends. (not looked at)",
        "1 of 3 conditions are met.",
    ]


@pytest.mark.parametrize("name", ["03-smaller-images", "06-wait-until-ready"])
def test_without_a_kernel_the_page_has_the_task_folded_hints_a_folded_solution_and_the_command(name):
    data = exercise(Recipe(name))._repr_mimebundle_()
    html, one = data["text/html"], of(Recipe(name))
    assert html.count("<summary>Hint</summary>") == len(one.conditions)
    assert html.count("<summary>Show a solution</summary>") == 1
    assert f"python3 -m book check {one.chapter}" in html
    assert f"python3 -m book check {one.chapter}" in data["text/plain"]
    assert "`" not in html
    assert "style=" not in html
    assert "&lt;p&gt;" not in html
    assert one.conditions[-1].text in data["text/plain"]


def test_a_recipe_without_an_exercise_is_an_error_that_names_those_with_one():
    with pytest.raises(NoExercise, match=r"01-environment-in-an-image has no exercise. .*: 03, 06"):
        exercise(Recipe("01-environment-in-an-image"))


def test_the_command_knows_the_exercises_that_there_are():
    assert options._exercises() == sorted(EVERY)
    assert options.parse(["check", "3"]).exercise == "03"
    assert options.parse(["check", "06-wait-until-ready"]).exercise == "06"


def test_the_first_run_writes_the_file_to_change_and_no_later_run_overwrites_it(monkeypatch, tmp_path, capsys):
    checked = []
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "everything_for", lambda chapters: None)
    monkeypatch.setattr(command, "remove_leftovers", lambda: None)
    monkeypatch.setattr(command, "check", lambda exercise, recipe, text: checked.append(text) or (Found("It builds.", True),))
    assert command.run(options.parse(["check", "03"])) == 1
    file = tmp_path / "03/Dockerfile"
    assert file.read_text() == EVERY["03"].start
    assert (checked, "run `python3 -m book check 03` again" in capsys.readouterr().out) == ([], True)
    file.write_text("mine\n")
    assert command.run(options.parse(["check", "03"])) == 0
    assert checked == ["mine\n"]
    assert "✓ It builds." in capsys.readouterr().out


def test_a_file_with_a_name_of_its_own_is_checked_and_a_cross_gives_exit_code_1(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_text("mine\n")
    monkeypatch.setattr(command, "everything_for", lambda chapters: None)
    monkeypatch.setattr(command, "remove_leftovers", lambda: None)
    monkeypatch.setattr(command, "check", lambda exercise, recipe, text: (Found(text, False, "", "Do this."),))
    assert command.run(options.parse(["check", "06", "my.yaml"])) == 1
    assert "✗ mine" in (printed := capsys.readouterr().out)
    assert "Hint: Do this." in printed


def test_a_solution_is_printed_only_if_it_is_asked_for(capsys):
    assert command.run(options.parse(["check", "06", "--solution"])) == 0
    assert capsys.readouterr().out == EVERY["06"].solution


@pytest.mark.parametrize("file", ["uv.lock", "poetry.lock", "production.txt"])
def test_each_lock_file_of_the_recipe_gets_the_other_version_and_nothing_else_changes(file):
    before = Recipe("03-smaller-images").read(file)
    after = other_lock.changed_text(before)
    changed = [new for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert len(changed) == 3
    assert all(other_lock.VERSION in line or "--hash=" in line for line in changed)
    assert after.count(other_lock._WHEEL) == after.count(other_lock._ARCHIVE) == 1


def test_programs_and_packages_are_found_in_all_folders(tmp_path):
    for name in ("opt/My_Package-1.2.dist-info/RECORD", "opt/_vendor/other-1.dist-info/RECORD", "bin/uv", "share/gcc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "bin/uv").chmod(0o755)
    found = inside.look({"uv", "gcc"}, str(tmp_path))
    assert found["programs"] == [str(tmp_path / "bin/uv")], "a file that is not executable is not a program"
    assert [(name, version) for name, version, _ in found["packages"]] == [("my-package", "1.2")]


def test_what_runs_in_a_container_needs_no_package():
    program = f"import runpy; runpy.run_path({inside.__file__!r})"
    assert subprocess.run([sys.executable, "-S", "-I", "-c", program], check=True, capture_output=True).stdout == b""
    assert json.loads(json.dumps(inside.look(set(), "/nowhere"))) == {"programs": [], "packages": []}


def seen(*events, **facts):
    listed = tuple(Event(service, what, float(number), exit_code=code) for number, (service, what, code) in enumerate(events))
    return Facts(HealthCheck(2, 0), Timeline(listed), **facts)


STARTED, EXITED = (APP, EventName.STARTED, None), (MIGRATION, EventName.EXITED, 0)


def test_the_order_of_events_decides_whether_the_migration_was_first():
    assert chapter_06.migrates_first(seen(EXITED, STARTED)).ok
    assert not chapter_06.migrates_first(seen(STARTED, EXITED)).ok
    assert not chapter_06.migrates_first(seen(STARTED)).ok
    assert chapter_06.migrates_first(seen(EXITED)) is None, "the application did not start: nothing is known"


@pytest.mark.parametrize(("codes", "ok"), [([0], True), ([], False), ([2], False), ([2, 0], False), ([0, 0], False)])
def test_the_migration_runs_exactly_once(codes, ok):
    assert chapter_06.migrates_once(seen(*((MIGRATION, EventName.EXITED, code) for code in codes))).ok is ok


def test_a_health_check_is_judged_by_its_exit_codes():
    def judged(health):
        facts = Facts(health, Timeline(()))
        early = chapter_06.is_not_healthy_early(facts)
        return chapter_06.becomes_healthy(facts).ok, None if early is None else early.ok

    assert judged(HealthCheck(2, 0)) == (True, True)
    assert judged(HealthCheck(0, 0)) == (True, False)
    assert judged(HealthCheck(2, 2)) == (False, True)
    assert judged(HealthCheck()) == (False, None)
    assert judged(HealthCheck(ended="no password")) == (False, None)
