"""A run of chapters that is cut off, or shares its engine with another: what a reader is told, and what is left."""

import os
import signal

import psutil
import pytest

from book.engine import labels

STEP = f"sleep 6{os.getpid()}"  # of this process: others on this machine may run the same tests
BUILDS = f"FROM python:3.13-alpine\nVOLUME /data\nRUN echo one > /one\nRUN {STEP}\n"


def step_runs():
    """Whether BuildKit runs the step: it is a process of the engine, and no container that `docker ps` lists."""
    return any(process.info["cmdline"] == STEP.split() for process in psutil.process_iter(["cmdline"]))


def test_the_kernel_is_killed_in_mid_chapter(own, chapter, until):
    run_of_it = chapter(own, "stack = recipe.up()", "import time; time.sleep(300)", "stack.down()")
    until(lambda: own.client.containers.list(ignore_removed=True, filters={"status": "running"}))
    kernels = [child for child in psutil.Process(run_of_it.pid).children(recursive=True) if "ipykernel_launcher" in child.cmdline()]
    assert len(kernels) == 1
    kernels[0].kill()
    _, complained = run_of_it.communicate(timeout=300)
    assert run_of_it.returncode == 1
    assert "03-tiny: its kernel ended in mid-chapter: something killed it, or the machine ran out of memory." in complained
    assert "Traceback" not in complained


def test_the_whole_run_is_killed_in_mid_build(own, chapter, recipe, until):
    """BuildKit ends the step of a build whose client has ended."""
    run_of_it = chapter(own, "recipe.build()", folder=recipe(Dockerfile=BUILDS))
    before = own.holds()
    until(step_runs)
    for process in [*psutil.Process(run_of_it.pid).children(recursive=True), psutil.Process(run_of_it.pid)]:
        process.kill()
    run_of_it.wait(300)
    until(lambda: not step_runs())
    assert own.holds() == before


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("at_once", "in_all"), [(1, 1), (2, 4)])
def test_a_run_is_stopped_in_mid_build(own, chapter, recipe, until, at_once, in_all, ends):
    folder = recipe(Dockerfile=BUILDS)
    before = own.holds()
    run_of_it = chapter(own, "recipe.build()", folder=folder, at_once=at_once, in_all=in_all)
    until(step_runs)  # once: BuildKit runs the same step of several builds only once
    os.killpg(run_of_it.pid, ends)
    _, complained = run_of_it.communicate(timeout=300)
    assert run_of_it.returncode == 128 + ends
    assert complained.strip() == ("✗ stopped" if ends == signal.SIGINT else "")
    until(lambda: own.after_next_run() == before and not step_runs())


def test_two_runs_at_once(own, chapter, until):
    """The second begins while the first is in the midst of its chapter, takes nothing from it, and both end well."""
    up, down = "stack = recipe.up()", ("claim('It runs.', stack.service('web').state == 'running')", "stack.down()", "recipe.down()")
    both = "import time; from book import engine\nwhile len(engine.connect().containers.list(ignore_removed=True)) < 2: time.sleep(0.1)"
    first = chapter(own, up, both, *down)
    until(lambda: own.client.containers.list(ignore_removed=True, filters={"status": "running"}))
    for one in (chapter(own, up, "import time; time.sleep(1)", *down), first):
        _, complained = one.communicate(timeout=300)
        assert one.returncode == 0, complained


def test_two_runs_in_one_folder_take_turns(own, chapter, recipe, until):
    folder = recipe()
    go = folder.parent / "go"
    hold = f"import pathlib, time\nfor _ in range(3000):\n    if pathlib.Path({str(go)!r}).exists():\n        break\n    time.sleep(0.1)"
    cells = ("stack = recipe.up()", hold, "stack.down()", "recipe.down()")
    first = chapter(own, *cells, folder=folder)
    until(lambda: own.client.containers.list(ignore_removed=True, filters={"status": "running"}))
    second = chapter(own, *cells, folder=folder)
    waits = any("Another `make book` runs in this folder: waiting for its end." in line for line in second.stdout)
    go.touch()
    said = {one: one.communicate(timeout=300) for one in (first, second)}
    assert [one.returncode for one in said] == [0, 0], said
    assert waits


def test_no_stack_of_the_sdk_is_shown_in_a_notebook(own, chapter):
    """An error that the book does not expect still comes with a cause and a next step."""
    cell = "from book import engine; engine.connect().containers.run('python:3.13-alpine', ports={'1/tcp': ('192.0.2.1', 1)})"
    run_of_it = chapter(own, cell, "raise SystemExit")
    _, complained = run_of_it.communicate(timeout=300)
    assert "03-tiny: The Docker engine refuses." in complained
    assert "Error for http" not in complained
    for left in own.client.containers.list(ignore_removed=True, all=True):  # the SDK left it: it was not made through the book
        assert labels.LABEL not in left.labels
        left.remove(force=True)
