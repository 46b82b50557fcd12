"""`python -m book new` on a real engine: the new chapter has run and follows the rules of the book."""

import os
import shutil
import subprocess
import sys

import pytest

from book import engine
from book.places import ROOT

NOT_COPIED = shutil.ignore_patterns(".venv", ".engine", ".git", "_build", "__pycache__", ".*_cache", ".ipynb_checkpoints", ".vagrant")
_SECONDS = 600


@pytest.fixture
def clone(tmp_path):
    """Run Python in a copy of this clone, and return the result."""
    root = tmp_path / "clone"
    shutil.copytree(ROOT, root, symlinks=True, ignore=NOT_COPIED)
    for shared in (".venv", ".engine"):
        if (ROOT / shared).exists():
            (root / shared).symlink_to((ROOT / shared).resolve())

    def python(*arguments, cwd=root):
        variables = {**os.environ, "PYTHONPATH": str(root), "DOCKER_HOST": engine.address()}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=_SECONDS)

    return python


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "app").mkdir(parents=True)
    (folder / "app/serve.py").write_text("import http.server\nhttp.server.test(port=80, bind='0.0.0.0')\n")
    (folder / "app/Dockerfile").write_text("FROM python:3.13-alpine\nCOPY serve.py /\nUSER 1000\nEXPOSE 80\nCMD python /serve.py\n")
    two = "  web:\n    build: app\n    init: true\n    ports: ['80']\n  job:\n    image: python:3.13-alpine\n    user: '1000'\n"
    (folder / "docker-compose.yml").write_text(f"services:\n{two}    init: true\n    command: sleep 600\n")
    (folder / ".env").write_text("PASSWORD=canary\n")
    return folder


@pytest.mark.parametrize("given", [[], ["--from", "project"]], ids=["of the template", "of a project"])
def test_a_new_chapter_passes(clone, project, given):
    made = clone("-m", "book", "new", "warm-caches", *given, cwd=project.parent)
    assert made.returncode == 0, made.stdout + made.stderr
    assert ("left out .env: it may contain a secret" in made.stdout) == bool(given)
    which = clone(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/chapters", "tests/engine", "tests/faults/test_doors.py", "-k", "warm"
    )
    assert which.returncode == 0, which.stdout
    number = next(line for line in made.stdout.splitlines() if "test_chapter_" in line)[-5:-3]
    broken = clone("-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/engine/test_chapter_{number}.py")
    assert broken.returncode == 0, broken.stdout


def test_a_project_that_does_not_start_gives_a_message(clone, project):
    (project / "app/Dockerfile").write_text("FROM python:3.13-alpine\nRUN false\n")
    made = clone("-m", "book", "new", "warm-caches", "--from", "project", cwd=project.parent)
    assert made.returncode == 1
    assert "docker-compose.yml does not come up" in made.stderr
    assert "The chapter exists, but did not run: fix its recipe or its cells" in made.stderr
    assert "Traceback" not in made.stderr
