"""Each way in which a command can do something else than its page shows is found. No engine needed."""

import json
import os
import socket
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import page
import pytest
from page import CURLRC, Answer, NoCommands, Outcome, Shown, differences, read, report, run
from shell import Result, TookTooLong, opened

from book.chapters.chapter import chapters

BUILD = Shown("docker build --tag slim .", "", "slim", Outcome(0, size=50_000_000))
ASK = Shown("curl http://127.0.0.1:5000/hello", "", "", Outcome(0, Answer(200, "echo: hello\n")))
UP = Shown("docker compose up --detach --wait", "", "", Outcome(0, states={"app": "healthy", "migration": "exited (0)"}))
DOCKER = """#!/bin/sh
case "$1" in
build) exit "${BUILD:-0}" ;;
history) printf '%s\\n' 0 20480 "${SIZE:-49979520}" ;;
ps) printf 'migration\\texited\\tExited (0) 2 seconds ago\\napp\\trunning\\tUp 3 seconds (%s)\\n' "${HEALTH:-healthy}" ;;
esac
"""


@pytest.fixture
def shell(tmp_path):
    """A shell with a `docker` that prints what the real one prints."""
    for name in ("home", "notes", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "home/.curlrc").write_text(CURLRC)
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    variables = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path / "home")}
    with opened(tmp_path, tmp_path / "notes", variables) as one:
        yield one


@pytest.fixture
def written(tmp_path):
    def write(*entries):
        outputs = [{"output_type": "display_data", "metadata": {"terminal": list(entries)}, "data": {}}] if entries else []
        notebook = tmp_path / "03-page.ipynb"
        notebook.write_text(json.dumps({"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}))
        return notebook

    return write


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path == "/nothing" else 200)
        self.end_headers()
        self.wfile.write(f"echo: {self.path[1:]}\n".encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def serve(port):
    """Serve on the port after some seconds, as an application that is still starting."""
    servers = []

    def start(after=0.0):
        def work():
            time.sleep(after)
            servers.append(HTTPServer(("127.0.0.1", port), Hello))
            servers[0].serve_forever()

        threading.Thread(target=work, daemon=True).start()

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def differ(shown, shell):
    return differences(shown, run(shown, shell)[0])


def test_a_shell_keeps_its_folder_and_its_variables(shell, tmp_path):
    assert shell.run("mkdir inner && cd inner; WHO=you").exit == 0
    assert shell.run('pwd; echo "$WHO"').stdout == f"{tmp_path / 'inner'}\nyou\n"


@pytest.mark.parametrize(
    ("command", "code", "printed"),
    [("exit 3", 3, ""), ("(exit 3)", 3, ""), ("no-such-program", 127, ""), ("echo \\\n  a", 0, "a\n"), ("cat", 0, "")],
)
def test_a_command_gives_its_exit_code_and_its_output(shell, command, code, printed):
    came = shell.run(command)
    assert (came.exit, came.stdout) == (code, printed)


def test_a_command_that_is_not_complete_does_not_end_the_shell(shell):
    assert shell.run("echo 'open").exit != 0
    assert shell.run("echo closed").stdout == "closed\n"


def test_a_command_that_takes_too_long_is_ended_and_named(shell):
    with pytest.raises(TookTooLong, match="`sleep 100` did not end within 1 seconds"):
        shell.run("sleep 100", limit=1)


def test_a_command_that_does_what_the_page_shows_differs_in_nothing(shell, serve, port):
    serve(after=1.5)
    for shown in (BUILD, UP, replace(ASK, command=f"curl http://127.0.0.1:{port}/hello")):
        assert differ(shown, shell) == []


def test_another_exit_code_is_found(shell):
    shell.run("export BUILD=1")
    assert "exit code: the page shows 0, and here it is 1" in differ(BUILD, shell)
    fails = replace(BUILD, image="", outcome=Outcome(1))
    assert differ(fails, shell) == []
    shell.run("unset BUILD")
    assert differ(fails, shell) == ["exit code: the page shows 1, and here it is 0"]


def test_another_answer_is_found(shell, serve, port):
    serve()
    asked = replace(ASK, command=f"curl http://127.0.0.1:{port}/word")
    assert differ(asked, shell) == [r"answer: the page shows 200 'echo: hello', and here it is 200 'echo: word'"]
    asked = replace(ASK, command=f"curl http://127.0.0.1:{port}/nothing", outcome=Outcome(0, Answer(200, "echo: nothing")))
    assert differ(asked, shell) == ["answer: the page shows 200 'echo: nothing', and here it is 404 'echo: nothing'"]


def test_no_answer_is_found(shell, port, monkeypatch):
    asked = replace(ASK, command=f"curl http://127.0.0.1:{port}/hello")
    quick = shell.connect
    monkeypatch.setattr(shell, "connect", lambda command: quick(command, seconds=1))
    exit_code, answer = differ(asked, shell)
    assert exit_code == "exit code: the page shows 0, and here it is 7"
    assert answer.endswith("and here it is no answer")


def test_no_answer_can_be_what_the_page_shows(shell, port):
    asked = Shown(f"curl http://127.0.0.1:{port}/", "", "", Outcome(52))
    assert differ(asked, shell) == [], "whether a connection is refused or reset depends on the engine's proxy"


def test_of_a_long_answer_the_end_is_compared():
    here = Outcome(0, Answer(200, "a" * 3000 + "z\n"))
    assert differences(replace(ASK, outcome=Outcome(0, Answer(200, "a" * 1998 + "z\n"))), here) == []
    assert differences(replace(ASK, outcome=Outcome(0, Answer(200, "b" * 1998 + "z\n"))), here) != []


def test_a_secret_that_the_page_hides_can_be_any_text():
    shown = replace(ASK, outcome=Outcome(0, Answer(200, "password: •••, user: me")))
    assert differences(shown, Outcome(0, Answer(200, "password: canary, user: me"))) == []
    assert differences(shown, Outcome(0, Answer(200, "password: canary, user: you"))) != []


def test_another_size_is_found(shell):
    assert differ(BUILD, shell) == []
    shell.run("export SIZE=51000000")
    assert differ(BUILD, shell) == ["size of slim: the page shows 50,000,000 bytes, and here it is 51,020,480"]
    assert differences(BUILD, run(BUILD, shell)[0], sizes=False) == []


def test_an_image_without_a_size_is_found():
    assert differences(BUILD, Outcome(0)) == ["size of slim: the page shows 50,000,000 bytes, and here it is 0"]


def test_another_state_is_found(shell, monkeypatch):
    monkeypatch.setattr(page, "STATE_SECONDS", 0.5)
    shell.run("export HEALTH=unhealthy")
    assert differ(UP, shell) == ["state of app: the page shows healthy, and here it is unhealthy"]
    other = replace(UP, outcome=Outcome(0, states={"migration": "exited (1)", "database": "running"}))
    assert differ(other, shell) == [
        "state of migration: the page shows exited (1), and here it is exited (0)",
        "state of database: the page shows running, and here it is absent",
    ]


def test_the_pages_that_are_typed_are_those_of_the_rewritten_chapters():
    shown = {one.name for one in chapters() if one.read().metadata.get("commands_first")}
    assert {"03-smaller-images", "06-wait-until-ready"} <= shown


def test_a_page_without_outputs_is_an_error(written):
    with pytest.raises(NoCommands, match=r"03-page.ipynb shows no commands: run the chapter"):
        read(written())
    with pytest.raises(NoCommands, match="does not say how this ended: docker build"):
        read(written({"command": "docker build .", "folder": ""}))


def test_the_commands_of_a_page_are_read_in_order(written):
    built = {"command": BUILD.command, "folder": "", "exit": 0, "image": "slim", "size": 50_000_000}
    asked = {"command": ASK.command, "folder": "", "exit": 0, "answer": {"status": 200, "text": "echo: hello\n"}}
    up = {"command": UP.command, "folder": "app", "exit": 0, "states": {"app": "healthy", "migration": "exited (0)"}}
    assert read(written(built, asked, up)) == [BUILD, ASK, replace(UP, folder="app")]


def test_the_message_names_the_page_the_command_and_what_came():
    found = differences(ASK, Outcome(0, Answer(500, "no database")))
    words = report("06-wait", 4, replace(ASK, folder="app"), found, Result(0, "no database\n", ""))
    assert words.splitlines() == [
        "06-wait, command 4 (in app): $ curl http://127.0.0.1:5000/hello",
        "  answer: the page shows 200 'echo: hello', and here it is 500 'no database'",
        "It printed last:",
        "no database",
    ]
