"""Every error that leaves its module has one root, so that one `except` at the top gives each a message."""

import ast

import pytest

from book.places import ROOT

BUILT_IN = {"BaseException", "Exception", "RuntimeError", "ValueError", "OSError", "LookupError", "KeyError"}
FILES = [file for file in sorted((ROOT / "book").rglob("*.py")) if "template" not in file.parts]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_public_error_descends_from_trouble(file):
    classes = (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef))
    rooted = [one.name for one in classes if BUILT_IN & {base.id for base in one.bases if isinstance(base, ast.Name)}]
    assert [name for name in rooted if name != "Trouble" and not name.startswith("_")] == []
