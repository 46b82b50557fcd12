"""What is in the digest of a chapter: everything of the package that the chapter can reach."""

import subprocess
import sys

import grimp
import pytest

from book.chapters import chapter
from book.places import ROOT


@pytest.fixture(scope="module")
def in_digest():
    return {file.relative_to(ROOT).as_posix() for file in chapter.reached()}


def test_every_module_that_a_notebook_imports_is_in_the_digest(in_digest):
    program = "import sys, book; print(*(m.__file__ for n, m in sys.modules.items() if n.partition('.')[0] == 'book'), sep='\\n')"
    printed = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True)
    loaded = {line.removeprefix(f"{ROOT}/") for line in printed.splitlines()}
    assert "book/measure/image.py" in loaded
    assert loaded - in_digest == set()


def test_every_module_that_is_imported_later_is_in_the_digest_too(in_digest):
    """Also what a function imports when it is called."""
    needed = grimp.build_graph("book", cache_dir=None).find_upstream_modules("book")
    assert "book.measure.image" in needed
    paths = {name.replace(".", "/") for name in needed}
    assert {path for path in paths if not {f"{path}.py", f"{path}/__init__.py"} & in_digest} == set()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Write a package with these files, and return the names of those that are in the digest."""

    def write(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
        monkeypatch.setattr(chapter, "ROOT", tmp_path)
        return [file.relative_to(tmp_path).as_posix() for file in chapter.reached()]

    return write


def test_a_new_package_and_its_data_are_in_the_digest(tree):
    names = ["book/new_package/deep/module.py", "book/new_package/facts.yaml", "book/new_module.py"]
    assert tree(*names) == sorted(names)


def test_what_no_chapter_can_reach_is_not_in_the_digest(tree):
    assert tree("book/__main__.py", "book/report/page.py", "book/show/__pycache__/lab.pyc", "book/recipe.py") == ["book/recipe.py"]


def test_the_digest_changes_with_the_text_and_with_the_name_of_a_file(tree, tmp_path):
    tree("book/show/one.py")
    first = chapter._package_digest()
    (tmp_path / "book/show/one.py").rename(tmp_path / "book/show/two.py")
    second = chapter._package_digest()
    (tmp_path / "book/show/two.py").write_text("1")
    assert len({first, second, chapter._package_digest()}) == 3
