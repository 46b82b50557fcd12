"""What a page weighs, and whether everyone can use it."""

import gzip
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from book.site import build
from tests.site.conftest import PAGES

MOST_BYTES, MOST_REQUESTS = 300 * 1024, 8


@pytest.mark.parametrize("page", [*PAGES, "search.html"])
def test_a_first_load_is_light(visit, over_http, page):
    urls = set(visit(f"{over_http}/{page}").requests)
    files = [build.HTML / url.removeprefix(f"{over_http}/") for url in urls if url.startswith("http")]
    assert f"{over_http}/{page}" in urls
    assert len(files) <= MOST_REQUESTS
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= MOST_BYTES


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [*PAGES, "search.html"])
def test_axe_finds_nothing_serious(visit, over_http, page, scheme):
    opened = visit(f"{over_http}/{page}", color_scheme=scheme, reduced_motion="reduce").page
    assert opened.locator("html").get_attribute("data-theme") == scheme
    opened.evaluate("for (const block of document.querySelectorAll('details')) block.open = true")
    found = Axe().run(opened).response["violations"]
    serious = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("page", [*PAGES, "search.html"])
def test_a_page_says_what_it_is_about_and_names_only_files_that_are_there(page):
    text = (build.HTML / page).read_text()
    assert len(re.search(r'<meta name="description" content="([^"]+)"', text)[1]) > 30
    assert '<html lang="en"' in text
    addresses = set(re.findall(r'(?:href|src)="((?!https?:|data:|mailto:|#)[^"#?]+)', text))
    assert [address for address in addresses if not (build.HTML / page).parent.joinpath(address).exists()] == []
