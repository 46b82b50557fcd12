"""Starting over what a killed engine left, tried on leftovers made for the test."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from book.offline import daemon, owner, remains

BRIDGE = "br-b00c7e57b00c"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and bridges can only be made by root")


@pytest.fixture
def dead(tmp_path, monkeypatch):
    """The state of an engine whose process is gone."""
    home = tmp_path / "home"
    for folder in (home / "data/network/files", home / "data/merged", tmp_path / "run/exec"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(owner, "RUN", tmp_path / "run")
    monkeypatch.setattr(remains, "BRIDGE", "book-test0")  # the rules of an engine that is alive beside the test stay
    monkeypatch.setattr(daemon, "PRIVATE_SOCKET", tmp_path / "run/docker.sock")
    process = subprocess.Popen(["true"])
    process.wait()
    (tmp_path / "run/dockerd.pid").write_text(str(process.pid))
    return owner.Owner(str(home), process.pid, "1", True)


def test_a_stale_pid_file_is_removed(dead):
    remains.remove_remains(dead)
    assert not (owner.RUN / "dockerd.pid").exists()


def test_a_pid_that_another_program_got_is_left_alone(dead):
    other = subprocess.Popen(["sleep", "60"])
    try:
        remains.remove_remains(owner.Owner(dead.home, other.pid, "1", True))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_shims_of_the_dead_engine_are_ended_and_no_others(dead):
    shim = subprocess.Popen(["sh", "-c", "sleep 60", f"{owner.RUN}/exec/containerd/containerd.sock"])
    other = subprocess.Popen(["sh", "-c", "sleep 60", "/run/containerd/containerd.sock"])
    try:
        remains.remove_remains(dead)
        assert shim.wait(10) == -signal.SIGKILL
        time.sleep(0.1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@needs_root
def test_mounts_below_its_folders_are_undone(dead):
    merged = f"{dead.home}/data/merged"
    subprocess.run(["mount", "-t", "tmpfs", "none", merged], check=True)
    remains.remove_remains(dead)
    assert merged not in Path("/proc/mounts").read_text()


@needs_root
def test_bridges_of_its_networks_are_removed_and_no_others(dead):
    other = "br-00000000beef"
    for name in (BRIDGE, other):
        subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        Path(dead.home, "data/network/files/local-kv.db").write_bytes(b"\0" + BRIDGE.removeprefix("br-").encode() + b"52\0")
        remains.remove_remains(dead)
        assert not Path("/sys/class/net", BRIDGE).exists()
        assert Path("/sys/class/net", other).exists()
    finally:
        for name in (BRIDGE, other):
            subprocess.run(["ip", "link", "delete", name], capture_output=True)


def test_the_environment_can_forbid_a_private_engine(monkeypatch):
    monkeypatch.setenv("BOOK_ENGINE", "off")
    assert "BOOK_ENGINE=off" in daemon.possible()
    with pytest.raises(daemon.NoEngine, match="BOOK_ENGINE=off"):
        daemon.start(None)


def test_what_the_machine_was_like_is_not_asked_of_one_that_a_killed_engine_has_changed(dead, tmp_path, monkeypatch):
    (tmp_path / "ip_forward").write_text("1\n")
    monkeypatch.setattr(remains, "_ip_forward", lambda: tmp_path / "ip_forward")
    monkeypatch.setattr(remains, "_iptables", lambda *arguments: "-N DOCKER\n")
    assert remains.as_it_was(None) == ("1", True)
    assert remains.as_it_was(replace(dead, ip_forward="0", had_chains=False)) == ("0", False)
