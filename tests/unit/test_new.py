"""`python -m book new` without an engine: what it creates, what it rejects, and what it does not change."""

import ast
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml

from book.new import chapter, files
from book.places import ROOT

PARTS = (
    "## The question",
    "## As noted",
    "## Today",
    "## In practice",
    "## Exercise",
    "## What you take away",
    "## On what this page was run",
)


@pytest.fixture
def book(tmp_path):
    """The files of the book that a new chapter changes."""
    root = tmp_path / "book"
    for folder in ("recipes", "notebooks", "tests/engine", "book/pages"):
        (root / folder).mkdir(parents=True)
    for name in (place.name for place in (ROOT / "recipes").iterdir() if place.is_dir()):
        (root / "recipes" / name).mkdir()
    for file in ("_toc.yml", "book/pages/recipes.yaml", *(f"notebooks/{place.name}" for place in (ROOT / "notebooks").glob("*.ipynb"))):
        shutil.copy(ROOT / file, root / file)
    shutil.copy(ROOT / "notebooks/ruff.toml", root / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", root)
    for module in ("__init__", "stack"):
        (root / f"book/{module}.py").touch()
    return root


@pytest.fixture
def project(tmp_path):
    """A reader's project, with caches, history and secrets."""
    folder = tmp_path / "project"
    (folder / "app/__pycache__").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "secrets").mkdir()
    texts = {
        "docker-compose.yml": "services:\n  web:\n    build: .\n",
        "Dockerfile": "FROM python:3.13-alpine\nUSER 1000\n",
        "app/main.py": "print('hello')\n",
        "app/__pycache__/main.pyc": "x",
        ".git/config": "x",
        ".env": "PASSWORD=canary",
        ".env.example": "PASSWORD=",
        "secrets/word": "canary",
        "tls.key": "canary",
        "README.md": "# Mine\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "main.py").symlink_to("app/main.py")
    return folder


def state(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def sources(made):
    return [cell.source for cell in nbformat.read(made.notebook, as_version=4).cells]


def test_a_chapter_has_every_part_and_valid_cells(book):
    before = state(book)
    made = chapter.make("warm-caches", root=book)
    last = max(int(name[10:12]) for name in before if re.match(r"notebooks/\d\d-", name))
    assert made.name == f"{last + 1:02}-warm-caches"
    notebook = nbformat.read(made.notebook, as_version=4)
    nbformat.validate(notebook)
    headings = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    places = [headings.index(part) for part in PARTS]
    assert places == sorted(places)
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or ast.parse(cell.source)
        assert not re.search(r"\b(?:CHAPTER|TITLE|NUMBER|COMPOSE)\b", cell.source)
        assert "needs" not in cell.metadata
    assert {file.name for file in made.recipe.iterdir()} == {"Dockerfile", "as-noted.Dockerfile", "compose.yaml", "app", "README.md"}
    changed = {name for name, content in state(book).items() if before.get(name) != content}
    assert {name for name in changed if name in before} == {"_toc.yml", "book/pages/recipes.yaml"}


def test_the_contents_and_the_first_page_get_a_line_and_keep_the_others(book):
    contents, headlines = (book / name for name in ("_toc.yml", "book/pages/recipes.yaml"))
    old, rows = contents.read_text().splitlines(), yaml.safe_load(headlines.read_text())
    made = chapter.make("warm-caches", root=book)
    new = contents.read_text().splitlines()
    added = f"      - file: notebooks/{made.name}"
    assert [line for line in new if line != added] == old
    assert new[new.index(added) - 1].startswith("      - file: notebooks/")
    *others, row = yaml.safe_load(headlines.read_text())
    assert others == rows
    assert row["chapter"] == made.name
    assert any(row["claim"] in source for source in sources(made)), "the first page shows a claim of the chapter"


def test_two_chapters_one_after_the_other(book):
    first, second = (chapter.make(name, root=book) for name in ("warm-caches", "cold-caches"))
    assert int(second.name[:2]) == int(first.name[:2]) + 1
    parts = yaml.safe_load((book / "_toc.yml").read_text())["parts"]
    listed = [one["file"] for part in parts for one in part["chapters"]]
    assert listed.index(f"notebooks/{second.name}") == listed.index(f"notebooks/{first.name}") + 1


def test_ruff_accepts_the_generated_files(book):
    chapter.make("a-name-that-is-as-long-as-the-name-of-one-may-be", root=book)
    for what in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *what, "--no-cache", "tests", "notebooks"], cwd=book, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name", ["", "Caches", "warm caches", "../caches", "/etc", "caches/", "-caches", "w--c", "wärme", "9", ".x", "a\n", "a" * 51]
)
def test_an_invalid_name_is_rejected_and_changes_nothing(book, name):
    before = state(book)
    with pytest.raises(files.NoChapter, match="is not a valid name of a chapter"):
        chapter.make(name, root=book)
    assert state(book) == before


def test_a_name_that_is_taken_is_rejected_and_changes_nothing(book):
    chapter.make("warm-caches", root=book)
    before = state(book)
    with pytest.raises(files.NoChapter, match=r"The chapter \d+-warm-caches exists already"):
        chapter.make("warm-caches", root=book)
    with pytest.raises(files.NoChapter, match="The chapter 03-smaller-images exists already"):
        chapter.make("smaller-images", root=book)
    assert state(book) == before


def test_an_existing_test_is_not_overwritten(book):
    number = len(list((book / "notebooks").glob("*.ipynb"))) + 1
    (book / f"tests/engine/test_chapter_{number:02}.py").write_text("mine")
    before = state(book)
    with pytest.raises(files.NoChapter, match="exists already, but no chapter"):
        chapter.make("warm-caches", root=book)
    assert state(book) == before


def test_a_failure_halfway_leaves_nothing(book, monkeypatch):
    before = state(book)
    monkeypatch.setattr(chapter.nbformat, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        chapter.make("warm-caches", root=book)
    assert state(book) == before
    assert not list((book / "recipes").glob("*warm*"))


def test_a_project_is_copied_without_secrets_caches_and_history(book, project):
    before = state(project)
    made = chapter.make("my-service", project, book)
    assert state(project) == before
    held = {str(path.relative_to(made.recipe)) for path in made.recipe.rglob("*") if not path.is_dir()}
    assert held == {"docker-compose.yml", "Dockerfile", "app/main.py", "main.py", ".env.example", "README.md"}
    assert made.copied == files.Copied("docker-compose.yml", (".env", "secrets", "tls.key"), ("passwd",), ())
    assert all("canary" not in text.decode() for text in state(book).values())
    assert 'stack = recipe.up("docker-compose.yml")\nshow.services(stack.services())' in sources(made)
    assert not any("as-noted" in source for source in sources(made))
    assert 'recipe.up("docker-compose.yml")' in made.test.read_text()


def test_a_project_with_a_dockerfile_only_gets_a_compose_file(book, project):
    (project / "docker-compose.yml").unlink()
    (project / "Dockerfile").write_text("FROM python:3.13-alpine\nEXPOSE 8000\n")
    made = chapter.make("my-service", project, book)
    assert made.copied.written == ("compose.yaml",)
    (service,) = yaml.safe_load((made.recipe / "compose.yaml").read_text())["services"].values()
    assert service == {"build": ".", "init": True, "ports": ["127.0.0.1:8000:8000"]}


def test_a_project_without_a_dockerfile_builds_none(book, project):
    (project / "Dockerfile").unlink()
    assert not any("recipe.build(" in source for source in sources(chapter.make("my-service", project, book)))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: shutil.rmtree(folder), r"The folder .* does not exist"),
        (lambda folder: [(folder / name).unlink() for name in ("Dockerfile", "docker-compose.yml")], "has neither a Dockerfile nor"),
        (lambda folder: (folder / "big").write_bytes(bytes(20_000_001)), "and a recipe at most 20 MB"),
    ],
    ids=["no folder", "no recipe", "too large"],
)
def test_a_folder_that_cannot_be_a_recipe_is_rejected_and_changes_nothing(book, project, spoil, words):
    spoil(project)
    before = state(book)
    with pytest.raises(files.NoChapter, match=words):
        chapter.make("my-service", project, book)
    assert state(book) == before
    assert not list((book / "recipes").glob(".new-*"))


def test_a_project_that_contains_the_book_is_rejected(book, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-alpine\n")
    with pytest.raises(files.NoChapter, match="contains this book itself"):
        chapter.make("my-service", tmp_path, book)


def test_pipes_and_broken_links_do_not_block(book, project):
    os.mkfifo(project / "pipe")
    (project / "loop").symlink_to("loop")
    (project / "nowhere").symlink_to("nothing")
    made = chapter.make("my-service", project, book)
    assert not (made.recipe / "pipe").exists()
    assert (made.recipe / "nowhere").is_symlink()
