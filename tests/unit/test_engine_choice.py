"""Which engine is used: the one that the reader chose, or none."""

import hashlib
import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from book import engine
from book.commands import book as command
from book.commands import needs
from book.engine import client


class Answers(BaseHTTPRequestHandler):
    """As much of an engine as a client asks for before it is used."""

    def do_GET(self):
        body = b'{"ApiVersion": "1.47"}' if self.path.endswith("version") else b"OK"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "unix"

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(path):
    with socketserver.ThreadingUnixStreamServer(str(path), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{path}"
        server.shutdown()


@pytest.fixture
def usual(monkeypatch, tmp_path):
    """A machine on which an engine answers at a usual place, and nothing is chosen yet."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BOOK_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    with serving(tmp_path / "usual.sock") as host:
        monkeypatch.setattr(client, "_candidates", lambda: iter([host]))
        engine.connect.cache_clear()
        yield host
        engine.connect.cache_clear()


def context(folder, name, host):
    place = folder / "config/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))


def activate(folder, name):
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/config.json").write_text(json.dumps({"currentContext": name}))


def test_without_a_choice_an_engine_at_a_usual_place_is_used(usual, tmp_path):
    assert engine.address() == usual
    activate(tmp_path, "default")
    engine.connect.cache_clear()
    assert engine.address() == usual


def test_a_docker_host_that_does_not_answer_is_the_error(usual, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    with pytest.raises(engine.ChosenEngineMissing, match=r"unix:///nonexistent\.sock(.|\n)*DOCKER_HOST(.|\n)*unset DOCKER_HOST"):
        engine.connect()


def test_the_active_context_is_used_and_no_other_engine(usual, tmp_path):
    with serving(tmp_path / "mine.sock") as mine:
        context(tmp_path, "mine", mine)
        activate(tmp_path, "mine")
        assert engine.address() == mine
    engine.connect.cache_clear()
    (tmp_path / "mine.sock").unlink()
    with pytest.raises(engine.ChosenEngineMissing, match=r"mine\.sock(.|\n)*'mine'(.|\n)*config\.json(.|\n)*docker context use"):
        engine.connect()


def test_docker_context_comes_before_the_active_one_and_docker_host_before_both(usual, monkeypatch, tmp_path):
    context(tmp_path, "one", "unix:///one.sock")
    context(tmp_path, "two", "unix:///two.sock")
    activate(tmp_path, "one")
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    with pytest.raises(engine.ChosenEngineMissing, match=r"two\.sock(.|\n)*DOCKER_CONTEXT=two"):
        engine.connect()
    monkeypatch.setenv("DOCKER_HOST", usual)
    assert engine.address() == usual


def test_a_context_that_does_not_exist_is_named(usual, monkeypatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "nobody")
    with pytest.raises(engine.ChosenEngineMissing, match="DOCKER_CONTEXT=nobody"):
        engine.connect()


def test_a_process_stays_with_its_engine(usual, monkeypatch):
    first = engine.connect()
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    assert engine.connect() is first
    assert engine.variables() == {"DOCKER_HOST": usual}


def test_a_certificate_goes_along_with_the_context(usual, tmp_path, monkeypatch):
    context(tmp_path, "far", "tcp://far:2376")
    activate(tmp_path, "far")
    folder = tmp_path / "config/contexts/tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    folder.mkdir(parents=True)
    chosen = engine.choice.choice()
    assert chosen.certificates == {"DOCKER_CERT_PATH": str(folder), "DOCKER_TLS_VERIFY": "1"}


@pytest.mark.parametrize(("value", "used"), [("", True), ("off", False)])
def test_off_means_that_no_private_engine_is_used(monkeypatch, tmp_path, value, used):
    private = tmp_path / "private.sock"
    private.touch()
    monkeypatch.setattr(client, "PRIVATE_SOCKET", private)
    monkeypatch.setenv("BOOK_ENGINE", value)
    assert (f"unix://{private}" in client._candidates()) is used


def test_no_private_engine_is_started_instead_of_the_chosen_one(usual, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    monkeypatch.setattr(needs.daemon, "possible", lambda: None)
    monkeypatch.setattr(needs.daemon, "start", lambda bar: pytest.fail("a private engine was started"))
    with pytest.raises(engine.ChosenEngineMissing):
        needs.have_engine()


def test_the_book_is_not_built_from_old_outputs_if_the_chosen_engine_does_not_answer(monkeypatch):
    def missing(chapters):
        raise engine.ChosenEngineMissing("unix:///nonexistent.sock")

    monkeypatch.setattr(command, "everything_for", missing)
    monkeypatch.setattr(command, "_build_first", lambda: None)
    monkeypatch.setattr(command.chapter, "stale", lambda chapters: ["one"])
    monkeypatch.setattr(command.chapter, "chapters", lambda starting: ["one"])
    with pytest.raises(engine.ChosenEngineMissing):
        command._run([], 1)
