"""A console block: lines that fit, commands that a shell reads as they were, and what a page needs of them."""

import json
import re
import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbval.plugin import get_sanitize_patterns

from book.chapters import running
from book.claim import ClaimFailed
from book.places import ROOT
from book.show.console import COLUMNS, MOST, broken, console
from book.terminal import TERMINAL, Typed

LONG = [
    "docker build --file slim.Dockerfile --build-arg BUILD_ENV=production --build-arg LIBC=musl --tag slim-production .",
    "INIT=slow-init docker compose --file socket-check.compose.yaml up --build --detach --wait echo-service database-service",
    "docker run --rm slim python -c 'import os; print(os.environ)' one two three four five six seven eight nine ten eleven",
    'curl "http://$(docker compose --file some-rather-long-name.compose.yaml port echo-service 5000)/hello?and=more"',
]


@pytest.mark.parametrize("command", LONG)
def test_a_long_command_is_broken_to_fit(command):
    lines = broken(Typed(command)).split("\n")
    assert len(lines) > 1 or len(shlex.split(command)) == 2
    assert all(len(line) <= COLUMNS for line in ["$ " + lines[0], *lines[1:]] if not line.lstrip("$ ").startswith(('"', "curl")))
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert all(line.startswith("    ") for line in lines[1:])


def test_an_option_stays_with_its_value():
    assert "--file slim.Dockerfile" in broken(Typed(LONG[0]))
    assert "--tag slim-production" in broken(Typed(LONG[0]))


@settings(max_examples=40, deadline=None)  # each starts a shell
@given(st.lists(st.text(st.sampled_from("ab -='\"\\\n$#;&"), min_size=1, max_size=40), min_size=1, max_size=12))
def test_breaking_never_changes_what_the_shell_runs(words):
    command = broken(Typed(shlex.join(["printf", "%s\\0", *words])))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.split("\0")[:-1] == words


def test_the_block_has_its_prompts_apart_and_the_commands_as_data():
    piece = console([Typed("docker build .", exit_code=1), Typed("docker compose up", "other")])
    assert re.sub("<style>.*</style>", "", piece.html) == (
        '<div class="book-console"><pre tabindex="0"><span class="gp">$ </span>docker build .\n'
        '<span class="gp">other $ </span>docker compose up</pre></div>'
    )
    assert piece.text == "$ docker build .\nother $ docker compose up"
    assert json.loads(json.dumps(piece.metadata)) == {
        TERMINAL: [{"command": "docker build .", "folder": "", "exit": 1}, {"command": "docker compose up", "folder": "other", "exit": 0}]
    }


def test_many_commands_are_folded():
    few, many = (console([Typed(f"docker stop {number}") for number in range(count)]) for count in (MOST, MOST + 1))
    assert "<details" not in few.html
    assert "<summary>The 7 commands of this step</summary>" in many.html


def test_a_command_is_no_html():
    assert "<script" not in console([Typed("docker run slim '<script>'")]).html


def _shown(metadata, html="", text=""):
    return new_output("display_data", {"text/html": html, "text/plain": text}, metadata=metadata)


def test_what_a_chapter_showed_last_is_never_a_console():
    error = new_output("error", ename=ClaimFailed.__name__, evalue="No longer true.")
    console_shown = _shown({TERMINAL: [{}]}, text="$ docker build .")
    cell = new_code_cell("x", outputs=[_shown({}, text="the reason"), console_shown, error])
    assert running._last_error(new_notebook(cells=[cell])).splitlines()[-1].strip() == "the reason"


def test_a_stored_console_has_no_style_of_jupyterlab():
    piece = console([Typed("docker build .")])
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[_shown(piece.metadata, str(piece.html))])])
    running._settle(notebook)
    assert "docker build ." in (html := notebook.cells[0].outputs[0].data["text/html"])
    assert "<style" not in html


def test_a_comparison_of_outputs_leaves_consoles_out():
    rules = get_sanitize_patterns((ROOT / "tests/chapters/sanitize.cfg").read_text())
    for commands in ([Typed("docker build .")], [Typed("curl x", "below")] * 9):
        piece = console(commands)
        for shown in (str(piece.html), piece.text):
            for pattern, instead in rules:
                shown = re.sub(pattern, instead, shown)
            assert shown == "CONSOLE"
