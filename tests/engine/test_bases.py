import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from book import engine
from book.engine import HOME, PRIVATE_SOCKET
from book.offline import bases, daemon, debian
from book.progress import Step

NAME = "book-pull-test:1"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """Debian's own registry on loopback, which the private engine takes for its mirror; the engine is told by a reload."""
    if not daemon.is_ours():
        pytest.skip("the engine in use is not this project's private one, and its settings are not ours to change")
    folder = tmp_path_factory.mktemp("registry")
    debian.fetch(["docker-registry"], folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"version": "0.1", "storage": {"filesystem": {"rootdirectory": str(folder / "data")}}, "http": {"addr": f"127.0.0.1:{port}"}}
    (folder / "config.yml").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [str(folder / "root/usr/bin/docker-registry"), "serve", str(folder / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1).status == 200)
    tell_engine({"registry-mirrors": [f"http://127.0.0.1:{port}"]})
    yield f"127.0.0.1:{port}"
    tell_engine({"registry-mirrors": []})
    (HOME / "daemon.json").write_text("{}\n")
    process.terminate()
    process.wait(10)


def wait_until(true):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError(true)


def tell_engine(settings):
    (HOME / "daemon.json").write_text(json.dumps(settings))
    os.kill(int((PRIVATE_SOCKET.parent / "dockerd.pid").read_text()), signal.SIGHUP)
    wanted = [f"{mirror}/" for mirror in settings.get("registry-mirrors", [])]
    wait_until(lambda: (engine.connect().info()["RegistryConfig"]["Mirrors"] or []) == wanted)


def test_an_image_is_pulled_with_progress_and_its_digest_is_recorded(mirror, tmp_path):
    client = engine.connect()
    pushed = f"{mirror}/library/{NAME}"
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-alpine\nRUN dd if=/dev/urandom of=/noise bs=1000000 count=20\n")
    client.images.build(path=str(tmp_path), tag=pushed, rm=True)
    answers = [json.loads(line) for line in client.images.push(pushed).splitlines()]
    digest = next(answer["aux"]["Digest"] for answer in answers if "aux" in answer)
    client.images.remove(pushed)

    heard = []

    class Listening(Step):
        def __call__(self, done, total, what=""):
            heard.append((done, total))

    try:
        found = bases.ensure([NAME], Listening("pull"))
        assert found == (engine.Base(NAME, "registry", digest),)
        assert heard
        assert all(0 <= done <= total for done, total in heard)
        assert NAME in bases.of_ours()
    finally:
        client.images.remove(NAME)


def test_an_image_that_is_there_is_never_replaced(tmp_path):
    client = engine.connect()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    mine, _ = client.images.build(path=str(tmp_path), tag="book-mine:1")
    try:
        assert bases.ensure(["book-mine:1"], Step("bases"))[0].origin == "local"
        assert client.images.get("book-mine:1").id == mine.id
    finally:
        client.images.remove("book-mine:1")


def test_an_image_that_cannot_be_had_is_named_with_the_reason():
    with pytest.raises(bases.NoBase, match="book-no-such-image:1: cannot be pulled"):
        bases.ensure(["book-no-such-image:1"], Step("bases"))


@pytest.mark.parametrize("reference", ["python:3.13-slim", "python:3.13-alpine"])
def test_python_bases_keep_the_official_contract(reference):
    """What the recipes lean on: python and pip in /usr/local, TLS, zlib, ctypes, wheels from PyPI, a shell, users by number."""
    code = "import ctypes, ssl, sys, zlib; assert sys.prefix == '/usr/local', sys.prefix; print('%d.%d' % sys.version_info[:2])"
    shell = f'set -e; id -u; python3 -c "{code}"; pip --version >/dev/null; pip download -q --no-deps -d /tmp markupsafe; ls /tmp'
    said = engine.connect().containers.run(reference, ["sh", "-c", shell], user="1000:1000", remove=True).decode().split("\n")
    assert said[:2] == ["1000", "3.13"]
    assert ("musllinux" if "alpine" in reference else "manylinux") in said[2]
