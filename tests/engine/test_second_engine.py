"""A second engine: it stores images as it is told to, its builds and ports work, and nothing of it is left."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from book.engine import labels
from book.offline import kinds, second
from book.offline.namespace import Namespace
from book.places import HOME, ROOT
from book.progress import Step

pytestmark = pytest.mark.alone  # it looks at the network of the whole machine

BASE = "python:3.13-alpine"
DRIVERS = {"overlay2": "overlay2", "containerd": "overlayfs"}
DOCKERFILE = f"FROM {BASE}\nRUN pip download --quiet --no-deps --dest /fetched markupsafe\n"
GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"


@pytest.fixture(autouse=True)
def beside_the_private_one():
    if reason := second.possible():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def traces(one: Namespace) -> set[str]:
    """Where something of a namespace and its engine is on this machine. What other programs do meanwhile does not count."""
    command_lines = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()]
    outputs = {name: subprocess.check_output(name.split(), text=True) for name in ("ip link", "ip netns", "iptables-save")}
    words = {name: output.replace(":", " ").replace("@", " ").split() for name, output in outputs.items()}
    found = {name for name, those in words.items() if one.name in those}
    found |= {"processes"} if any(one.folder.name.encode() in line for line in command_lines) else set()
    found |= {"mounts"} if one.folder.name in Path("/proc/mounts").read_text() else set()
    places = (*Path("/sys/fs/cgroup").glob("*"), Path("/sys/fs/cgroup"), Path("/run"), HOME)
    return found | {str(place) for place in places if (place / one.folder.name).exists()}


def forwarding() -> str:
    return Path("/proc/sys/net/ipv4/ip_forward").read_text()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def get(url, *inside):
    return subprocess.run([*inside, sys.executable, "-c", GET, url], capture_output=True, text=True)


@pytest.mark.parametrize("store", DRIVERS)
def test_a_second_engine_builds_with_packages_from_the_network_and_publishes_ports(store):
    own, before = Namespace(labels.PROCESS), forwarding()
    with second.started(store, Step("second"), [BASE]) as one:
        client = docker.DockerClient(base_url=one.host)
        assert client.info()["Driver"] == DRIVERS[store]
        built, _ = client.images.build(fileobj=io.BytesIO(DOCKERFILE.encode()), rm=True)
        port = free_port()
        url, serve = f"http://127.0.0.1:{port}", ["python", "-m", "http.server", "5000", "--directory", "/fetched"]
        client.containers.run(built.id, serve, ports={"5000/tcp": ("127.0.0.1", port)}, init=True, detach=True)
        deadline = time.monotonic() + 30
        while (answer := get(url, *one.inside)).returncode and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "markupsafe" in answer.stdout
        assert get(url).returncode != 0, "the port is published in the namespace only"
        assert {"ip link", "ip netns", "iptables-save", "processes", "mounts", "/run", str(HOME)} <= traces(own)
        client.close()
    assert traces(own) == set()
    assert forwarding() == before


def test_an_engine_without_root_runs_commands_as_its_user_and_leaves_nothing():
    own, users = Namespace(labels.PROCESS), Path("/etc/passwd").read_text()
    with kinds.started(kinds.Kind.ROOTLESS, Step("rootless")) as one:
        client = docker.DockerClient(base_url=one.host)
        assert "name=rootless" in client.info()["SecurityOptions"]
        client.close()
        seen = subprocess.check_output(
            [*one.inside, "sh", "-c", 'id -un; test -w "$TMPDIR" && test -S "${0#unix://}"', one.host], text=True
        )
        assert seen.strip() not in users
    assert traces(own) == set()
    assert Path("/etc/passwd").read_text() == users


KILLED = f"""
import docker, sys, time
from book.offline import second
from book.progress import Step
with second.started("overlay2", Step("second"), ["{BASE}"]) as one:
    docker.DockerClient(base_url=one.host).containers.run("{BASE}", ["sleep", "600"], detach=True)
    from book.engine import labels
    print(labels.PROCESS, flush=True)
    time.sleep(600)
"""


def test_what_a_killed_run_left_is_removed_by_the_next_one():
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    own = Namespace(process.stdout.readline().strip())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert {"ip link", "ip netns", "iptables-save", "processes", "mounts", "/run", str(HOME)} <= traces(own)
    second.remove_dead()
    assert traces(own) == set()
