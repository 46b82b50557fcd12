"""A real JupyterLab, with folders of its own, in Debian's chromium."""

import os
import signal
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from book import engine, places
from book.engine import leftovers
from book.measure import tool

BASE = "FROM python:3.13-alpine\n"
CELLS = [
    "from book import Recipe, show, try_it\nfrom markupsafe import Markup\nfrom book.show.html import Piece\nrecipe = Recipe('recipe')",
    "try_it(recipe, 'Dockerfile', beside=[recipe.build()])",
    "show.choice('Which one?', {'first': Piece(Markup('<p>the first</p>'), ''), 'second': show.listing(recipe, 'Dockerfile')})",
]
EXERCISE_CELLS = ["from book import Recipe, exercise", "exercise(Recipe('03-smaller-images'))"]
# On a busy machine, JupyterLab stops loading its theme, and a dialog takes the focus from the notebook.
READY = """() => {
  const shell = window.jupyterapp.shell, [notebook] = shell.widgets("main");
  document.querySelector(".jp-Dialog .jp-mod-accept")?.click();
  if (notebook && shell.currentWidget !== notebook) shell.activateById(notebook.id);
  return shell.currentWidget?.sessionContext?.session?.kernel?.status === "idle";
}"""
_START_SECONDS = 180
TOKEN = "of-this-test-alone"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a notebook in a JupyterLab whose folder has two notebooks and a recipe; it is ended with all its kernels."""
    root, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    (root / "recipe").mkdir()
    (root / "recipe/Dockerfile").write_text(BASE + "RUN dd if=/dev/zero of=/five bs=1000000 count=5\n")
    for name, cells in {"try.ipynb": CELLS, "exercise.ipynb": EXERCISE_CELLS}.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, root / name)
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(home / name) for name in (*folders, "IPYTHONDIR")}
    environment = {**os.environ, **own, "DOCKER_HOST": engine.address(), "PYTHONPATH": str(places.ROOT)}
    port = tool.free_port()
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={root}", "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.expose_app_in_browser=True"]
    with open(home / "log", "w") as log:
        server = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/api?token={TOKEN}", server, home / "log")
        yield f"{address}/lab/tree/try.ipynb?reset&token={TOKEN}"
    finally:
        server.send_signal(signal.SIGTERM)  # it ends its kernels, too
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        leftovers.reap(engine.connect())  # what its kernel made, now that it is dead


@pytest.fixture(scope="module")
def page(lab, browser):
    """The notebook, with all its cells run."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    yield run_all(context.new_page(), lab, len(CELLS))
    context.close()


def run_all(opened, address, cells):
    """Open a notebook of so many cells in a page, and run all of them until an editor is shown."""
    opened.set_default_timeout(180_000)
    opened.goto(address)
    opened.locator(".jp-NotebookPanel .jp-CodeCell").nth(cells - 1).wait_for(state="attached")
    # The kernel's name is shown before there is a kernel, and JupyterLab drops in silence what it is told to run until then.
    opened.wait_for_function(READY)
    opened.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    opened.locator(".book-editor textarea").wait_for()
    return opened


def _await(url, server, log):
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not start:\n{log.read_text()[-2000:]}")
