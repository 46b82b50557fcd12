"""An engine of its own for each fault: in a network and a set of mounts and processes of its own, so that it can be broken."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import docker
import nbformat
import pytest

from book import engine
from book.places import HOME, ROOT

BASE = "python:3.13-alpine"
STORE = {"features": {"containerd-snapshotter": True}}  # as a new installation of Docker has it
_LIMIT = 300  # seconds for whatever a reader starts: no test waits without one
_HOUSE = """
ip link set lo up
ip link add faults0 type bridge && ip address add 10.98.255.1/24 dev faults0 && ip link set faults0 up
[ -z "$DISK" ] || mount -o loop "$DISK" "$DATA"
exec "$INIT" -s -- sleep infinity
"""


def _program(name):
    places = [HOME / "root/usr/sbin" / name, HOME / "root/usr/bin" / name]
    return next((str(place) for place in places if place.exists()), None) or shutil.which(name)


def _hear_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job of a shell has it ignored, and so have all its children


class Engine:
    """A Docker engine that nobody else uses, and readers of the book beside it."""

    def __init__(self, folder: Path, disk: Path | None = None, **settings):
        self.folder, self.socket = folder, folder / "docker.sock"
        (folder / "data").mkdir(parents=True)
        known = {"default-address-pools": [{"base": "10.98.0.0/20", "size": 26}], **STORE, **settings}
        (folder / "daemon.json").write_text(json.dumps(known))
        self._shared = ["setpriv", "--pdeathsig=KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        variables = {**os.environ, "INIT": _program("tini-static") or _program("docker-init"), "DISK": str(disk or "")}
        self._house = subprocess.Popen([*self._shared, "sh", "-ec", _HOUSE], env={**variables, "DATA": str(folder / "data")})
        self._inside = _until(lambda: Path(f"/proc/{self._house.pid}/task/{self._house.pid}/children").read_text().strip())
        _until(lambda: b"infinity" in Path(f"/proc/{self._inside}/cmdline").read_bytes())

    def start(self):
        path = f"{HOME / 'root/usr/sbin'}:{HOME / 'root/usr/bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        command = [_program("dockerd"), f"--host=unix://{self.socket}", f"--config-file={self.folder / 'daemon.json'}"]
        command += [f"--data-root={self.folder / 'data'}", f"--exec-root={self.folder / 'exec'}", f"--pidfile={self.folder / 'pid'}"]
        command += ["--bridge=faults0", f"--userland-proxy-path={_program('docker-proxy')}", f"--init-path={_program('tini-static')}"]
        with open(self.folder / "log", "ab") as log:
            into = ["nsenter", f"--target={self._inside}", "--net", "--mount", "--pid"]
            self.daemon = subprocess.Popen([*into, *command], env={**os.environ, "PATH": path}, stdout=log, stderr=log)
        self.client = _until(self._answers)

    def _answers(self):
        try:
            return docker.DockerClient(base_url=f"unix://{self.socket}", timeout=60)  # it asks for the engine's version
        except (docker.errors.DockerException, OSError):
            return None

    def send(self, how):
        """Send the daemon a signal."""
        (child,) = Path(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children").read_text().split() or [self.daemon.pid]
        os.kill(int(child), how)

    def stop(self, how=signal.SIGTERM):
        """End the daemon; what it had started goes on where it is killed."""
        self.send(how)
        self.daemon.wait(_LIMIT)

    def close(self):
        self._house.kill()  # and with it every process and mount of its house
        self._house.wait(_LIMIT)
        self.daemon.kill()
        self.daemon.wait(_LIMIT)
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                break
            time.sleep(0.1)

    def popen(self, code, *arguments, **variables):
        """Start a reader's Python that uses this engine."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOCKER_HOST": f"unix://{self.socket}", "PYTHONUNBUFFERED": "1", **variables}
        command = [shutil.which("nsenter"), f"--target={self._inside}", "--net", sys.executable, "-c", code, *map(str, arguments)]
        pipe = subprocess.PIPE
        options = {"cwd": ROOT, "text": True, "start_new_session": True, "preexec_fn": _hear_ctrl_c}
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, **options)

    def python(self, code, *arguments, **variables):
        """Run a reader's Python to its end, within the limit."""
        process = self.popen(code, *arguments, **variables)
        try:
            said, complained = process.communicate(timeout=_LIMIT)
        finally:
            process.kill()
        return subprocess.CompletedProcess(code, process.returncode, said, complained)

    def holds(self):
        """All that it holds, by kind and id."""
        api = self.client.api
        volumes = {f"volume {volume['Name']}" for volume in api.volumes()["Volumes"] or []}
        listed = {"container": api.containers(all=True), "image": api.images(all=True), "network": api.networks()}
        for network in listed["network"]:  # the engine's own get new ids when it starts
            network["Id"] = network["Name"] if network["Name"] in ("bridge", "host", "none") else network["Id"]
        return volumes | {f"{kind} {thing['Id']}" for kind, things in listed.items() for thing in things}

    def after_next_run(self):
        """All that it holds once the next command has begun."""
        done = self.python("from book import engine; from book.engine import leftovers; leftovers.reap(engine.connect())")
        assert done.returncode == 0, done.stderr
        return self.holds()


def _until(holds, seconds=_LIMIT):
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def until():
    """Wait until something holds, within a limit."""
    return _until


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """The base image as a file."""
    place = tmp_path_factory.mktemp("base") / "base.tar"
    with open(place, "wb") as file:
        file.writelines(engine.connect().images.get(BASE).save(named=True))
    return place


@pytest.fixture(scope="session")
def make_engine(base):
    """Make engines; they all go with the tests."""
    if os.geteuid() != 0 or not all(map(_program, ("dockerd", "setpriv", "unshare", "nsenter", "ip"))):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "an engine of its own wants root, dockerd, setpriv, unshare, nsenter and ip"
        )
    made = []

    def make(load=True, **options):
        folder = Path("/run") / f"docker-recipes-fault-{os.getpid()}-{len(made)}"  # a short one: a socket's path may have 108 bytes
        made.append(Engine(folder, **options))
        made[-1].start()
        if load:
            with open(base, "rb") as file:
                made[-1].client.images.load(file)
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def shared(make_engine):
    """One engine for all faults that leave it alive."""
    return make_engine()


@pytest.fixture
def own(shared):
    """The shared one; whatever a test does, it holds the same afterwards."""
    before = shared.holds()
    yield shared
    assert shared.after_next_run() == before


WEB = "services:\n  web:\n    image: python:3.13-alpine\n    command: sleep 600\n    init: true\n"
_CHAPTER = """
import argparse, sys
from pathlib import Path
from book.chapters import chapter
from book.commands import book, needs, run
path, folder, at_once, in_all = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
chapter.EXECUTED = path.parent / "executed"
class Tiny(chapter.Chapter):
    @property
    def recipe(self): return chapter.Recipe(folder)
chapter.stale = chapter.chapters = lambda *_: [Tiny(path)] * in_all
book.build.INDEX = path  # there is a site, and it is up to date
book.build.fresh = lambda *_: True
needs.ROOT = path.parent  # a clone of its own
sys.exit(run.run(argparse.Namespace(command="book", chapters=[], workers=at_once)))
"""


@pytest.fixture
def recipe(tmp_path):
    """Write a recipe folder and return it."""
    made = []

    def write(compose=WEB, **files):
        folder = tmp_path / f"recipe-{len(made)}/03-tiny"
        made.append(folder)
        folder.mkdir(parents=True)
        for name, text in {"compose.yaml": compose, **files}.items():
            (folder / name).write_text(text)
        return folder

    return write


@pytest.fixture
def chapter(recipe, tmp_path):
    """Begin `make book` of a chapter with these cells on an engine, or of that chapter several times, some of them at once."""

    def begin(one, *cells, folder=None, at_once=1, in_all=1):
        folder = folder or recipe()
        setup = f"from book import Recipe, claim\nrecipe = Recipe({str(folder)!r})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (setup, *cells)])
        path = folder.parent / "03-tiny.ipynb"
        nbformat.write(notebook, path)
        return one.popen(_CHAPTER, path, folder, at_once, in_all)

    return begin
