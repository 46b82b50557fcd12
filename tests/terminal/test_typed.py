"""The commands of each page that shows them first, typed in a shell: they do what the page says."""

import os
from pathlib import Path

import pytest
from page import differences, read, report, run

from book.chapters.chapter import NOTEBOOKS, chapters

FOLDER = Path(os.environ.get("BOOK_PAGES") or NOTEBOOKS)  # of the notebooks; the committed ones by default
OTHER_BASES = os.environ.get("BOOK_OTHER_BASES", "").split()  # pages whose outputs are from other base images than those here
PAGES = [one for one in chapters(folder=FOLDER) if one.read().metadata.get("commands_first")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_shows(page, terminal):
    commands = read(page.path)
    shell = terminal(page.name)
    home = shell.run("pwd").stdout.strip()
    folder = ""
    for number, shown in enumerate(commands, 1):
        if shown.folder != folder:
            folder = shown.folder
            assert shell.run(f"cd '{home}/{folder}'").exit == 0, f"{page.name}: the download has no folder {folder}"
        outcome, printed = run(shown, shell)
        if found := differences(shown, outcome, sizes=page.name not in OTHER_BASES):
            pytest.fail(report(page.name, number, shown, found, printed), pytrace=False)
