"""What the first page takes from its data and from the chapters' outputs."""

import re
from types import SimpleNamespace

import nbformat
import pytest

from book.chapters import ledger
from book.chapters.chapter import chapters
from book.site import build, first_page, picture


def chapter_of(*cells):
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    return SimpleNamespace(read=lambda: notebook, path=SimpleNamespace(name="99-new.ipynb"))


def shows(html):
    return nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data={"text/html": html})])


def test_every_symptom_is_a_short_line_with_what_to_do_and_a_place():
    found = [one for group in first_page.symptoms() for one in group.symptoms]
    assert len(found) >= 30
    assert len({one.says for one in found}) == len(found)
    for one in found:
        assert len(one.says) <= 80, one.says
        assert 3 < len(one.do) <= 80, one.do
        assert re.fullmatch(r"notebooks/\d\d-[a-z-]+|book/pages/[a-z-]+", one.page)
        assert re.fullmatch(r"[a-z-]+|term-\S+", one.anchor)


def test_a_symptom_without_an_anchor_is_refused(tmp_path):
    file = tmp_path / "symptoms.yaml"
    file.write_text("- about: A\n  symptoms:\n    - {says: B, do: C, at: notebooks/01-one}\n")
    with pytest.raises(first_page.NoAnchor, match="B: 'notebooks/01-one'"):
        first_page.symptoms(file)


def test_the_figure_is_taken_from_the_first_output_of_its_class():
    one = chapter_of(
        shows('<div class="other"><figure>no</figure></div>'),
        shows('<div class="book-x"><figure class="a">yes</figure><table></table></div>'),
        shows('<div class="book-x"><figure>later</figure></div>'),
    )
    assert first_page.figure(one, "book-x") == '<figure class="a">yes</figure>'
    with pytest.raises(first_page.NoFigure, match=r"99-new.ipynb shows no figure of the class book-y"):
        first_page.figure(one, "book-y")


def test_a_chapter_without_an_answer_in_its_row_gives_the_first_sentence_of_in_short():
    one = chapter_of(
        nbformat.v4.new_markdown_cell("# Title\n\nOpening."),
        nbformat.v4.new_markdown_cell("## In short\n\nUse version 3.13\nand two stages. Then build."),
    )
    assert ledger._in_short(one) == "Use version 3.13 and two stages."
    assert ledger._in_short(chapter_of(nbformat.v4.new_markdown_cell("## In short\n\n### Another heading\n\nText."))) == ""
    assert ledger._in_short(chapter_of(nbformat.v4.new_markdown_cell("# Title"))) == ""


def test_every_chapter_has_a_question_that_ends_in_one():
    for one in ledger.recipes(chapters()):
        assert one.question.endswith("?")
        assert one.minutes > 0


def test_seconds_become_words():
    assert [first_page._words(seconds) for seconds in (1.4, 24, 384)] == ["1 s", "24 s", "6 min"]


def test_a_picture_without_a_site_or_a_browser_says_so_and_keeps_the_old_one(monkeypatch, tmp_path):
    old = tmp_path / "page.png"
    old.write_bytes(b"old")
    with pytest.raises(picture.NoPicture, match="make site"):
        picture.take(old, tmp_path)
    (tmp_path / picture._PAGE).parent.mkdir(parents=True)
    (tmp_path / picture._PAGE).write_text("a page")
    monkeypatch.setattr(picture.shutil, "which", lambda name: None)
    with pytest.raises(picture.NoPicture, match="No browser"):
        picture.take(old, tmp_path)
    assert old.read_bytes() == b"old"


def test_a_picture_that_is_the_same_is_not_written_again(monkeypatch, tmp_path):
    (tmp_path / picture._PAGE).parent.mkdir(parents=True)
    (tmp_path / picture._PAGE).write_text("a page")
    monkeypatch.setattr(picture, "_shot", lambda page: b"picture")
    assert picture.take(tmp_path / "page.png", tmp_path)
    assert not picture.take(tmp_path / "page.png", tmp_path)


def test_a_site_is_out_of_date_if_a_file_of_its_zip_changes(monkeypatch, tmp_path):
    file = tmp_path / "Makefile"
    file.write_text("one")
    monkeypatch.setattr(build.archives, "of_the_book", lambda root: [file])
    before = build._digest("")
    file.write_text("two")
    assert build._digest("") != before


@pytest.mark.parametrize("file", sorted((build.ROOT / "book/assets").glob("*.css")), ids=lambda file: file.name)
def test_every_block_of_a_stylesheet_is_closed(file):
    """Two blocks at the end of a file that git merges may lose the brace between them, and with it all rules that follow."""
    text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        assert depth == 0 or line[:1].isspace() or line[:1] in ("", "}"), (
            f"line {number} begins a rule, and the one before it is not closed"
        )
        depth += line.count("{") - line.count("}")
    assert depth == 0
