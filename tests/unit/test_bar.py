"""The badge under a chapter's title says where its base images came from."""

import json

import pytest

from book.chapters.chapter import Chapter
from book.site import bar


@pytest.mark.parametrize(
    ("origins", "words"),
    [
        (["stand-in", "stand-in"], "base images: stand-ins"),
        (["registry"], "base images: official, 2026-12-01"),
        (["registry", "stand-in"], "base images: some are stand-ins"),
        (["local"], "base images: local"),
        ([], ""),
    ],
)
def test_a_stand_in_is_called_one_and_an_official_image_has_its_date(tmp_path, origins, words):
    found = {"day": "2026-12-01", "bases": [{"origin": origin} for origin in origins]}
    notebook = {"cells": [], "metadata": {"book": {"provenance": found}}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "01-x.ipynb").write_text(json.dumps(notebook))
    assert bar.badge(Chapter(tmp_path / "01-x.ipynb")) == words


def test_a_chapter_that_was_never_run_has_no_badge(tmp_path):
    (tmp_path / "01-x.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert bar.badge(Chapter(tmp_path / "01-x.ipynb")) == ""
