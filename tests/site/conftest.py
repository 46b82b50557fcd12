"""The built site in Debian's chromium, over http and as files."""

import functools
import http.server
import threading

import pytest

from book.site import build, reading
from book.site.source import FOLDER

PAGES = sorted(str(path.relative_to(build.HTML)) for folder in ("book/pages", "notebooks") for path in (build.HTML / folder).glob("*.html"))
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
NEW = [page for page in CHAPTERS if reading.commands_first(FOLDER / page.replace(".html", ".ipynb"))]  # what to type comes first
OLD = [page for page in CHAPTERS if page not in NEW]


@pytest.fixture(scope="session")
def over_http():
    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(build.HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(params=["http", "file"])
def root(request, over_http):
    return over_http if request.param == "http" else build.HTML.as_uri()


class Visit:
    """A page that was opened, with what it asked for and what it complained of."""

    def __init__(self, browser, url, **options):
        self.requests, self.errors = [], []
        self.page = browser.new_context(**options).new_page()
        self.page.set_default_timeout(120_000)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.goto(url)
        self.page.wait_for_load_state("networkidle")
        for _ in range(5):  # a container that comes or goes changes the machine's network, and chromium drops what it was loading
            if not any("ERR_NETWORK_CHANGED" in error for error in self.errors):
                break
            self.requests.clear()
            self.errors.clear()
            self.page.reload()
            self.page.wait_for_load_state("networkidle")

    def close(self):
        self.page.context.close()


@pytest.fixture
def visit(browser):
    opened = []

    def go(url, **options):
        opened.append(Visit(browser, url, **options))
        return opened[-1]

    yield go
    for one in opened:
        one.close()
