import shutil
import subprocess
import sys

import pytest

from book.files.dockerfile import froms
from book.places import ROOT
from book.recipe import Recipe, RecipeError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("print('hello')\n")
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim AS build\nFROM build\nCOPY app /app\n")
    return tmp_path


def test_any_folder_is_a_recipe(folder):
    assert Recipe(folder).read("app/main.py") == "print('hello')\n"


def test_a_folder_of_the_book_goes_by_its_name():
    assert Recipe("03-smaller-images").path.name == "03-smaller-images"


def test_a_folder_that_is_not_there_names_those_that_are():
    with pytest.raises(RecipeError, match="03-smaller-images"):
        Recipe("99-nothing")


def test_a_file_that_is_not_there_names_those_that_are(folder):
    with pytest.raises(RecipeError, match=r"no file compose.yaml.*Dockerfile"):
        Recipe(folder).read("compose.yaml")


def test_the_digest_follows_contents_and_names(folder):
    before = Recipe(folder).digest()
    (folder / "app/main.py").write_text("print('goodbye')\n")
    changed = Recipe(folder).digest()
    (folder / "app/main.py").rename(folder / "app/other.py")
    assert len({before, changed, Recipe(folder).digest()}) == 3


def test_the_digest_does_not_follow_caches(folder):
    before = Recipe(folder).digest()
    (folder / "app/__pycache__").mkdir()
    (folder / "app/__pycache__/main.pyc").write_bytes(b"x")
    assert Recipe(folder).digest() == before


@pytest.mark.parametrize(
    ("dockerfile", "bases"),
    [
        ("FROM python:3.13-slim\n", ("python:3.13-slim",)),
        ("from python:3.13-slim as build\nFROM scratch\nCOPY --from=build / /\n", ("python:3.13-slim",)),
        ("FROM --platform=linux/amd64 a:1 AS x\nFROM x AS y\nFROM b:2\n", ("a:1", "b:2")),
        ("ARG BASE=a:1\nFROM $BASE\n", ("a:1",)),
        ("ARG TAG=3\nARG KIND\nFROM a:${TAG}-${KIND:-slim}\n", ("a:3-slim",)),
        ("ARG BASE\nFROM $BASE\n", ()),
        ("FROM \\\n  a:1\n", ("a:1",)),
        ("FROM nginx AS nginx\n", ("nginx:latest",)),
        ("ARG VERSION=1\nFROM a:$VERSION\nARG VERSION=2\n", ("a:1",)),
        ("ARG A=1 B=2\nFROM a:$A-$B\n", ("a:1-2",)),
        ("FROM a:1\nCOPY <<EOF <<'MORE' /src/\nfrom flask import Flask\nEOF\nfrom b import c\nMORE\nFROM b:2\n", ("a:1", "b:2")),
        ("FROM a:1\nRUN echo $((1<<2)) \\\n# from here\n\n  from users\nFROM b:2 \\\n", ("a:1", "b:2")),
        ("# a path ends in \\\nFROM a:1\n", ("a:1",)),
    ],
)
def test_bases_are_images_and_not_stages(tmp_path, dockerfile, bases):
    (tmp_path / "Dockerfile").write_text(dockerfile)
    assert Recipe(tmp_path).bases() == bases


def test_a_base_is_the_one_of_the_arguments_that_are_given(tmp_path):
    (tmp_path / "Dockerfile").write_text("ARG PYTHON=3.13\nFROM python:${PYTHON}-slim\n")
    assert Recipe(tmp_path).bases("Dockerfile", PYTHON="3.12") == ("python:3.12-slim",)


def test_the_line_of_a_base_is_where_its_instruction_begins():
    text = "FROM a:1\nRUN sql \\\n  select \\\n  from users\nRUN <<EOF\nFROM x\nEOF\nFROM b:2\nRUN <<EOF\nEOF\n"
    assert froms(text) == ((1, "a:1"), (8, "b:2"))


def test_a_folder_of_the_readers_is_not_taken_for_one_of_the_books(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Recipe(".").path == tmp_path.resolve()
    assert Recipe("..").path == tmp_path.parent.resolve()


@pytest.mark.parametrize(
    ("compose", "bases"),
    [
        ("services: {db: {image: postgres:17}, cache: {image: redis}}", ("postgres:17", "redis:latest")),
        ("services: {web: {build: ., image: shop}, jobs: {image: shop}, db: {image: 'postgres:17'}}", ("postgres:17",)),
        ("x-db: &db {image: postgres:17}\nservices: {db: {<<: *db}, other: *db}", ("postgres:17",)),
        ("services: {db: {image: !override postgres:17}}", ("postgres:17",)),
        ("services: {db: {image: '${DB:-postgres}'}}", ()),
        ("services: [", ()),
    ],
)
def test_a_base_of_a_compose_file_is_what_it_does_not_build_itself(tmp_path, compose, bases):
    (tmp_path / "compose.yaml").write_text(compose)
    assert Recipe(tmp_path).bases() == bases


def test_what_one_compose_file_builds_is_no_base_of_another(tmp_path):
    (tmp_path / "compose.yaml").write_text("services: {web: {build: ., image: shop}}")
    (tmp_path / "more.compose.yaml").write_text("services: {jobs: {image: shop}}")
    assert Recipe(tmp_path).bases() == ()


def test_a_copy_is_removed_with_its_last_use(folder):
    copied = Recipe(folder).copy()
    place = copied.path.parent
    assert copied.digest() == Recipe(folder).digest()
    del copied
    assert not place.exists()


def test_a_copy_that_cannot_be_removed_prints_no_stack(folder):
    script = f"""
import os
from book import recipe
def forbidden(*arguments, **options):
    raise PermissionError("a file of another user")
copied = recipe.Recipe({str(folder)!r}).copy()
print(copied.path.parent)
os.rmdir = os.unlink = os.chmod = forbidden
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    shutil.rmtree(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
