import json
import os
import socket
import subprocess
import sys
import urllib.request

import docker
import pytest

from book import engine
from book.engine import plugins
from book.measure import limits
from book.offline import bases, debian
from book.places import HOME
from book.progress import Step

NAME = "book-pull-test:1"


@pytest.fixture
def started(tmp_path):
    """Start programs, and end each by its pid afterwards."""
    running = []

    def start(*command):
        with open(tmp_path / "log", "ab") as log:
            running.append(subprocess.Popen([str(part) for part in command], stdout=log, stderr=log))

    yield start
    for process in reversed(running):
        process.terminate()
        process.wait(30)


@pytest.fixture
def mirror(tmp_path, started):
    """Debian's own registry, on loopback."""
    debian.fetch(["docker-registry"], tmp_path)
    address = f"127.0.0.1:{free_port()}"
    settings = {"version": "0.1", "storage": {"filesystem": {"rootdirectory": f"{tmp_path}/kept"}}, "http": {"addr": address}}
    (tmp_path / "config.yml").write_text(json.dumps(settings))
    started(tmp_path / "root/usr/bin/docker-registry", "serve", tmp_path / "config.yml")
    wait_until(lambda: urllib.request.urlopen(f"http://{address}/v2/", timeout=1).status == 200)
    return address


@pytest.fixture
def engine_with(mirror, tmp_path, started, monkeypatch):
    """A second engine without images, which uses the mirror first; it has no network, so it changes no rules of others."""
    programs = HOME / "root/usr"
    if not (programs / "sbin/dockerd").exists():
        pytest.skip("the engine in use is not this project's private one, and a second one would need its programs")
    monkeypatch.setenv("PATH", f"{programs / 'sbin'}:{programs / 'bin'}:{os.environ['PATH']}")
    subprocess.run(["ip", "link", "add", "book9", "type", "bridge"], check=True)
    (tmp_path / "daemon.json").write_text("{}")
    places = [f"--{kind}={tmp_path / place}" for kind, place in (("data-root", "data"), ("exec-root", "exec"), ("pidfile", "pid"))]
    socket_file = f"unix://{tmp_path}/docker.sock"
    apart = ["--bridge=book9", "--iptables=false", "--ip6tables=false", "--ip-forward=false", f"--config-file={tmp_path}/daemon.json"]
    started("dockerd", f"--host={socket_file}", f"--registry-mirror=http://{mirror}", *places, *apart)
    try:
        wait_until(lambda: docker.DockerClient(base_url=socket_file).ping())
        client = docker.DockerClient(base_url=socket_file)
        for module in (engine, sys.modules["book.engine.provenance"]):
            monkeypatch.setattr(module, "connect", lambda: client)
        yield client
    finally:
        subprocess.run(["ip", "link", "delete", "book9"], check=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_until(true):
    def holds():
        try:
            return true()
        except (OSError, docker.errors.DockerException):
            return False

    assert limits.wait_until(holds, 120, every=0.1)


@pytest.mark.alone  # in the folder of a second process, the path of its engine's socket is longer than Linux allows
def test_an_image_is_pulled_with_progress_and_its_digest_is_recorded(engine_with, mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(bases, "_PULLED", tmp_path / "pulled.txt")
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "noise").write_bytes(os.urandom(20_000_000))
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY noise /\n")
    pushed = f"{mirror}/library/{NAME}"
    engine_with.images.build(path=str(folder), tag=pushed, rm=True)
    answers = [json.loads(line) for line in engine_with.images.push(pushed).splitlines()]
    digest = next(answer["aux"]["Digest"] for answer in answers if "aux" in answer)
    engine_with.images.remove(pushed)

    steps = []

    class Recorded(Step):
        def __call__(self, done, total, what=""):
            steps.append((done, total))

    assert bases.ensure([NAME], Recorded("pull")) == (engine.Base(NAME, "registry", digest),)
    assert steps
    assert all(0 <= done <= total for done, total in steps)
    with open(tmp_path / "pulled.txt", "a") as pulled:
        pulled.write("another-engine python:3.13-slim\n")
    assert bases.of_ours() == [NAME], "images on another engine do not count on this one"


def test_an_existing_image_is_never_replaced(tmp_path):
    client = engine.connect()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert plugins.tool("buildx", "build", "--load", "--tag=book-mine:1", ".", cwd=tmp_path).returncode == 0
    mine = client.images.get("book-mine:1").id
    try:
        assert bases.ensure(["book-mine:1"], Step("bases"))[0].origin == "local"
        assert client.images.get("book-mine:1").id == mine
    finally:
        client.images.remove("book-mine:1")


def test_an_image_that_is_not_available_is_named_with_the_reason():
    with pytest.raises(bases.NoBase, match="book-no-such-image:1: cannot be pulled"):
        bases.ensure(["book-no-such-image:1"], Step("bases"))


@pytest.mark.parametrize("reference", ["python:3.13-slim", "python:3.13-alpine"])
def test_the_python_bases_work_like_the_official_images(reference):
    """The recipes need python and pip in /usr/local, TLS, zlib, ctypes, wheels from PyPI, a shell, users by number."""
    code = "import ctypes, ssl, sys, zlib; assert sys.prefix == '/usr/local', sys.prefix; print('%d.%d' % sys.version_info[:2])"
    shell = f'set -e; id -u; python3 -c "{code}"; pip --version >/dev/null; pip download -q --no-deps -d /tmp markupsafe; ls /tmp'
    printed = engine.connect().containers.run(reference, ["sh", "-c", shell], user="1000:1000", remove=True).decode().split("\n")
    assert printed[:2] == ["1000", "3.13"]
    assert ("musllinux" if "alpine" in reference else "manylinux") in printed[2]
