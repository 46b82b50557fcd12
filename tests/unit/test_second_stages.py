"""The stages of `make test` on a second engine: what they run there, and what happens if there can be none."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from book.chapters.chapter import Chapter
from book.commands import test as make_test
from book.commands.needs import CannotGoOn
from book.commands.stages import Counts
from book.engine import Base

REFERENCE = "python:3.13-slim"
HERE = {"reference": REFERENCE, "origin": "registry", "detail": "sha256:new"}


class Page(Chapter):
    @property
    def recipe(self):
        return SimpleNamespace(bases=lambda: (REFERENCE,))


@pytest.fixture
def page(tmp_path):
    def make(name, base=HERE, **metadata):
        book = {"provenance": {"bases": [base]}}
        nbformat.write(nbformat.v4.new_notebook(metadata={"book": book, **metadata}), tmp_path / f"{name}.ipynb")
        return Page(tmp_path / f"{name}.ipynb")

    return make


@pytest.fixture
def ran(monkeypatch):
    """What runs on a second engine, and how."""
    seen = {}

    @contextmanager
    def started(store, bar, images):
        seen.update(store=store, images=tuple(images))
        yield SimpleNamespace(host="unix:///run/second.sock", inside=("nsenter",), log=Path())

    def pytest_(name, *arguments, inside=(), environment=None):
        seen.update(name=name, arguments=arguments, inside=inside, environment=environment)
        return Counts(passed=1)

    monkeypatch.setattr(make_test.second, "possible", lambda: None)
    monkeypatch.setattr(make_test.second, "started", started)
    monkeypatch.setattr(make_test.stages, "pytest", pytest_)
    monkeypatch.setattr(make_test.engine, "origin", lambda reference: Base(**HERE))
    return seen


def test_the_pages_that_show_their_commands_first_are_typed_on_an_engine_with_their_bases(ran, page):
    pages = [page("03-small", commands_first=True), page("04-names")]
    assert make_test._check_terminal(pages) == Counts(passed=1)
    assert (ran["store"], ran["images"]) == ("containerd", (REFERENCE,))
    assert ran["arguments"] == ("tests/terminal/test_typed.py::test_the_commands_of_a_page_do_what_it_shows[03-small]",)
    assert ran["environment"] == {"DOCKER_HOST": "unix:///run/second.sock", "BOOK_OTHER_BASES": ""}


def test_sizes_from_other_base_images_are_not_compared(ran, page, capsys):
    make_test._check_terminal(
        [page("03-small", HERE | {"detail": "sha256:old"}, commands_first=True), page("06-ready", commands_first=True)]
    )
    assert ran["environment"]["BOOK_OTHER_BASES"] == "03-small"
    assert "03-small was recorded on other base images" in capsys.readouterr().out


def test_without_a_page_that_shows_commands_the_stage_says_so(ran, page):
    found = make_test._check_terminal([page("04-names")])
    assert (found.skipped, found.not_run) == (1, "none of these chapters shows its commands first")
    assert ran == {}


@pytest.mark.parametrize("stage", ["terminal", "overlay2"])
def test_without_a_second_engine_the_stage_is_skipped_and_in_ci_it_fails(ran, page, monkeypatch, stage):
    monkeypatch.setattr(make_test.second, "possible", lambda: "this is not Debian")
    pages = [page("03-small", commands_first=True)]
    check = make_test._check_overlay2 if stage == "overlay2" else lambda: make_test._check_terminal(pages)
    monkeypatch.setattr(make_test, "IN_CI", False)
    assert check() == Counts(skipped=1, not_run="this is not Debian")
    monkeypatch.setattr(make_test, "IN_CI", True)
    with pytest.raises(CannotGoOn, match="no second engine can be started: this is not Debian"):
        check()
