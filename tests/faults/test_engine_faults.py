"""The engine is missing, not ours to use, breaks while it works, or its tools are wrong: the message that a reader gets."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest

from book import engine
from book.offline import daemon
from book.places import ROOT

PREFLIGHT = """
import argparse, sys
from book import engine
from book.commands import book, run
def check(options):
    print(engine.preflight()); return 0
book.run = check
sys.exit(run.run(argparse.Namespace(command="book")))
"""
NO_OTHERS = "from book.engine import client; client._candidates = lambda: iter(());"


def ask(code, user=None, **variables):
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "BOOK_ENGINE": "off", **variables}
    return subprocess.run([*as_user, sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_engine_that_the_reader_chose_does_not_answer():
    done = ask(PREFLIGHT, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 1
    assert "The Docker engine at unix:///nowhere/docker.sock does not answer" in done.stderr
    assert "It was chosen by DOCKER_HOST, so no other engine is used." in done.stderr
    assert "Traceback" not in done.stderr


def test_no_engine():
    done = ask(NO_OTHERS + PREFLIGHT, DOCKER_HOST="", DOCKER_CONTEXT="default")
    assert done.returncode == 1
    assert "No Docker engine answers" in done.stderr
    assert "set DOCKER_HOST" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_that_accepts_a_connection_and_does_not_respond(tmp_path):
    place = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(place))
        line.listen()
        done = ask(NO_OTHERS + "client._PING_SECONDS = 2;" + PREFLIGHT, DOCKER_HOST=f"unix://{place}")
    assert done.returncode == 1
    assert "it accepts the connection but does not respond within 2 seconds: restart it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can only be tried by root")
def test_no_permission_for_the_socket(tmp_path):
    place = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(place))
        line.listen()
        place.chmod(0o600)
        for folder in (tmp_path, *tmp_path.parents[:3]):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)
        done = ask(NO_OTHERS + PREFLIGHT, user=65534, DOCKER_HOST=f"unix://{place}")
    assert done.returncode == 1
    assert "no permission for the socket: join its group, or run as root" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can only be tried by root")
def test_the_private_engine_of_another_user_is_passed_over():
    """Its folder is closed to all others: to look into it is no error."""
    code = "from pathlib import Path; from book.engine import client; client.PRIVATE_SOCKET = Path('/root/closed/docker.sock');"
    done = ask(code + "print(list(client._candidates()))", user=65534)
    assert done.returncode == 0, done.stderr


def plugin(folder, name, text):
    folder.mkdir(exist_ok=True)
    program = folder / f"docker-{name}"
    program.write_text(text)
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "program", "words"),
    [
        ("compose", None, "docker-compose is missing: install Docker's compose plugin"),
        ("buildx", None, "docker-buildx is missing: install Docker's buildx plugin"),
        ("compose", "#!/bin/sh\necho Docker Compose version v2.20.3\n", "compose 2.20.3 is too old: the book wants 2.24.4 or newer"),
        ("buildx", "#!/bin/sh\necho github.com/docker/buildx v0.12.1 3\n", "buildx 0.12.1 is too old: Compose wants 0.17 or newer"),
        ("compose", "#!/bin/sh\necho gibberish\n", "docker-compose does not say its version: gibberish"),
        ("buildx", "not a program\0\0", "docker-buildx does not run"),
    ],
)
def test_a_plugin_is_missing_or_too_old_or_broken(tmp_path, own, name, program, words):
    for good in ("compose", "buildx"):
        plugin(tmp_path, good, f"#!/bin/sh\necho {good} v99.0.0\n")
    if program:
        plugin(tmp_path, name, program)
    else:
        (tmp_path / f"docker-{name}").unlink()
    code = f"from pathlib import Path; from book.engine import plugins; plugins._PLUGIN_FOLDERS = ({str(tmp_path)!r},);"
    code += "plugins.HOME = Path('/nowhere'); plugins.sysconfig.get_path = lambda name: '/nowhere';"
    done = own.python(code + PREFLIGHT, PATH="/nowhere")
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


NO_STAND_IN = """
import argparse, sys
from book.commands import book, run
from book.offline import bases, stand_ins
from book.progress import step
def refuse(*_): raise stand_ins.NoStandIn("a stand-in is left out here")
stand_ins.build = refuse
def pull(options):
    with step("Base images") as bar: bases.ensure([sys.argv[1]], bar)
    return 0
book.run = pull
sys.exit(run.run(argparse.Namespace(command="book")))
"""


def test_no_network(own):
    done = own.python(NO_STAND_IN, "python:3.12-slim")
    assert done.returncode == 1
    assert "python:3.12-slim: cannot be pulled" in done.stderr
    assert "The registry cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


REGISTRY = """
import hashlib, http.server, json, os, sys, time
layer = os.urandom(100)
layers = {"type": "layers", "diff_ids": ["sha256:" + 64 * "1"]}
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": layers}).encode()
name = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
kind = "application/vnd.docker."
manifest = json.dumps({"schemaVersion": 2, "mediaType": kind + "distribution.manifest.v2+json",
    "config": {"mediaType": kind + "container.image.v1+json", "size": len(config), "digest": name(config)},
    "layers": [{"mediaType": kind + "image.rootfs.diff.tar.gzip", "size": 10_000_000, "digest": name(layer)}]}).encode()
class Dying(http.server.BaseHTTPRequestHandler):
    default_request_version = "HTTP/1.0"  # so that an engine that first tries TLS sees at once that there is none
    def do_HEAD(self): self.do_GET()
    def do_GET(self):
        body, kind_of = b"{}", "application/json"
        if "manifests" in self.path: body, kind_of = manifest, kind + "distribution.manifest.v2+json"
        if name(config) in self.path: body = config
        big = name(layer) in self.path
        self.send_response(200)
        self.send_header("Content-Type", kind_of)
        self.send_header("Content-Length", str(10_000_000 if big else len(body)))
        self.send_header("Docker-Content-Digest", name(manifest))
        self.end_headers()
        if self.command == "GET": self.wfile.write(layer if big else body)
        if big:
            self.wfile.flush()
            os._exit(1) if sys.argv[1] == "dies" else time.sleep(600)  # in mid-layer
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 5055), Dying)
print("ready", flush=True)
server.serve_forever()
"""


def test_the_registry_dies_in_mid_pull(make_engine):
    one = make_engine(load=False, **{"max-download-attempts": 1})
    registry = one.popen(REGISTRY, "dies")
    assert registry.stdout.readline() == "ready\n"
    before = one.holds()
    done = one.python(NO_STAND_IN, "127.0.0.1:5055/dying:1")
    assert registry.wait(60) == 1
    assert done.returncode == 1
    assert "127.0.0.1:5055/dying:1: cannot be pulled" in done.stderr
    assert "The registry cannot be reached, or broke off" in done.stderr
    assert "Traceback" not in done.stderr
    assert one.holds() == before


def test_the_registry_falls_silent_in_mid_pull(own):
    """The SDK has no limit of its own here."""
    registry = own.popen(REGISTRY, "hangs")
    assert registry.stdout.readline() == "ready\n"
    try:
        done = own.python("from book.engine import client; client._SILENT_SECONDS = 4" + NO_STAND_IN, "127.0.0.1:5055/hanging:1")
    finally:
        registry.kill()
        registry.wait(60)
    assert done.returncode == 1
    assert "127.0.0.1:5055/hanging:1: cannot be pulled" in done.stderr
    assert "The registry cannot be reached, or broke off" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_engine_falls_silent_in_mid_chapter(own, chapter, until, tmp_path):
    quick = "from book.engine import client; client._SILENT_SECONDS = 10"
    up, silent = tmp_path / "up", tmp_path / "silent"
    pause = f"import pathlib, time; pathlib.Path({str(up)!r}).touch()\nwhile not pathlib.Path({str(silent)!r}).exists(): time.sleep(0.1)"
    run = chapter(own, quick, "stack = recipe.up()", pause, "stack.logs('web')", "stack.down()")
    until(up.exists)
    own.send(signal.SIGSTOP)
    silent.touch()
    try:
        _, complained = run.communicate(timeout=300)
    finally:
        own.send(signal.SIGCONT)
    assert run.returncode == 1
    assert "03-tiny: The Docker engine did not answer in time. See whether `docker info` answers; restart the engine if not" in complained
    assert "Traceback" not in complained


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "restarted"])
def test_the_engine_restarts_in_mid_chapter(make_engine, chapter, until, how, tmp_path):
    one, up = make_engine(), tmp_path / "up"
    before = one.holds()
    began = f"import pathlib; pathlib.Path({str(up)!r}).touch()"
    run = chapter(one, "stack = recipe.up()", began, "stack.exec('web', 'sleep', '300')", "stack.down()")
    until(up.exists)
    one.stop(how)
    said, complained = run.communicate(timeout=300)
    one.start()
    assert run.returncode == 1
    assert "The Docker engine" in complained + said
    assert "Traceback" not in complained
    assert one.after_next_run() == before


def test_the_disk_is_full(make_engine, tmp_path, recipe):
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as file:
        file.truncate(300 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True)
    one = make_engine(disk=disk)
    before = one.holds()
    folder = recipe(
        Dockerfile="FROM python:3.13-alpine\nRUN dd if=/dev/zero of=/big bs=1M count=400\n",
        compose="services:\n  web:\n    build: .\n",
    )
    for ask_for in ("recipe.build()", "recipe.up()"):
        done = one.python(f"from book import Recipe; recipe = Recipe({str(folder)!r}); {ask_for}")
        assert done.returncode == 1
        assert "The disk of the engine is full: `docker system df`" in done.stderr
    assert one.after_next_run() == before


def test_what_builds_and_logs_keep_is_bounded(make_engine, recipe, until):
    """The private engine's own settings, with smaller figures in them."""
    settings = json.loads(json.dumps(daemon.SETTINGS).replace('"10GB"', '"20MB"').replace('"10m"', '"100k"'))
    assert settings["builder"] != daemon.SETTINGS["builder"]
    assert settings["log-opts"] != daemon.SETTINGS["log-opts"]
    one = make_engine(**settings)
    before = one.holds()
    kept = 10 << 20
    step = f"RUN --mount=type=tmpfs,target=/t head -c {kept} /dev/urandom > /random && echo NUMBER"
    folder = recipe(
        "services:\n  web:\n    image: python:3.13-alpine\n    command: sh -c 'yes | head -c 5000000; sleep 600'\n    init: true\n",
        Dockerfile=f"FROM python:3.13-alpine\nARG NUMBER\n{step}\n",
    )
    begin = f"from book import Recipe; recipe = Recipe({str(folder)!r});"
    done = one.python(begin + "[recipe.build(NUMBER=str(number)) for number in range(5)]")
    assert done.returncode == 0, done.stderr
    one.after_next_run()  # what an image still shares with the cache is not the cache's

    assert engine.cached_bytes(one.client) >= 5 * kept
    done = one.python(begin + "recipe.up()")
    assert done.returncode == 0, done.stderr
    (web,) = one.client.containers.list()
    until(lambda: any(row[-1] == "sleep 600" for row in web.top()["Processes"]))  # it has written all
    logs = [file.stat().st_size for file in one.folder.glob("data/containers/*/*-json.log*")]
    assert 0 < sum(logs) < 300_000, logs
    assert len(logs) == 2
    until(lambda: engine.cached_bytes(one.client) < 3 * kept)  # the engine looks once a minute
    assert one.after_next_run() == before
