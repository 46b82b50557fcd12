"""In which order `book`, `site` and `record` build, run and write."""

from argparse import Namespace
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from book.chapters.running import Failure
from book.commands import book, record, site
from book.trouble import Trouble

OPTIONS = Namespace(chapters=[], workers=1)


@pytest.fixture
def done(monkeypatch, tmp_path):
    """What the commands do, in order, on a clone with two stale chapters and no site."""
    found = []
    names = [SimpleNamespace(name=name, path=book.build.ROOT / f"notebooks/{name}.ipynb") for name in ("01-one", "02-two")]
    for module in (book, record):
        monkeypatch.setattr(module.chapter, "chapters", lambda starting=(): names)
        monkeypatch.setattr(module.chapter, "stale", lambda of: [one for one in of if one.name == "02-two"])
        monkeypatch.setattr(module, "everything_for", lambda of: found.append("engine"))
        monkeypatch.setattr(module, "alone", nullcontext)
    monkeypatch.setattr(site, "alone", nullcontext)
    monkeypatch.setattr(book, "remove_leftovers", lambda: None)
    monkeypatch.setattr(book.build, "INDEX", tmp_path / "index.html")
    monkeypatch.setattr(book.build, "fresh", lambda because="": False)
    monkeypatch.setattr(book.build, "build", lambda because="": found.append("site"))
    monkeypatch.setattr(book.running, "run", lambda of, *_: found.append(f"run {[one.name for one in of]}") or [])
    monkeypatch.setattr(record.chapter, "outdated", list)
    monkeypatch.setattr(record.chapter, "executed_here", lambda one: True)
    monkeypatch.setattr(record.running, "record", lambda one: found.append(f"write {one.name}"))
    monkeypatch.setattr(record.picture, "take", lambda: found.append("picture") or True)
    return found


def test_on_a_fresh_clone_there_is_a_site_before_anything_runs(done):
    assert book.run(OPTIONS) == 0
    assert done == ["site", "engine", "run ['02-two']", "site"]


def test_if_there_is_a_site_it_is_built_once_at_the_end(done):
    book.build.INDEX.touch()
    assert book.run(OPTIONS) == 0
    assert done == ["engine", "run ['02-two']", "site"]


def test_a_site_that_only_a_run_can_fix_does_not_stop_the_run(done, monkeypatch):
    def refuse(because=""):
        done.append("site")
        if done == ["site"]:
            raise book.build.SiteFailed("errata.yaml: 02-two does not claim: …")

    monkeypatch.setattr(book.build, "build", refuse)
    assert book.run(OPTIONS) == 0
    assert done == ["site", "engine", "run ['02-two']", "site"]


def test_make_site_needs_no_engine_and_runs_nothing(done):
    assert site.run(Namespace()) == 0
    assert done == ["site"]


def test_record_runs_what_is_stale_and_writes_all_that_is_out_of_date(done):
    assert record.run(OPTIONS) == 0
    assert done == ["engine", "run ['02-two']", "write 01-one", "write 02-two", "site", "picture"]


def test_record_keeps_the_committed_outputs_of_a_chapter_that_failed(done, monkeypatch, capsys):
    monkeypatch.setattr(book.running, "run", lambda *_: [Failure("02-two", "no longer true")])
    monkeypatch.setattr(record.chapter, "executed_here", lambda one: one.name != "02-two")
    assert record.run(OPTIONS) == 1
    assert done == ["engine", "write 01-one", "site", "picture"]
    assert "✗ 02-two: no longer true" in capsys.readouterr().err


def test_record_without_an_engine_writes_nothing(done, monkeypatch):
    def refuse(of):
        raise Trouble("no engine")

    monkeypatch.setattr(record, "everything_for", refuse)
    with pytest.raises(Trouble):
        record.run(OPTIONS)
    assert done == []


def test_record_takes_the_picture_also_if_no_chapter_is_out_of_date(done, monkeypatch):
    monkeypatch.setattr(record.chapter, "outdated", lambda of: [])
    assert record.run(OPTIONS) == 0
    assert done == ["site", "picture"]


def test_record_without_a_browser_keeps_what_it_recorded_and_says_so(done, monkeypatch, capsys):
    def refuse():
        raise record.picture.NoPicture("No browser was found.")

    monkeypatch.setattr(record.picture, "take", refuse)
    assert record.run(OPTIONS) == 0
    assert done[-3:] == ["write 01-one", "write 02-two", "site"]
    assert "README.md keeps its old picture. No browser was found." in capsys.readouterr().out
