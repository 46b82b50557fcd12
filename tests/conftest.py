"""Debian's chromium, one for all tests that look at a page; and the words that no page may hold."""

import getpass
import socket

import pytest

from book.places import ROOT

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def private_words():
    """What would tell of the machine that the book was run on, and the secrets of its recipes."""
    secrets = {path.read_text().strip() for folder in (ROOT / "recipes").rglob("secrets") for path in folder.iterdir()}
    assert secrets
    names = {str(ROOT), "/tmp/recipe-", "/home/runner", f"/home/{getpass.getuser()}", f"/Users/{getpass.getuser()}"}
    return names | secrets | ({socket.gethostname()} if len(socket.gethostname()) > 4 else set())
