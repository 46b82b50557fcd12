"""Running chapters: what is stale, what a failure leaves, and the message that a reader gets."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

from book import engine
from book import recipe as book_recipe
from book.chapters import chapter as one_chapter
from book.chapters import running, soak
from book.engine import labels, leftovers
from book.measure import limits
from book.places import ROOT
from book.progress import Step, step

pytestmark = pytest.mark.alone  # its soak counts everything on the engine


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """Make a chapter of a tiny recipe from cells of code, in a folder of its own."""
    monkeypatch.setattr(one_chapter, "EXECUTED", tmp_path / "executed")
    folder = tmp_path / "recipe/03-tiny"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM python:3.13-alpine\nRUN touch /here\n")

    class Tiny(one_chapter.Chapter):
        @property
        def recipe(self):
            return book_recipe.Recipe(folder)

    def make(*cells):
        setup = f"from book import Recipe, claim\nrecipe = Recipe({str(folder)!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (setup, *cells)])
        nbformat.write(notebook, tmp_path / "03-tiny.ipynb")
        return Tiny(tmp_path / "03-tiny.ipynb")

    return make


def go(chapter):
    return running.run([chapter], 1, Step("chapters"))


def executed(chapter):
    return nbformat.read(chapter.executed, as_version=4)


def test_a_chapter_that_ran_is_fresh_until_its_recipe_or_a_cell_changes(chapter):
    one = chapter("recipe.build().run('ls', '/here')", "recipe.down()")
    assert one_chapter.stale([one]) == [one]
    assert go(one) == []
    assert one_chapter.stale([one]) == []
    assert "/here" in str(executed(one).cells[1].outputs)
    dockerfile = one.recipe.path / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "# changed\n")
    assert one_chapter.stale([one]) == [one]
    dockerfile.write_text(dockerfile.read_text().replace("# changed\n", ""))
    assert one_chapter.stale([one]) == []
    notebook = one.read()
    notebook.cells[2].source += "  # changed"
    nbformat.write(notebook, one.path)
    assert one_chapter.stale([one]) == [one]


def test_outputs_of_another_machine_are_run_again(chapter):
    one = chapter("1 + 1")
    assert go(one) == []
    running.record(one)
    one.executed.unlink()
    assert one_chapter.stale([one]) == [one]
    assert one_chapter.outdated([one]) == []


def test_a_run_leaves_the_committed_notebook_alone_until_it_is_recorded(chapter):
    one = chapter("print('seen')")
    before = one.path.read_bytes()
    assert go(one) == []
    assert one.path.read_bytes() == before
    assert one_chapter.outdated([one]) == [one]
    running.record(one)
    assert "seen" in str(one.read().cells[1].outputs)
    assert one_chapter.outdated([one]) == []
    assert one_chapter.stale([one]) == []


def test_a_second_run_writes_the_same_bytes(chapter):
    one = chapter("print('same')", "claim('One is one.', True, '1')")
    wrote = []
    for _ in range(2):
        go(one)
        wrote.append(re.sub(rb'"seconds": [0-9.]+', b"", one.executed.read_bytes()))  # a run may be just below or above five
    assert wrote[0] == wrote[1]


def test_a_claim_that_fails_stops_the_chapter_with_its_sentence_and_leaves_nothing(chapter):
    one = chapter("image = recipe.build()", "claim('The moon is a cheese.', False)", "recipe.down()")
    before = one.path.read_bytes()
    (failure,) = go(one)
    assert failure.chapter == "03-tiny"
    assert "The moon is a cheese." in failure.message
    assert one.path.read_bytes() == before
    assert not one.executed.exists()
    client = engine.connect()
    assert client.images.list(filters={"label": f"{labels.LABEL}.recipe=03-tiny"})
    leftovers.reap(client)
    assert client.images.list(filters={"label": f"{labels.LABEL}.recipe=03-tiny"}) == []


def test_a_failure_has_the_error_of_its_cell_and_not_the_old_one_of_a_later_cell(chapter):
    one = chapter("assert recipe.name, 'fine'", "raise ValueError('this is meant to fail')")
    notebook = one.read()
    notebook.cells[2].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, one.path)
    assert go(one) == []
    notebook = one.read()
    notebook.cells[1].source = "raise RuntimeError('this is not')"
    nbformat.write(notebook, one.path)
    (failure,) = go(one)
    assert failure.message == "this is not"


def test_a_failed_claim_comes_with_what_its_chapter_showed_last(chapter):
    printed = "\n".join(f"line {number}" for number in range(1, 21))
    fails = "claim('One is one.', True)\nclaim('The command ended well.', False)"
    (failure,) = go(chapter("print('long before')", f"print({printed!r})", fails))
    first, *rest = failure.message.splitlines()
    assert first == "✗ No longer true: The command ended well."
    assert [line.strip() for line in rest] == ["What it showed last:", *printed.splitlines()[-12:]]


def test_a_kernel_that_dies_is_reported_with_the_file_of_what_it_printed(chapter):
    (failure,) = go(chapter("import os; os.write(2, b'captured'); os._exit(1)"))
    assert "its kernel ended" in failure.message
    assert Path(failure.message.rpartition(": ")[2]).name == "03-tiny.log"


_RUN = """
import sys
from pathlib import Path
from book.chapters import chapter, running
chapter.EXECUTED = Path(sys.argv[1]).parent / "executed"
class Tiny(chapter.Chapter):
    @property
    def recipe(self): return chapter.Recipe(sys.argv[2])
running.run([Tiny(Path(sys.argv[1]))], 1, lambda *_: None)
"""


def test_what_a_kernel_prints_as_it_ends_is_not_on_the_terminal(chapter):
    noisy = "import atexit, os, sys; atexit.register(lambda: (print('Traceback', file=sys.__stderr__), sys.__stderr__.flush()))"
    one = chapter(noisy)
    command = [sys.executable, "-c", _RUN, one.path, one.recipe.path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_sigterm_ends_a_run_and_its_kernels(chapter, tmp_path):
    begun = tmp_path / "begun"
    one = chapter(f"import os, time; open({str(begun)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    run_of_it = subprocess.Popen([sys.executable, "-c", _RUN, one.path, one.recipe.path], cwd=ROOT)
    assert limits.wait_until(lambda: begun.exists() and begun.read_text() != "", 120)
    kernel = psutil.Process(int(begun.read_text()))
    run_of_it.terminate()
    assert run_of_it.wait(60) == 128 + signal.SIGTERM
    psutil.wait_procs([kernel], timeout=60)
    assert not kernel.is_running()
    assert not one.executed.exists()


def test_a_clean_clone_stays_clean(chapter):
    """The run of a chapter changes no file under git."""
    status = ["git", "status", "--porcelain"]
    before = subprocess.check_output(status, cwd=ROOT, text=True)
    one = chapter("recipe.build()", "recipe.down()")
    assert go(one) == []
    assert subprocess.check_output(status, cwd=ROOT, text=True) == before


def test_the_chapter_that_took_longest_begins_first_and_its_time_is_remembered(chapter, tmp_path):
    made = chapter("1 + 1")
    ones = []
    for name, seconds in (("01-short", 10), ("02-long", 9000)):
        notebook = made.read()
        notebook.metadata["book"] = {"seconds": seconds}
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        ones.append(type(made)(tmp_path / f"{name}.ipynb"))
    began = []
    assert running.run(ones, 1, lambda done, total, name: began.append(name)) == []
    assert list(dict.fromkeys(began)) == ["02-long", "01-short"]
    assert executed(ones[1]).metadata["book"]["seconds"] < 9000


def test_a_soak_runs_in_a_row_and_then_at_once_and_reports_what_is_left(chapter):
    good = chapter("recipe.build()", "recipe.down()")
    found = list(soak.rounds([good], 2, 2, 1, step))
    assert [each.name for each in found] == ["before", "1", "2", "2 at once"]
    assert [(each.failures, each.reaped) for each in found] == [((), 0)] * 4
    assert soak.grown(found) == []
    assert good.read().cells[1].outputs == []
    assert not good.executed.exists()


def test_a_soak_reports_what_a_round_did_not_remove_and_what_nothing_removed(chapter, request):
    careless = chapter("recipe.build()", "from book import engine; engine.connect().networks.create('book-soak-left')")
    request.addfinalizer(lambda: [one.remove() for one in engine.connect().networks.list(names=["book-soak-left"])])
    *_, last = found = list(soak.rounds([careless], 1, 0, 1, step))
    assert last.reaped > 0
    (sentence,) = soak.grown(found)
    assert sentence.startswith("The engine holds more than before: network ")


def test_a_soak_counts_the_chapters_that_fail(chapter):
    *_, last = soak.rounds([chapter("raise RuntimeError('no')")], 1, 0, 1, step)
    assert [failure.message for failure in last.failures] == ["no"]
