"""Make a report in a test. The engine must be clean afterwards."""

import json
import shlex
from pathlib import Path

import pytest
from reports import ours, run


@pytest.fixture
def report(capsys):
    """Report on a folder, and return the exit code and what was printed as JSON. A project may have options in its file `options`."""

    def make(folder: Path, *options: str) -> tuple[int, dict]:
        given = shlex.split((folder / "options").read_text()) if (folder / "options").exists() else []
        code = run(str(folder), "--patience=20", *given, "--no-page", "--json", *options)
        out, err = capsys.readouterr()
        assert out, err
        return code, json.loads(out)

    yield make
    assert ours() == set()
