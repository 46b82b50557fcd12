"""The picture in README.md: the first page of the finished site, as a browser shows it."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..places import ROOT
from ..trouble import Trouble
from .build import HTML

PICTURE = ROOT / "book/assets/page.png"
_PAGE = "book/pages/intro.html"
_WIDTH, _HEIGHT = 1280, 1180  # down to the end of the figure
_FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
_LOAD_SECONDS = 120
_NO_BANNER = ".bd-header-announcement { display: none !important }"  # it is about the machine that built the site, and no part of a page


class NoPicture(Trouble):
    """The picture cannot be taken; the message says why. The old one is unchanged."""


def take(to: Path = PICTURE, site: Path = HTML) -> bool:
    """Take a picture of the first page, and return whether it differs from the one that was there.

    Args:
        to: the file to write.
        site: the folder of the finished site.

    Raises:
        NoPicture: if there is no site, no browser, or the browser fails.
    """
    page = site / _PAGE
    if not page.exists():
        raise NoPicture(f"There is no site: {_PAGE} is missing. Build it with `make site`, and run this again.")
    found = _shot(page)
    if to.exists() and to.read_bytes() == found:
        return False
    to.write_bytes(found)
    return True


def _shot(page: Path) -> bytes:
    program = shutil.which("chromium")
    if program is None:
        raise NoPicture("No browser was found. Install Chromium, and run this again.")
    from playwright.sync_api import Error, sync_playwright  # here: only a maintainer of the book needs it

    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
            opened = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
            opened.set_default_timeout(_LOAD_SECONDS * 1000)
            opened.goto(page.as_uri())
            opened.add_style_tag(content=_NO_BANNER)
            taken = opened.screenshot(animations="disabled")
            browser.close()
    except Error as problem:
        raise NoPicture(f"The browser does not show {page.name}: {problem.message.splitlines()[0]} Run this again.") from None
    return taken
