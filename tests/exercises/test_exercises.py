"""Each solution meets every condition; each typical wrong answer is refused by the condition that it breaks, with its hint."""

import pytest

from book import Recipe
from book.exercises import EVERY, chapter_03, chapter_06
from book.exercises.exercise import check, solved
from book.places import ROOT

RECIPES = {"03": "03-smaller-images", "06": "06-wait-until-ready"}
REFUSED = {  # file → the first condition that does not hold
    "03/does-not-build.Dockerfile": chapter_03.builds,
    "03/only-inside.Dockerfile": chapter_03.answers,
    "03/root.Dockerfile": chapter_03.is_not_root,
    "03/one-stage.Dockerfile": chapter_03.has_no_tool,
    "03/with-tests.Dockerfile": chapter_03.has_no_tests,
    "03/newest-versions.Dockerfile": chapter_03.follows_the_lock,
    "03/code-first.Dockerfile": chapter_03.keeps_the_dependencies,
    "03/hidden-files.Dockerfile": chapter_03.is_small,
    "06/invalid.compose.yaml": chapter_06.is_valid,
    "06/no-health-check.compose.yaml": chapter_06.becomes_healthy,
    "06/check-never-passes.compose.yaml": chapter_06.becomes_healthy,
    "06/over-the-socket.compose.yaml": chapter_06.is_not_healthy_early,
    "06/migration-at-once.compose.yaml": chapter_06.migrates_once,
    "06/app-at-once.compose.yaml": chapter_06.migrates_first,
    "06/connects-once.compose.yaml": chapter_06.answers_again,
}
FOLDER = ROOT / "tests/exercises"


def checked(chapter, text):
    return check(EVERY[chapter], Recipe(RECIPES[chapter]), text)


def first_cross(chapter, found):
    """The condition that refuses a file, and what was found of it."""
    return next((condition, one) for condition, one in zip(EVERY[chapter].conditions, found, strict=True) if one.ok is False)


@pytest.mark.parametrize("chapter", EVERY)
def test_the_solution_meets_every_condition(chapter):
    found = checked(chapter, EVERY[chapter].solution)
    assert [one for one in found if not one.ok] == []
    assert solved(found)


def test_the_default_dockerfile_of_the_book_meets_every_condition():
    found = checked("03", Recipe("03-smaller-images").read("Dockerfile"))
    assert [one for one in found if not one.ok] == []


@pytest.mark.parametrize("chapter", EVERY)
def test_the_first_file_is_accepted_and_is_not_a_solution(chapter):
    found = checked(chapter, EVERY[chapter].start)
    assert found[0].ok
    assert not solved(found)


@pytest.mark.parametrize("file", REFUSED)
def test_a_wrong_answer_is_refused_by_the_condition_that_it_breaks(file):
    chapter = file.partition("/")[0]
    condition, one = first_cross(chapter, checked(chapter, (FOLDER / file).read_text()))
    assert condition.check is REFUSED[file], one
    assert one.hint == condition.hint


def test_a_file_that_does_not_build_shows_the_builders_message_and_nothing_else_is_looked_at():
    first, *others = checked("03", "FROM python:3.13-slim\nRUN echo the-last-line; exit 3\n")
    assert (first.ok, {one.ok for one in others}) == (False, {None})
    assert "the-last-line" in first.measured


def test_a_compose_file_without_one_of_the_services_names_it():
    first, *others = checked("06", "services: {database-service: {image: 'postgres:17'}}\n")
    assert (first.ok, {one.ok for one in others}) == (False, {None})
    assert "echo-service" in first.measured


def test_every_file_of_a_wrong_answer_is_checked():
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.parent.name in EVERY} == set(REFUSED)
