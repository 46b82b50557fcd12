"""A committed chapter follows the rules of the book: executed, no older than its recipe, no measured numbers in its prose."""

import re

import nbformat
import pytest

from book.chapters.chapter import chapters, recorded
from book.terminal import TERMINAL

ALL = chapters()
MOST_LINES = 12
# A number with a unit of size or time is a measurement, unless the sentence names its source.
_MEASURED = re.compile(r"(?<![\w.~])\d+(?:\.\d+)?\s?(?:bytes|[kKMG]i?B|ms|milliseconds|seconds|s)\b")
_QUOTED = re.compile(r"the notes|source:", re.IGNORECASE)
_ORDER = (
    "## The question",
    "## As noted",
    "## Today",
    "## In practice",
    "## Exercise",
    "## What you take away",
    "## On what this page was run",
)
# Of a chapter that shows its commands first: these headings, and no other one of that level.
_COMMANDS_FIRST = (
    "## In short",
    "## The problem",
    "## Why",
    "## The fix",
    "## Which one to take",
    "## Check list",
    "## Exercise",
    "## What this was run on",
)


@pytest.fixture(params=ALL, ids=lambda chapter: chapter.name)
def chapter(request):
    return request.param


def commands_first(notebook: nbformat.NotebookNode) -> bool:
    """Whether the chapter is written around its commands."""
    return bool(notebook.metadata.get("commands_first"))


def faults(notebook: nbformat.NotebookNode) -> list[str]:
    """What in `notebook` breaks a rule, a sentence each."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            tags = cell.metadata.get("tags", [])
            if cell.source.strip() and cell.execution_count is None:
                found.append(f"cell {number} was not executed, so nbval would skip it")
            if len(cell.source.splitlines()) > MOST_LINES:
                found.append(f"cell {number} has more than {MOST_LINES} lines of code")
            if any(output.output_type == "error" for output in cell.outputs) and "raises-exception" not in tags:
                found.append(f"cell {number} shows an error without the tag raises-exception")
            if "claim(" in cell.source and "nbval-check-output" not in tags:
                found.append(f"cell {number} makes a claim without the tag nbval-check-output")
        else:
            sentences = re.split(r"(?<=[.:?!])\s+", cell.source)
            found += [
                f"cell {number} has a measured number in its prose: {sentence}"
                for sentence in sentences
                if _MEASURED.search(sentence) and not _QUOTED.search(sentence)
            ]
    return found


def test_follows_the_rules(chapter):
    assert faults(chapter.read()) == []


def test_outputs_are_no_older_than_recipe_cells_and_package(chapter):
    assert recorded(chapter) == chapter.digest(), f"{chapter.name} has changed since its outputs were committed: run `make record`"


def test_has_every_part_of_a_chapter_in_order(chapter):
    notebook = chapter.read()
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    if commands_first(notebook):
        assert [line.rstrip() for line in lines if line.startswith("## ")] == list(_COMMANDS_FIRST)
        return
    places = [next((i for i, line in enumerate(lines) if line.startswith(part)), None) for part in _ORDER]
    missing = [part for part, place in zip(_ORDER, places, strict=True) if place is None]
    assert missing == []
    assert places == sorted(places)


def test_shows_on_what_it_was_run(chapter):
    outputs = [output for cell in chapter.read().cells for output in cell.get("outputs", [])]
    assert any(output.get("metadata", {}).get("provenance") for output in outputs)


def test_has_claims_that_held(chapter):
    outputs = [output for cell in chapter.read().cells for output in cell.get("outputs", [])]
    assert sum("claim" in output.get("metadata", {}) for output in outputs) >= 4


def test_has_a_solution_that_ran(chapter):
    notebook = chapter.read()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if commands_first(notebook):
        assert any("exercise(" in cell.source and cell.outputs for cell in code)
        return
    assert any("claim(" in cell.source for cell in code if "hide-cell" in cell.metadata.get("tags", []))


def test_shows_its_commands_where_they_come_first(chapter):
    notebook = chapter.read()
    if not commands_first(notebook):
        return
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if TERMINAL in output.get("metadata", {})]
    assert shown
    assert all(output.metadata[TERMINAL] for output in shown)


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (nbformat.v4.new_code_cell("recipe.build()"), "was not executed"),
        (nbformat.v4.new_code_cell("\n".join("x" for _ in range(13)), execution_count=1), "more than 12 lines"),
        (nbformat.v4.new_code_cell("claim('Yes.', True)", execution_count=1), "without the tag nbval-check-output"),
        (
            nbformat.v4.new_code_cell("boom", execution_count=1, outputs=[nbformat.v4.new_output("error")]),
            "without the tag raises-exception",
        ),
        (nbformat.v4.new_markdown_cell("The image has 47.3 MB."), "measured number"),
        (nbformat.v4.new_markdown_cell("It starts in 3 seconds."), "measured number"),
    ],
)
def test_a_broken_rule_is_found(cell, fault):
    assert fault in " ".join(faults(nbformat.v4.new_notebook(cells=[cell])))
