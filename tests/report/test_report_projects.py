"""Each project in `projects/` was written for one or more faults: a report finds exactly those in its file `expected`."""

import hashlib
import json
import shlex
from pathlib import Path

import pytest

from book.report import command

PROJECTS = Path(__file__).parent / "projects"


def report(name: str, capsys, *options: str) -> tuple[int, dict]:
    """The exit code of a report, and what it says as JSON. Its options may stand in a file."""
    folder = PROJECTS / name
    given = shlex.split((folder / "options").read_text()) if (folder / "options").exists() else []
    code = command.run([str(folder), *given, "--patience=6", "--no-page", "--json", *options])
    out, err = capsys.readouterr()
    assert out, err
    return code, json.loads(out)


def files(folder: Path) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", sorted(path.parent.name for path in PROJECTS.glob("*/expected")))
def test_a_report_finds_what_is_expected_and_no_more_and_edits_nothing(name, capsys):
    before = files(PROJECTS / name)
    code, said = report(name, capsys)
    found = sorted(f"{one['rule']} {one['file']}:{one['line']}" for one in said["findings"])
    assert found == sorted((PROJECTS / name / "expected").read_text().splitlines()), json.dumps(said["findings"], indent=1)
    assert code == (1 if found else 0)
    assert files(PROJECTS / name) == before
