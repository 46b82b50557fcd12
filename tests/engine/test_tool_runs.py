import os
import subprocess

import pytest

from book import engine
from book.engine import labels
from book.measure import tool

ALPINE = "python:3.13-alpine"


def test_what_a_tool_creates_has_our_label(tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {ALPINE}\nRUN echo tool > /tool\n")
    made = tool.run(tmp_path, "x", "sh", "-c", f"docker run --detach --init {ALPINE} sleep 300 && docker build --tag book-test-tool .")
    assert made.exit_code == 0
    client, label = engine.connect(), {"label": f"{labels.LABEL}={labels.RUN}"}
    assert len(client.containers.list(ignore_removed=True, filters=label)) == 1
    assert [image.tags for image in client.images.list(filters=label)] == [["book-test-tool:latest"]]


def test_it_sees_the_containers_of_this_run_only(tmp_path):
    client = engine.connect()
    others = client.containers.create(ALPINE)
    try:
        done = tool.run(tmp_path, "x", "sh", "-c", f"docker create {ALPINE}; docker ps --all --quiet --no-trunc")
        ours, *listed = done.text.split()
        assert listed == [ours]
    finally:
        others.remove()


def test_it_uses_the_engine_in_use_and_writes_nothing_to_the_folder(tmp_path):
    done = tool.run(
        tmp_path, "x", "sh", "-c", 'echo "$DOCKER_HOST $EXTRA"; touch "$VAGRANT_HOME/x" "$TMPDIR/x"', environment={"EXTRA": "1"}
    )
    assert done.text == f"{engine.address()} 1\n"
    assert list(tmp_path.iterdir()) == []


def test_its_exit_code_and_errors_are_returned(tmp_path):
    done = tool.run(tmp_path, "x", "sh", "-c", "echo no >&2; exit 3")
    assert (done.exit_code, done.text) == (3, "no\n")


def test_after_its_limit_it_is_ended_with_all_that_it_started(tmp_path):
    long = 1_000_000 + os.getpid()  # another run may have such a test at the same time
    with pytest.raises(tool.NotInTime, match=r"within 5 seconds(?s:.*)at work"):
        tool.run(tmp_path, "x", "sh", "-c", f"echo at work; sleep {long} & sleep {long}", limit=5)
    assert f"sleep\0{long}" not in subprocess.check_output("cat /proc/[0-9]*/cmdline 2>/dev/null || true", shell=True, text=True)


def test_a_missing_tool_is_named(tmp_path):
    with pytest.raises(engine.ToolMissing, match="book-no-such-tool is not on this machine"):
        tool.run(tmp_path, "x", "book-no-such-tool")
