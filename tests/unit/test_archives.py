"""The zip of the whole book holds what a reader needs, and no file that is private."""

import subprocess
import zipfile

import pytest

from book.site import archives

PRIVATE = (".venv/pyvenv.cfg", ".engine/x", "_build/html/index.html", "book/__pycache__/x.pyc", "exercises/mine", ".git/config")


@pytest.fixture
def clone(tmp_path):
    root = tmp_path / "clone"
    for name in ("Makefile", "book/exercises/one.py", "run.sh", "müsli/für.txt", *PRIVATE):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "run.sh").chmod(0o755)
    (root / ".gitignore").write_text("# comment\n.venv\n.engine\n_build/\n__pycache__/\n/exercises/\n")
    return root


WANTED = {f"{archives.BOOK}/{name}" for name in ("Makefile", "book/exercises/one.py", "run.sh", "müsli/für.txt", ".gitignore")}


def packed(root, tmp_path):
    return zipfile.ZipFile(archives.write_book(tmp_path / "out", root))


def test_without_git_what_git_ignores_is_left_out(clone, tmp_path):
    found = packed(clone, tmp_path)
    assert set(found.namelist()) == WANTED
    assert found.read(f"{archives.BOOK}/Makefile") == b"Makefile"
    assert found.getinfo(f"{archives.BOOK}/run.sh").external_attr >> 16 == 0o755


def test_with_git_only_what_is_under_git_is_packed(clone, tmp_path):
    (clone / ".git/config").unlink()
    (clone / ".git").rmdir()
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", "-C", str(clone), *command], check=True)
    (clone / "password.txt").write_text("not under git")
    assert set(packed(clone, tmp_path).namelist()) == WANTED


def test_a_file_that_was_removed_and_a_link_are_left_out(clone, tmp_path):
    (clone / "link").symlink_to("/etc/passwd")
    (clone / ".git/config").unlink()
    (clone / ".git").rmdir()
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", "-C", str(clone), *command], check=True)
    (clone / "Makefile").unlink()
    assert set(packed(clone, tmp_path).namelist()) == WANTED - {f"{archives.BOOK}/Makefile"}


def test_the_same_files_give_the_same_archive(clone, tmp_path):
    first = archives.write_book(tmp_path / "one", clone).read_bytes()
    (clone / "Makefile").touch()
    assert archives.write_book(tmp_path / "two", clone).read_bytes() == first
