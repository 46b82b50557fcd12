import subprocess

import pytest

from book import notebook
from book.engine import ToolMissing
from book.measure import tool

LABELS = "--label=a=1 --label=b=2"


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setattr(notebook, "missing", lambda name: f"{name} is not here.")


@pytest.fixture
def docker(tmp_path):
    """Our `docker`, in front of one that repeats its arguments."""
    real, ours = tmp_path / "real", tmp_path / "docker"
    real.write_text('#!/bin/sh\necho "$@"\n')
    ours.write_text(tool._DOCKER.format(docker=real, labels=LABELS, run="a=1"))
    for program in (real, ours):
        program.chmod(0o755)
    return lambda *arguments: subprocess.check_output([ours, *arguments], text=True).strip()


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        ("run --rm x true", f"run {LABELS} --rm x true"),
        ("create x", f"create {LABELS} x"),
        ("build .", f"build {LABELS} ."),
        ("buildx build .", f"buildx build {LABELS} ."),
        ("network create x", f"network create {LABELS} x"),
        ("volume create x", f"volume create {LABELS} x"),
        ("buildx version", "buildx version"),
        ("network inspect x", "network inspect x"),
        ("ps -a -q --no-trunc", "ps --filter=label=a=1 -a -q --no-trunc"),
    ],
)
def test_what_a_tool_makes_through_docker_carries_our_labels(docker, asked, done):
    assert docker(*asked.split()) == done


def test_arguments_with_spaces_arrive_whole(docker):
    assert docker("run", "x", "sh", "-c", "a  b") == f"run {LABELS} x sh -c a  b"


def test_a_missing_tool_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr(tool, "_program", lambda name: None if name == "vagrant" else name)
    assert "make book" in tool.missing("vagrant")
    assert tool.missing("devcontainer") == ""


def test_without_docker_no_tool_can_be_run(monkeypatch):
    monkeypatch.setattr(tool, "_program", lambda name: None if name == "docker" else name)
    assert tool.missing("vagrant").startswith("docker is not on this machine")


def test_a_cell_that_needs_a_missing_tool_is_left_out(absent):
    assert "".join(notebook.without_tools(["# needs vagrant\n", "boom\n"])) == "from book import notebook\nnotebook.skip('vagrant')\n"


@pytest.mark.parametrize("cell", [[], ["x = 1\n"], ["# needs a rest, and then some\n", "x = 1\n"], ["x = 1\n", "# needs vagrant\n"]])
def test_other_cells_are_run_as_they_are(absent, cell):
    assert notebook.without_tools(cell) == cell


def test_a_cell_runs_where_its_tool_is_there(monkeypatch):
    monkeypatch.setattr(notebook, "missing", lambda name: "")
    assert notebook.without_tools(["# needs vagrant\n", "x = 1\n"]) == ["# needs vagrant\n", "x = 1\n"]


def test_the_page_says_why(absent, monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    notebook.skip("vagrant")
    assert "Not run here: vagrant is not here." in capsys.readouterr().out


def test_in_ci_nothing_is_left_out(absent, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ToolMissing, match="vagrant is not here"):
        notebook.skip("vagrant")


def test_a_page_shows_nothing_that_is_another_at_each_run(tmp_path):
    said = (
        f"\x1b[1mVolume: {tmp_path}:/vagrant\x1b[0m\r\n    default: #5 [2/6] RUN x\n    default:\n"
        f"[2026-11-24T06:10:11.996Z] Image: sha256:{'ab12' * 16}\nRunning: {tool._place().name}/tmp/x.sh\n"
    )
    assert tool._plain(said, tmp_path) == "Volume: .:/vagrant\nImage: …\nRunning: …"


def test_a_page_shows_no_progress_of_a_build(tmp_path):
    said = "==> default: Building\n    default: #9 4.2 (Reading database ... \r(Reading database ... 5%\r\n"
    said += "    default: 80%\n    default: disk 80% full\n"
    assert tool._plain(said, tmp_path) == "==> default: Building\n    default: disk 80% full"
