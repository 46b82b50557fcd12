"""A report as the tests ask for it: nothing of it is left on the engine afterwards."""

import json
import shlex
from pathlib import Path

import pytest
from reports import ours

from book.commands import options as command_line
from book.commands import run


@pytest.fixture
def report(capsys):
    """Report on a folder, and return the exit code and what was printed as JSON. Options of a project may stand in its file `options`."""

    def make(folder: Path, *options: str) -> tuple[int, dict]:
        given = shlex.split((folder / "options").read_text()) if (folder / "options").exists() else []
        code = run.run(command_line.parse(["report", str(folder), "--patience=20", *given, "--no-page", "--json", *options]))
        out, err = capsys.readouterr()
        assert out, err
        return code, json.loads(out)

    yield make
    assert ours() == set()
