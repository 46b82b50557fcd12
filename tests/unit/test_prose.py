"""What the linter of plain English reads of a Python file: the text, on its lines, and no code."""

import json
import re

import pytest

from book.site import from_npm, prose

SOURCE = '''"""One docstring.

It has two paragraphs: a word is planned here.
"""

import word  # a comment about `word.py`

KEYS = {"word": r"a word \\d+"}


def fail(name):
    raise ValueError(f"{name} did word at {word.port}: see word.py or measure/word")
'''


def lines(source):
    return prose.prose(source).splitlines()


def test_each_text_stays_on_its_line():
    found = lines(SOURCE)
    assert len(found) == len(SOURCE.splitlines())
    assert found[2] == "It has two paragraphs: a word is planned here."
    assert found[5].startswith("a comment about")
    assert "did word at" in found[11]


def test_code_is_no_prose():
    found = lines(SOURCE)
    assert "word" not in found[5] + found[7]
    assert found[11].count("word") == 1
    assert "port" not in found[11]


def test_two_texts_of_a_line_make_no_phrase():
    assert lines('print("one ", "two three")') == ["one | two three"]


def test_backticks_that_one_text_does_not_close_hide_no_other():
    assert lines('print("a ` b c")\nprint("d ` e f")') == ["a ` b c", "d ` e f"]


def test_every_pattern_of_the_word_list_is_one_and_names_what_to_write():
    words = json.loads(prose._WORDS.read_text())
    assert all(re.compile(pattern) and instead for pattern, instead in words)


def test_the_linter_is_pinned_with_a_hash():
    lock = json.loads((from_npm._LOCK / "package-lock.json").read_text())["packages"]
    for package in ("textlint", "textlint-rule-terminology"):
        assert lock[f"node_modules/{package}"]["version"] == from_npm.version(package)
    assert [name for name, package in lock.items() if name and "integrity" not in package] == []


def test_all_places_exist():
    assert [place for place in prose.PLACES if not list(prose.ROOT.glob(place))] == []


def test_without_npm_there_is_a_note_and_in_ci_an_error(monkeypatch, capsys):
    def fail(script, step):
        raise from_npm.NoNpmPackages("npm does not respond")

    monkeypatch.setattr(from_npm, "program", fail)
    monkeypatch.delenv("CI", raising=False)
    assert prose.check() == []
    assert "npm does not respond" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    with pytest.raises(from_npm.NoNpmPackages):
        prose.check()


def test_a_heading_of_a_chapter_is_left_to_the_chapter():
    assert lines('PARTS = ("## One heading", "no heading")') == ["no heading"]
