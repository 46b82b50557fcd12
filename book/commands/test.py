"""`test`: check everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from .. import engine
from ..chapters import chapter as chapters_chapter
from ..chapters import running, soak
from ..engine import leftovers
from ..offline import daemon, tools
from ..places import ROOT
from ..progress import step
from ..site import build
from .needs import CannotGoOn, alone, everything_for, have_browser

_CELL_SECONDS = str(running.CELL_SECONDS)


def _test(starting: Sequence[str], workers: int) -> int:
    with step("Code style"):
        _must(["ruff", "check", "."], "ruff finds faults")
        _must(["ruff", "format", "--check", "."], "ruff would format these files otherwise")
    _pytest("Unit tests", "tests/unit", "tests/chapters")
    todo = chapters_chapter.chapters(starting)
    absent = everything_for(todo)
    _pytest("Engine tests", "tests/engine")
    _pytest("Bad input", "tests/bad")
    chromium = have_browser()  # a report's page is opened, too
    _pytest(
        "Reports",
        "--numprocesses=3",
        "tests/report",
        *([] if chromium else ["--deselect=tests/report/test_report_page.py"]),
    )
    _pytest("Faults", "tests/faults")
    options = [
        "--nbval-lax",
        "--nbval-current-env",
        f"--nbval-cell-timeout={_CELL_SECONDS}",
        "--nbval-sanitize-with=tests/chapters/sanitize.cfg",
    ]
    before = soak.holds()
    whole = [chapter for chapter in todo if absent.isdisjoint(tools.wanted([chapter.recipe]))]
    for chapter in (chapter for chapter in todo if chapter not in whole):
        print(f"  {chapter.name} is not compared, since a tool that it needs is missing here.")
    if whole:  # without a path, pytest would take all that it knows
        _pytest("Chapters", *options, "--dist=loadscope", f"--numprocesses={workers}", *(str(chapter.path) for chapter in whole))
    leftovers.reap(engine.connect())
    left = soak.holds() - before
    if left and daemon.is_ours():  # on an engine that others use too, what is new there need not be ours
        raise CannotGoOn(f"The chapters left this on the engine: {', '.join(sorted(left))}")
    with alone():
        with step("Site"):
            build.build()
        if chromium:
            _pytest("Site in a browser", "--numprocesses=2", "tests/site")
    if chromium:
        _pytest("JupyterLab in a browser", "tests/lab")
    return 0


def _pytest(name: str, *arguments: str) -> None:
    print(f"  {name} …", flush=True)
    code = subprocess.call([sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT)
    if code:
        raise CannotGoOn(f"{name}: see the failures above.")


def _must(command: Sequence[str], otherwise: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CannotGoOn(f"{otherwise}:\n{done.stdout[-3000:]}{done.stderr[-500:]}")
