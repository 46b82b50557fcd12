"""Which outputs the site shows, and what its pages say of them."""

import shutil
from types import SimpleNamespace

import nbformat
import pytest

from book.chapters import chapter
from book.places import ROOT
from book.site import extension, source


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A fresh clone with two chapters of the book, and no run."""
    for part in source._PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, _parent(tmp_path / part))
    (tmp_path / "notebooks").mkdir()
    for name in ("02-edit-while-it-runs", "04-service-names"):
        shutil.copy(ROOT / f"notebooks/{name}.ipynb", tmp_path / "notebooks")
    monkeypatch.setattr(source, "ROOT", tmp_path)
    monkeypatch.setattr(source, "FOLDER", tmp_path / "_build/source")
    monkeypatch.setattr(chapter, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(chapter, "EXECUTED", tmp_path / "_build/chapters")
    return tmp_path


def _parent(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def run_here(one):
    """Write the file that a run on this machine would write."""
    notebook = one.read()
    notebook.metadata["book"] = {"digest": one.digest()}
    notebook.cells[0].metadata["here"] = True
    nbformat.write(notebook, _parent(one.executed))


def shown(clone):
    """The chapters in the source folder that have the outputs of this machine."""
    files = (clone / "_build/source/notebooks").iterdir()
    return [file.stem for file in files if "here" in nbformat.read(file, as_version=4).cells[0].metadata]


def test_a_fresh_clone_shows_the_committed_outputs_and_says_so(clone):
    folder = source.lay()
    assert shown(clone) == []
    assert source.committed(folder).chapters == ("02-edit-while-it-runs", "04-service-names")
    assert "have not been run on this machine yet" in banner(folder, "notebooks/02-edit-while-it-runs")
    assert banner(folder, "book/pages/claims").startswith("The outputs came with the book")


def test_a_chapter_that_ran_here_is_shown_and_only_the_others_say_that_they_did_not(clone):
    run_here(chapter.chapters(["04"])[0])
    folder = source.lay("no Docker engine was found")
    assert shown(clone) == ["04-service-names"]
    assert banner(folder, "notebooks/04-service-names") == ""
    assert banner(folder, "notebooks/02-edit-while-it-runs") == "The outputs on this page came with the book: no Docker engine was found."
    assert banner(folder, "book/pages/claims").startswith("Some outputs came with the book")


def test_a_chapter_that_changed_after_its_run_is_shown_as_committed(clone):
    one = chapter.chapters(["04"])[0]
    run_here(one)
    notebook = one.read()
    notebook.cells[0].source += " Changed."
    nbformat.write(notebook, one.path)
    source.lay()
    assert shown(clone) == []


def test_a_book_that_ran_here_has_no_banner(clone):
    for one in chapter.chapters():
        run_here(one)
    assert banner(source.lay(), "book/pages/claims") == ""


def test_a_second_build_leaves_nothing_of_the_first(clone):
    (source.lay() / "notebooks/99-removed.ipynb").write_text("{}")
    source.lay()
    assert not (clone / "_build/source/notebooks/99-removed.ipynb").exists()


def banner(folder, page):
    context = {}
    extension._banner(SimpleNamespace(srcdir=folder), page, "", context, None)
    return context.get("theme_announcement", "")
