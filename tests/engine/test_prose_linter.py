"""textlint with the project's word list: a planted word is found with its file and line."""

import os

import pytest

from book.site import from_npm, prose

PLANTED = "kno" + "ck"  # so that this file is not a finding itself


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", f"# A title\n\nThe code `{PLANTED}` is fine.\nYou {PLANTED} at the door.\n"),
        ("code.py", f'"""A module."""\n\n# `{PLANTED}` is fine\nprint("You {PLANTED} at the door")\n'),
    ],
)
def test_a_planted_word_is_found_in_its_line_and_code_is_exempt(tmp_path, name, text):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / name).write_text(text)
    try:
        (found,) = prose.findings(root=tmp_path, places=["folder/*"])
    except from_npm.NoNpmPackages as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))
    assert found.startswith(f"folder/{name}:4: ")
    assert PLANTED in found
