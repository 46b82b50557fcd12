"""Each project in `projects/` has one or more faults on purpose: a report finds exactly those in its file `expected`."""

import hashlib
import json
from pathlib import Path

import pytest
from reports import PROJECTS, places


def files(folder: Path) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", sorted(path.parent.name for path in PROJECTS.glob("*/expected")))
def test_a_report_finds_exactly_the_expected_faults_and_edits_no_file(name, report):
    before = files(PROJECTS / name)
    code, said = report(PROJECTS / name)
    assert places(said) == sorted((PROJECTS / name / "expected").read_text().splitlines()), json.dumps(said["findings"], indent=1)
    assert code == (1 if said["findings"] else 0)
    assert files(PROJECTS / name) == before
