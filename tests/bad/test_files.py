"""Folders and files that git cannot or should not store: each gives a clear message, and nothing hangs."""

import os
import signal
import socket
from itertools import pairwise

import pytest

from book import Recipe
from book.files.compose import NotRead, _unfolded
from book.measure import classic, image
from book.measure.builder import BuildFailed
from book.recipe import RecipeError
from book.show import listing
from book.trouble import Trouble

BASE = "FROM python:3.13-alpine\n"
SERVICE = "services: {web: {image: 'python:3.13-alpine', command: sleep 60, init: true}}\n"


@pytest.fixture(autouse=True)
def in_time():
    """Fail a test that waits at a pipe."""

    def enough(*_: object) -> None:
        raise AssertionError("It hangs.")

    before = signal.signal(signal.SIGALRM, enough)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "kitchen"
    folder.mkdir()
    yield folder
    Recipe(folder).down()


@pytest.fixture
def odd(folder):
    """A recipe with entries that are neither files nor folders."""
    os.mkfifo(folder / "pipe")
    (folder / "gone").symlink_to("nowhere")
    (folder / "round").symlink_to("round")
    (folder / "itself").symlink_to(".")
    (folder / "endless").symlink_to("/dev/zero")
    (folder / "app.py").write_text("print()\n")
    (folder / "Dockerfile").write_text(BASE + "COPY app.py /\n")
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket may have about a hundred characters only
    line = socket.socket(socket.AF_UNIX)
    line.bind("socket")
    os.chdir(here)
    yield Recipe(folder)
    line.close()


def refused(does, *words):
    with pytest.raises(Trouble) as trouble:
        does()
    (page,) = trouble.value._render_traceback_()
    assert [word for word in words if word not in page] == []
    return page


def test_an_empty_folder(folder):
    recipe = Recipe(folder)
    for does in (recipe.build, recipe.up, recipe.check):
        refused(does, "kitchen has no file", "nothing, it is empty")
    assert (recipe.files(), recipe.bases()) == ((), ())


def test_a_folder_that_cannot_be(tmp_path):
    for name in ("x" * 5000, "a\0b", tmp_path / "nobody"):
        refused(lambda name=name: Recipe(name), "There is no recipe folder", "03-smaller-images")


@pytest.mark.parametrize("file", ["x" * 5000, "a\0b", "nobody", "folder", "pipe"])
def test_a_file_that_cannot_be(folder, file):
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "main.py").touch()
    refused(lambda: Recipe(folder).read(file), "kitchen has no file", "main.py")


def test_a_file_that_is_missing_among_many_names_but_some(folder):
    for number in range(100):
        (folder / f"{number:03}.txt").touch()
    page = refused(lambda: Recipe(folder).read("nobody"), "000.txt", "and 80 more")
    assert "099.txt" not in page


@pytest.mark.parametrize("link", [True, False])
def test_what_leads_out_of_the_folder_is_not_read(folder, link):
    secret = folder.parent / "secret.txt"
    secret.write_text("a password")
    if link:
        (folder / "notes.txt").symlink_to(secret)
    name = "notes.txt" if link else "../secret.txt"
    page = refused(lambda: listing(Recipe(folder), name), f"{name} leads out of the folder kitchen", "copy")
    assert "password" not in page


def test_a_link_inside_the_folder_is_read(folder):
    (folder / "one.txt").write_text("text")
    (folder / "two.txt").symlink_to("one.txt")
    assert Recipe(folder).read("two.txt") == "text"


def test_a_file_of_five_megabytes(folder):
    (folder / "compose.yaml").write_text(SERVICE + "# and so on\n" * 450_000)
    for does in (Recipe(folder).check, Recipe(folder).up, Recipe(folder).bases):
        refused(does, "compose.yaml has 5.4 MB", "at most 1")


@pytest.mark.parametrize(
    ("text", "line"),
    [(BASE.encode("utf-16"), 1), ((BASE + "# Grüße\n").encode("latin-1"), 2), ((BASE * 2).encode() + b"\xff\n", 3)],
)
def test_what_is_not_utf_8_is_named_with_its_line(folder, text, line):
    (folder / "Dockerfile").write_bytes(text)
    refused(Recipe(folder).build, f"Dockerfile, line {line}, is not text in UTF-8", "save it")


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_text(folder):
    (folder / "Dockerfile").write_bytes("\ufeffFROM a:1\r\nRUN true\r\n".encode())
    recipe = Recipe(folder)
    assert recipe.read("Dockerfile") == "FROM a:1\nRUN true\n"
    assert recipe.bases() == ("a:1",)


def test_nesting_beyond_measure(folder):
    """Compose ends it at ten thousand; a parser before it needed minutes for a megabyte of them, and one that makes a tree broke."""
    for many in (2_000, 450_000):
        (folder / "compose.yaml").write_text(f"services: {{web: {{image: x, labels: {'[' * many}{']' * many}}}}}\n")
        assert Recipe(folder).bases() == ()
        refused(Recipe(folder).up, "compose.yaml is not read: it nests values too deeply", "Take some levels out")
    (folder / "compose.yaml").rename(folder / "deep.yaml")
    (folder / "compose.yaml").write_text("include: [deep.yaml]\n")
    refused(Recipe(folder).up, "compose.yaml is not valid", "nests values too deeply")


def test_a_bomb_is_not_handed_to_compose(folder, monkeypatch):
    """Compose itself unfolds it until the memory of the machine is full."""
    monkeypatch.setattr("book.files.compose.tool", lambda *_, **__: pytest.fail("Compose was asked"))
    names = "abcdefghij"
    lines = ["x-a: &a [ha, ha]", *(f"x-{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(names))]
    long = f"x-a: &a {'ha' * 10_000}\nx-b: [{', '.join(['*a'] * 1000)}]"
    for text in ("\n".join(lines), long):
        (folder / "compose.yaml").write_text(f"{text}\n{SERVICE}")
        for does in (Recipe(folder).check, Recipe(folder).up):
            with pytest.raises(NotRead, match=r"compose.yaml is not read: its aliases unfold.*Take some of them out"):
                does()
    assert _unfolded("\n".join(lines)) > 10**8


def test_a_reading_without_end_is_ended(folder, monkeypatch):
    """An included file may be a bomb, too: that one is met by the limit."""
    monkeypatch.setattr("book.files.compose._READ_SECONDS", 0)
    (folder / "compose.yaml").write_text(SERVICE)
    refused(Recipe(folder).up, "compose.yaml: docker compose did not read it within", "Take parts out")


def test_pipes_sockets_and_links_in_a_folder_hold_nothing_up(odd):
    assert odd.build().run("ls", "/app.py").exit_code == 0
    assert "app.py" in {path.name for path in odd.files()}
    assert odd.digest()
    twin = odd.copy()
    assert not (twin.path / "pipe").exists()
    assert (twin.path / "gone").is_symlink()
    assert twin.read("app.py") == "print()\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_in_a_folder_is_neither_read_nor_copied(folder):
    os.mknod(folder / "zeros", 0o666 | 0o020000, os.makedev(1, 5))
    (folder / "Dockerfile").write_text(BASE)
    recipe = Recipe(folder)
    assert not (recipe.copy().path / "zeros").exists()
    assert recipe.build().size
    refused(lambda: recipe.read("zeros"), "kitchen has no file zeros")


@pytest.mark.parametrize("what", ["pipe", "folder", "latin"])
def test_an_ignore_file_that_is_none(folder, what):
    path = folder / ".dockerignore"
    {"pipe": lambda: os.mkfifo(path), "folder": path.mkdir, "latin": lambda: path.write_bytes(b"gr\xfc\xdfe\n")}[what]()
    (folder / "Dockerfile").write_text(BASE)
    refused(Recipe(folder).build, ".dockerignore")


def test_a_context_beyond_measure_is_not_sent(folder, monkeypatch):
    """BuildKit is sent what the Dockerfile copies; the SDK copies the whole folder first."""
    monkeypatch.setattr(classic, "_LARGEST_CONTEXT", 1_000_000)
    (folder / "Dockerfile").write_text(BASE)
    (folder / "data.bin").touch()
    os.truncate(folder / "data.bin", 50_000_000_000)  # a hole: it takes no place until it is copied
    assert Recipe(folder).build().size
    monkeypatch.setattr(image, "has_buildkit", lambda: False)
    refused(Recipe(folder).build, "Dockerfile is not built", "most of it in data.bin", ".dockerignore")
    (folder / ".dockerignore").write_text("# large\n*.bin\n")
    assert Recipe(folder).build().size


@pytest.mark.parametrize("name", ["Müsli mit Äpfeln", "世界", "-x", "UPPER.case", "a `b` <b>c"])
def test_a_folder_may_have_any_name(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "Dockerfile").write_text(BASE)
    (tmp_path / name / "compose.yaml").write_text(SERVICE)
    recipe = Recipe(tmp_path / name)
    try:
        assert recipe.build().name == name
        with recipe.up() as stack:
            assert stack.service("web").state == "running"
    finally:
        recipe.down()


def test_an_argument_may_have_any_value(folder):
    (folder / "Dockerfile").write_text("ARG BASE\nFROM $BASE\nARG WHO\nRUN echo $WHO > /who\n")
    built = Recipe(folder).build(BASE="python:3.13-alpine", WHO="you & me, ümläut")
    assert built.run("cat", "/who").text == "you & me, ümläut\n"


def test_a_variable_may_be_a_number(folder):
    (folder / "compose.yaml").write_text(SERVICE.replace("sleep 60", "sleep $SECONDS"))
    assert Recipe(folder).check(SECONDS=60).error == ""
    with Recipe(folder).up(SECONDS=60) as stack:
        assert stack.service("web").command.endswith("sleep 60")


def test_a_stage_that_is_not_there(folder):
    (folder / "Dockerfile").write_text(BASE)
    with pytest.raises(BuildFailed, match="No stage has that name"):
        Recipe(folder).build(target="nobody")


def test_a_page_of_empty_lines_is_searched_at_once(folder):
    """It took hours."""
    (folder / "compose.yaml").write_text("a:\n" + "\n" * 900_000)
    (folder / "Dockerfile").write_text("FROM" + " \n" * 400_000 + "FROM" + " " * 100_000)
    assert Recipe(folder).bases() == ()


def test_recipe_errors_are_troubles():
    assert issubclass(RecipeError, Trouble)
