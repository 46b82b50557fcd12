"""What a command says where there is nothing that it could do."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from docker.errors import APIError

from book.bench.result import Comparison, Measured
from book.chapters import chapter
from book.commands import bench, book, clean, needs
from book.engine import EngineMissing, ToolMissing
from book.places import ROOT
from book.site import build
from book.trouble import Trouble


@pytest.mark.parametrize("workers", ["0", "-1", "many"])
def test_no_workers_are_refused(workers):
    done = subprocess.run([sys.executable, "-m", "book", "soak", f"--workers={workers}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{workers} is no number of workers" in done.stderr


def test_a_chapter_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(Trouble, match=r"starts with 99\. The chapters: 01-environment-in-an-image, "):
        chapter.chapters(["99"])


def test_a_result_without_samples_is_not_stored(monkeypatch):
    compared = Comparison("Stopping", "s", {"one": Measured((1.0,)), "other": Measured((), ("Trouble",))}, "one")
    monkeypatch.setattr(needs, "everything_for", lambda of: set())
    monkeypatch.setattr(book.own, "reap", lambda client: None)
    monkeypatch.setattr(book.engine, "connect", lambda: None)
    monkeypatch.setattr(book.works, "measure", lambda *asked: SimpleNamespace(comparisons=[compared]))
    monkeypatch.setattr(book, "table", lambda found: "")
    monkeypatch.setattr(book.result, "store", lambda found: pytest.fail("it was stored"))
    with pytest.raises(needs.CannotGoOn, match=r"no sample of: other\."):
        bench._work("stop", 1, [])


@pytest.mark.parametrize(
    ("missing", "because"),
    [(EngineMissing, "no Docker engine was found"), (ToolMissing, "a tool beside the Docker engine is missing or too old")],
)
def test_a_site_of_committed_outputs_says_why_nothing_ran(monkeypatch, missing, because):
    def refuse(of):
        raise missing("…")

    built = []
    monkeypatch.setattr(book.chapters, "stale", list)
    monkeypatch.setattr(needs, "everything_for", refuse)
    monkeypatch.setattr(book.site, "fresh", lambda because: False)
    monkeypatch.setattr(book.site, "build", built.append)
    assert book._make_book([], 1) == 0
    assert built == [because]


def test_what_the_engine_would_not_give_up_is_not_called_clean(monkeypatch, tmp_path, capsys):
    def refuse(reference):
        raise APIError("409", explanation="a container uses it")

    client = SimpleNamespace(images=SimpleNamespace(remove=refuse))
    found = book.own.Removed(networks=["ours"], kept=["network theirs: has active endpoints"])
    monkeypatch.setattr(book, "HOME", tmp_path / "home")
    monkeypatch.setattr(book, "ROOT", tmp_path)
    monkeypatch.setattr(book.engine, "connect", lambda: client)
    monkeypatch.setattr(book.own, "reap", lambda client, everything: found)
    monkeypatch.setattr(book.bases, "of_ours", lambda: ["python:3.13-slim"])
    monkeypatch.setattr(book.daemon, "stop", lambda: None)
    monkeypatch.setattr(book.daemon, "is_ours", lambda: False)
    with pytest.raises(needs.CannotGoOn, match=r"(?s)would not give these up.*network theirs: .*image python:3\.13-slim: a container"):
        clean._clean([], 1)
    assert "1 networks" in capsys.readouterr().out
    found.kept.clear()
    monkeypatch.setattr(book.bases, "of_ours", list)
    assert clean._clean([], 1) == 0


def test_images_on_an_engine_that_does_not_answer_are_not_called_gone(monkeypatch, tmp_path):
    def refuse():
        raise EngineMissing("none answers")

    monkeypatch.setattr(book, "HOME", tmp_path / "home")
    monkeypatch.setattr(book, "ROOT", tmp_path)
    monkeypatch.setattr(book.engine, "connect", refuse)
    monkeypatch.setattr(book.engine, "HOME", tmp_path / "home")
    monkeypatch.setattr(book.bases, "_BROUGHT", tmp_path / "home/bases.txt")
    monkeypatch.setattr(book.daemon, "stop", lambda: None)
    (tmp_path / "home/data").mkdir(parents=True)
    (tmp_path / "home/data/engine-id").write_text("private")
    (tmp_path / "home/bases.txt").write_text("private python:3.13-slim\ndesktop postgres:17\n")
    with pytest.raises(needs.CannotGoOn, match=r"this clone brought postgres:17 onto one"):
        clean._clean([], 1)
    assert clean._clean([], 1) == 0


def test_a_site_that_was_refused_is_not_fresh(monkeypatch, tmp_path):
    def refuse(*command, **options):
        build.HTML.mkdir()
        build.INDEX.write_text("a page with a fault")
        return SimpleNamespace(returncode=1, stdout="", stderr="WARNING: a fault")

    monkeypatch.setattr(build, "HTML", tmp_path / "html")
    monkeypatch.setattr(build, "INDEX", tmp_path / "html/index.html")
    monkeypatch.setattr(build, "_STAMP", tmp_path / "stamp")
    build.HTML.mkdir()
    build.INDEX.write_text("as it was")
    build._STAMP.write_text(build._digest(""))
    assert build.fresh()
    monkeypatch.setattr(build.subprocess, "run", refuse)
    with pytest.raises(build.SiteFailed):
        build.build()
    assert not build.fresh()
