"""How quick and how usable the finished site is, as Lighthouse measures it: the median of several visits to each page."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import os
import platform
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from ..places import ROOT
from ..progress import Step
from ..trouble import Trouble
from . import from_npm
from .build import HTML

REPORT = ROOT / "_build/bench/lighthouse.json"
FORMS = ("mobile", "desktop")
_VISIT_SECONDS = 180
_CHROME = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


class NoLighthouse(Trouble):
    """Lighthouse gives no report; the message says why."""


@dataclass(frozen=True)
class Scores:
    """Lighthouse's scores of a page, 0 to 100, each the median of `visits` visits.

    Args:
        page: the page's path in the site.
        form: `mobile` or `desktop`, as Lighthouse emulates them.
        visits: how often the page was visited.
    """

    page: str
    form: str
    visits: int
    performance: float
    accessibility: float
    best_practices: float
    seo: float


def pages(starting: Sequence[str] = ()) -> list[str]:
    """The site's pages, or those whose names start with one of `starting`."""
    found = sorted(path for folder in ("book/pages", "notebooks") for path in (HTML / folder).glob("*.html"))
    return [path.relative_to(HTML).as_posix() for path in found if not starting or path.name.startswith(tuple(starting))]


def score(of: Sequence[str], visits: int, step: Step) -> tuple[Scores, ...]:
    """Visit pages of the finished site with Lighthouse, take the medians, and write them with the machine to `REPORT`.

    Args:
        of: paths of pages in the site.
        visits: how often to visit each, on each form.
        step: called with how far the work is.

    Raises:
        NoNpmPackages: if it cannot be installed.
        NoLighthouse: if it fails on a page.
    """
    program = from_npm.program("lighthouse/cli/index.js", step)
    found = []
    with _served() as root:
        for number, (page, form) in enumerate(wanted := [(page, form) for page in of for form in FORMS]):
            step(number, len(wanted), f"{page}, {form}")
            seen = [_visit(program, f"{root}/{page}", form) for _ in range(visits)]
            found.append(Scores(page, form, visits, **{name: median(one[name] for one in seen) for name in seen[0]}))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    measured = {
        "tool": f"lighthouse@{from_npm.version('lighthouse')}",
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "day": datetime.now(UTC).date().isoformat(),
    }
    REPORT.write_text(json.dumps({"measured": measured, "pages": [asdict(one) for one in found]}, indent=1))
    return tuple(found)


def table(scores: Sequence[Scores]) -> str:
    """The scores as lines of text, a page and form on each."""
    names = ("performance", "accessibility", "best_practices", "seo")
    head = f"{'page':48} {'form':8}" + "".join(f"{name.replace('_', ' '):>16}" for name in names)
    return "\n".join([head, *(f"{s.page:48} {s.form:8}" + "".join(f"{getattr(s, name):16.0f}" for name in names) for s in scores)])


def _visit(program: Sequence[str], url: str, form: str) -> dict[str, float]:
    preset = ["--preset=desktop"] if form == "desktop" else []
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    with tempfile.TemporaryDirectory(prefix="lighthouse-") as folder:
        report = Path(folder, "report.json")
        command = [*program, url, "--quiet", *preset, "--output=json", f"--output-path={report}", f"--chrome-flags={_CHROME}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_VISIT_SECONDS)
        if not report.exists():
            raise NoLighthouse(f"Lighthouse gave no report of {url}: {done.stderr.strip()[-300:]}")
        categories = json.loads(report.read_text())["categories"]
    return {name.replace("-", "_"): round(100 * (category["score"] or 0)) for name, category in categories.items()}


class _Packed(http.server.SimpleHTTPRequestHandler):
    """Files packed with gzip, as every host of static sites sends them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        kind = self.guess_type(file)
        body, packed = file.read_bytes(), kind.startswith(("text/", "image/svg", "application/j"))
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        if packed:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def _served() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Packed, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
