"""What chapter 9 says of its smallest image rests on single lines: break one, and the sentence is false."""

import pytest

from book import Recipe
from book.stack import StackFailed

# A thread that goes on while the program ends: Python ends it, and glibc opens libgcc_s for that.
ENDS_A_THREAD = """
import threading, time
def work():
    while True:
        time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""
AS_IN_CHAPTER_3 = ("app/echo.py", "slim.Dockerfile", "requirements.txt", "pyproject.toml", "poetry.lock", "production.txt")


@pytest.fixture
def recipe():
    return Recipe("09-how-small").copy()


def edit(recipe, file, old, new):
    text = recipe.read(file)
    assert text.count(old) == 1, f"{file} has not one: {old}"
    (recipe.path / file).write_text(text.replace(old, new))


def test_a_health_check_in_shell_form_fails_where_there_is_no_shell(recipe):
    edit(recipe, "small.Dockerfile", 'CMD ["python", "healthy.py"]', "--interval=1s --retries=1 --start-period=1s CMD python healthy.py")
    edit(recipe, "small.Dockerfile", " --start-period=30s", "")
    with pytest.raises(StackFailed, match="/bin/sh"):
        recipe.up()


@pytest.mark.parametrize("named", [True, False])
def test_glibc_cannot_end_a_thread_without_a_library_that_no_file_names(recipe, named):
    if not named:
        edit(recipe, "libraries.py", 'Path("/lib").glob("*/libgcc_s.so.1")', "()")
    image = recipe.build("small.Dockerfile", LIBC="glibc", STEP="bare")
    ended = image.run("python", "-c", ENDS_A_THREAD)
    assert ("libgcc_s" in ended.text) != named, ended.text
    assert ended.exit_code == 0 or not named  # without it, the main thread may end well before the other one ends all


@pytest.mark.parametrize("file", AS_IN_CHAPTER_3)
def test_what_is_compared_is_what_chapter_3_builds(file):
    assert Recipe("09-how-small").read(file) == Recipe("03-smaller-images").read(file)
