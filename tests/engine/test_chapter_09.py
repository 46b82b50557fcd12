"""If one line of the smallest image of chapter 9 is broken, its claims fail."""

import pytest
from docker.errors import ContainerError

from book import Recipe, engine
from book.engine import leftovers
from book.measure.service import StackFailed

# Threads that still run when the program ends: Python ends them, and glibc opens libgcc_s for that.
ENDS_A_THREAD = """
import threading, time
def work():
    while True:
        time.sleep(0.001)
for _ in range(20):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.5)
"""
AS_IN_CHAPTER_3 = ("app/echo.py", "slim.Dockerfile", "requirements.txt", "pyproject.toml", "poetry.lock", "production.txt")


@pytest.fixture
def recipe():
    return Recipe("09-how-small").copy()


def edit(recipe, file, old, new):
    text = recipe.read(file)
    assert text.count(old) == 1, f"{file} has not one: {old}"
    (recipe.path / file).write_text(text.replace(old, new))


def test_a_health_check_in_shell_form_fails_without_a_shell(recipe):
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
def test_the_compared_files_are_those_of_chapter_3(file):
    assert Recipe("09-how-small").read(file) == Recipe("03-smaller-images").read(file)


def test_from_another_container_only_the_same_user_can_read_its_files(recipe):
    def files_for(user):
        beside = {
            "pid_mode": f"container:{container}",
            "network_mode": f"container:{container}",
            "labels": leftovers.labels("09"),
            "remove": True,
        }
        return engine.connect().containers.run("python:3.13-alpine", ["ls", "/proc/1/root/app"], user=user, **beside).decode()

    with recipe.up() as stack:
        container = stack.service("echo-service").container
        assert "echo.py" in files_for("1000:1000")
        with pytest.raises(ContainerError, match="Permission denied"):
            files_for("0:0")


def test_without_its_tmpfs_it_cannot_write(recipe):
    edit(recipe, "compose.yaml", "    tmpfs: [/tmp]\n", "")
    with recipe.up() as stack:
        tried = stack.exec("echo-service", "python", "-c", "open('/tmp/scratch', 'w')")
    assert "Read-only file system" in tried.text
