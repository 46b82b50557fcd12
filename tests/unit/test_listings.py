"""A reader sees each line of a listing whole: no file that a chapter lists is wider than the page."""

import json
import re

import pytest

from book.places import ROOT

WIDTH = 76  # columns of a listing on the page before it scrolls sideways
WIDE = {"09-how-small/zones.txt": "A hash of a package is one word of 78 characters."}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RECIPE = re.compile(r'^(\w+) = Recipe\(\s*"([^"]+)"', re.MULTILINE)
LISTING = re.compile(r'\bshow\.listing\(\s*(\w+),\s*(?:file=)?"([^"]+)"')


def code(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def listed(notebook):
    """The files that a chapter lists. A variable that holds no `Recipe("…")` itself, such as a copy, is the chapter's recipe."""
    source = code(notebook)
    folders = dict(RECIPE.findall(source))
    return [ROOT / "recipes" / folders.get(variable, notebook.stem) / file for variable, file in LISTING.findall(source)]


FILES = sorted({file for notebook in NOTEBOOKS for file in listed(notebook)})


def name(file):
    return file.relative_to(ROOT / "recipes").as_posix()


def wide(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    return {number: len(line.expandtabs()) for number, line in enumerate(lines, 1) if len(line.expandtabs()) > WIDTH}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_every_listing_of_a_chapter_is_found(notebook):
    found = listed(notebook)
    assert found, f"{notebook.name} lists no file: does it call show.listing in another way?"
    assert len(found) == code(notebook).count("show.listing("), f"{notebook.name}: write each file name as text in show.listing"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_listed_file_fits_the_page(file):
    if name(file) not in WIDE:
        assert wide(file) == {}, f"break these lines of {name(file)} (line: columns), or add the file to WIDE with a reason"


@pytest.mark.parametrize("file", WIDE)
def test_an_exception_is_still_needed(file):
    assert ROOT / "recipes" / file in FILES, f"no chapter lists {file}: remove it from WIDE"
    assert wide(ROOT / "recipes" / file), f"{file} fits the page: remove it from WIDE"
