"""Cleanup after a killed engine, with leftovers that the test creates."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from book.offline import daemon, owner, remains
from book.places import ROOT

BRIDGE, OTHER = (f"br-{uuid.uuid4().hex[:12]}" for _ in range(2))  # of this process: another one may run the same tests
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can create mounts and bridges")


@pytest.fixture
def dead(tmp_path, monkeypatch):
    """What is left of an engine whose process has ended."""
    home = tmp_path / "home"
    for folder in (home / "data/network/files", home / "data/merged", tmp_path / "run/exec"):
        folder.mkdir(parents=True)
    for module in (owner, remains, daemon):  # each has its own name for it: with one left out, this would end the engine in use
        monkeypatch.setattr(module, "RUN", tmp_path / "run")
    monkeypatch.setattr(daemon, "_LOCK", str(tmp_path / "run.lock"))
    monkeypatch.setattr(remains, "BRIDGE", "book-test0")  # the rules of another engine that runs during the test stay
    for module in (remains, daemon):
        monkeypatch.setattr(module, "PRIVATE_SOCKET", tmp_path / "run/docker.sock")
    process = subprocess.Popen(["true"])
    process.wait()
    (tmp_path / "run/dockerd.pid").write_text(str(process.pid))
    return owner.Owner(str(home), process.pid, "1", True)


@pytest.fixture
def engine(dead):
    """A program that runs from the folder of its owner, as an engine does, with its database of networks open."""
    program, database = Path(dead.home, "root/usr/sbin/dockerd"), Path(dead.home, "data/network/files/local-kv.db")
    program.parent.mkdir(parents=True)
    shutil.copy(shutil.which("sleep"), program)
    database.write_bytes(b"\0" + BRIDGE.removeprefix("br-").encode() + b"52\0")
    with open(database) as opened:
        process = subprocess.Popen([program, "60"], stdin=opened)
    running = replace(dead, pid=process.pid)
    (owner.RUN / "owner.json").write_text(json.dumps(asdict(running)))
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie
    yield running
    process.kill()


def test_a_stale_pid_file_is_removed(dead):
    remains.remove_remains(dead)
    assert not (owner.RUN / "dockerd.pid").exists()


def test_another_program_with_the_same_pid_is_not_ended(dead):
    other = subprocess.Popen(["sleep", "60"])
    try:
        remains.remove_remains(owner.Owner(dead.home, other.pid, "1", True))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_shims_of_the_killed_engine_are_ended_and_no_others(dead):
    shim = subprocess.Popen(["sh", "-c", "sleep 60", f"{owner.RUN}/exec/containerd/containerd.sock"])
    other = subprocess.Popen(["sh", "-c", "sleep 60", "/run/containerd/containerd.sock"])
    try:
        remains.remove_remains(dead)
        assert shim.wait(60) == -signal.SIGKILL
        time.sleep(0.1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@needs_root
def test_mounts_below_its_folders_are_removed(dead):
    merged = f"{dead.home}/data/merged"
    subprocess.run(["mount", "-t", "tmpfs", "none", merged], check=True)
    remains.remove_remains(dead)
    assert merged not in Path("/proc/mounts").read_text()


@needs_root
def test_bridges_of_its_networks_are_removed_and_no_others(dead):
    for name in (BRIDGE, OTHER):
        subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        Path(dead.home, "data/network/files/local-kv.db").write_bytes(b"\0" + BRIDGE.removeprefix("br-").encode() + b"52\0")
        remains.remove_remains(dead)
        assert not Path("/sys/class/net", BRIDGE).exists()
        assert Path("/sys/class/net", OTHER).exists()
    finally:
        for name in (BRIDGE, OTHER):
            subprocess.run(["ip", "link", "delete", name], capture_output=True)


def test_the_environment_can_forbid_a_private_engine(monkeypatch):
    monkeypatch.setenv("BOOK_ENGINE", "off")
    assert "BOOK_ENGINE=off" in daemon.possible()
    with pytest.raises(daemon.NoEngine, match="BOOK_ENGINE=off"):
        daemon.start(None)


def test_the_original_settings_are_those_from_before_the_killed_engine(dead, tmp_path, monkeypatch):
    (tmp_path / "ip_forward").write_text("1\n")
    monkeypatch.setattr(remains, "_ip_forward", lambda: tmp_path / "ip_forward")
    monkeypatch.setattr(remains, "_iptables", lambda *arguments: "-N DOCKER\n")
    assert remains.as_it_was(None) == ("1", True)
    assert remains.as_it_was(replace(dead, ip_forward="0", had_chains=False)) == ("0", False)


def test_an_engine_whose_folder_was_removed_is_still_found_and_ended(engine):
    shutil.rmtree(engine.home)
    assert os.readlink(f"/proc/{engine.pid}/exe").endswith(" (deleted)")
    assert owner.lives(engine)
    assert daemon.is_ours()
    owner.end(engine)
    assert not owner.lives(engine)


def test_an_engine_of_another_clone_is_not_stopped(engine):
    daemon.stop()
    assert owner.lives(engine)
    assert owner.owner_of_engine() == engine


@needs_root
@pytest.mark.parametrize("removed", [False, True], ids=["folder exists", "folder removed"])
def test_stop_ends_the_engine_and_removes_its_bridges_and_its_socket_folder(engine, monkeypatch, removed):
    monkeypatch.setattr(owner, "HOME", Path(engine.home))
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
    if removed:
        shutil.rmtree(engine.home)
    try:
        daemon.stop()
        assert not Path("/sys/class/net", BRIDGE).exists()
    finally:
        subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True)
    assert not owner.lives(engine)
    assert not owner.RUN.exists()


def test_a_bare_python_can_stop_the_engine():
    """`make clean` may run without a virtual environment."""
    code = "import sys; import book.offline.remains; print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"__main__", "book"} - sys.stdlib_module_names
