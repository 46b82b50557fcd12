"""A network namespace for a second engine, and what is removed of one, without an engine."""

import ipaddress
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from book.engine import labels
from book.offline import daemon, namespace, owner, second
from book.offline.namespace import Namespace, NoNamespace

needs_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("iptables"), reason="only root can create namespaces and rules")
EARLIER = f"{os.getpid()}-1-00000000"  # an ended process with the pid of this one


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A /run of the test."""
    monkeypatch.setattr(namespace, "_RUN", tmp_path)
    monkeypatch.setattr(namespace, "_FORWARDING", tmp_path / "forwarding")
    monkeypatch.setattr(owner, "RUN", tmp_path / "no-private-engine")
    (tmp_path / "forwarding").write_text("0\n")
    return tmp_path


@pytest.fixture
def commands(monkeypatch):
    """Record commands instead of running them; those with the word in `fails` fail."""

    class Recorded(list):
        fails = "no command has this"

        def __call__(self, command, check=False, **options):
            self.append(command)
            if check and self.fails in command:
                raise subprocess.CalledProcessError(2, command, stderr="Operation not permitted\n")
            return subprocess.CompletedProcess(command, 0, "", "")

    recorded = Recorded()
    monkeypatch.setattr(namespace.subprocess, "run", recorded)
    return recorded


def chosen(*taken, first=0):
    return str(namespace.free_range(taken, first))


def test_the_range_is_one_that_the_machine_does_not_use():
    assert chosen() == "198.18.0.0/30"
    assert chosen("198.18.0.0/30", "198.18.0.5") == "198.18.0.8/30"
    assert chosen("127.0.0.0/8", "198.18.0.2/16") == "198.19.0.0/30"


def test_two_processes_begin_at_different_places():
    assert chosen(first=1000) == "198.18.15.160/30"
    assert chosen(first=32768 + 1000) == chosen(first=1000)


def test_if_a_route_covers_the_first_range_another_one_is_chosen():
    assert chosen("198.18.0.0/15") == "10.213.0.0/30"
    assert chosen("198.0.0.0/8", "10.0.0.0/8") == "192.168.0.0/30"


def test_if_all_ranges_are_in_use_the_message_says_what_to_do():
    with pytest.raises(NoNamespace, match="remove a route that is not needed"):
        chosen("198.18.0.0/15", "10.0.0.0/8", "192.168.0.0/16")


def test_the_names_are_within_the_limits_of_linux():
    largest = Namespace("4194304-18446744073709551615-ffffffff")
    assert len(largest.name) <= 15
    assert len(f"{largest.folder}/docker.sock") <= 107


def test_a_namespace_has_a_link_a_way_out_and_a_bridge():
    lines = [" ".join(command) for command in namespace.creation(Namespace("77-5-abc"), ipaddress.IPv4Network("198.18.0.4/30"))]
    assert lines[0] == "ip netns add book-77"
    assert "ip address add 198.18.0.5/30 dev book-77" in lines
    assert "ip -netns book-77 route add default via 198.18.0.5" in lines
    assert "nsenter --net=/run/netns/book-77 ip link add book0 type bridge" in lines
    assert "iptables --wait -t nat -A POSTROUTING -s 198.18.0.4/30 ! -o book-77 -j MASQUERADE" in lines


RULES = """*nat
-A POSTROUTING -s 198.18.0.4/30 ! -o book-77 -j MASQUERADE
-A POSTROUTING -s 198.18.0.8/30 ! -o book-7 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -i book-7 -j ACCEPT
-A FORWARD -i book-77 -m comment --comment "a b" -j ACCEPT
COMMIT
"""


def test_the_rules_of_a_namespace_are_removed_and_no_others():
    *rules, link, name = namespace.removal("book-7", RULES)
    assert [rule[2:] for rule in rules] == [
        ["-t", "nat", "-D", "POSTROUTING", "-s", "198.18.0.8/30", "!", "-o", "book-7", "-j", "MASQUERADE"],
        ["-t", "filter", "-D", "FORWARD", "-i", "book-7", "-j", "ACCEPT"],
    ]
    assert (link, name) == (["ip", "link", "delete", "book-7"], ["ip", "netns", "delete", "book-7"])


def test_a_namespace_is_dead_if_its_process_ended_even_if_the_pid_is_in_use_again(run):
    ended = subprocess.check_output([sys.executable, "-c", "from book.engine import labels; print(labels.PROCESS)"], text=True).strip()
    for process in (ended, EARLIER, labels.PROCESS):
        Namespace(process).folder.mkdir()
    assert {one.process for one in namespace.dead()} == {ended, EARLIER}


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_a_namespace_is_removed_after_an_error_and_after_ctrl_c(run, commands, problem):
    made = Namespace(labels.PROCESS)

    def work():
        with namespace.made():
            assert (run / "forwarding").read_text() == "1\n"
            assert made.folder.stat().st_mode & 0o777 == 0o700
            raise problem

    with pytest.raises(problem):
        work()
    assert commands[-2:] == [["ip", "link", "delete", made.name], ["ip", "netns", "delete", made.name]]
    assert (run / "forwarding").read_text() == "0\n"
    assert not made.folder.exists()


def test_forwarding_stays_on_while_another_namespace_needs_it(run, commands):
    with namespace.made():
        Namespace("1-2-abc").folder.mkdir()
    assert (run / "forwarding").read_text() == "1\n"


def test_a_namespace_that_cannot_be_made_is_removed_and_the_message_names_the_command(run, commands):
    commands.fails = "netns"
    with (
        pytest.raises(NoNamespace, match=r"`ip netns add book-.*` failed with: Operation not permitted\. Run this as root"),
        namespace.made(),
    ):
        pytest.fail("it was made")
    assert commands[-1][:3] == ["ip", "netns", "delete"]
    assert not Namespace(labels.PROCESS).folder.exists()


def test_a_second_namespace_in_one_process_is_refused_and_the_first_one_stays(run, commands):
    with namespace.made() as first:
        with pytest.raises(NoNamespace, match="end that one first"), namespace.made():
            pytest.fail("it was made")
        assert first.folder.exists()


@needs_root
def test_a_real_namespace_has_its_links_in_its_own_sys_and_leaves_nothing():
    with namespace.made() as made:
        shown = subprocess.check_output([*made.inside, "ls", "/sys/class/net", "/sys/fs/cgroup"], text=True).split()
        assert {"lo", "out", "book0"} <= set(shown)
        assert set(os.listdir("/sys/fs/cgroup")) <= set(shown)
        assert made.name in subprocess.check_output(["ip", "link"], text=True)
    for command in (["ip", "link"], ["ip", "netns"], ["iptables-save"]):
        assert made.name not in subprocess.check_output(command, text=True).replace(":", " ").replace("@", " ").split()
    assert str(made.folder) not in Path("/proc/mounts").read_text()


@pytest.fixture
def left(run, commands, monkeypatch):
    """What a killed run left of a second engine."""
    one = Namespace(EARLIER)
    home, group = run / "clone/.engine" / one.folder.name, run / "cgroup/pids" / one.folder.name
    notes = home.parent / "steps/11111111-2222-3333-4444-555555555555"
    for folder in (one.folder, home / "data", group / "container", notes):
        folder.mkdir(parents=True)
    (home / "data/engine-id").write_text(notes.name)
    second._link(one).symlink_to(home)
    monkeypatch.setattr(second, "_CGROUPS", run / "cgroup")
    return one, home, group, notes


def test_what_a_killed_run_left_of_an_engine_is_removed(left, commands):
    one, home, group, notes = left
    second._pid(one).write_text("not a pid")
    second.remove_dead()
    assert [path for path in (one.folder, home, group, notes) if path.exists()] == []
    assert (home.parent / "steps").exists()
    assert commands[-1] == ["ip", "netns", "delete", one.name]


def test_another_program_with_the_same_pid_is_not_ended(left):
    process = subprocess.Popen(["sleep", "60"])
    try:
        second._pid(left[0]).write_text(str(process.pid))
        second.remove_dead()
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_what_runs_in_a_control_group_is_killed(tmp_path):
    process = subprocess.Popen(["sleep", "60"])
    listed = tmp_path / "group/container/cgroup.procs"
    listed.parent.mkdir(parents=True)
    listed.write_text(f"{process.pid}\n")

    class Kernel:  # removes the file once the process has ended, as Linux removes it with the group
        def kill(self, pid, number):
            os.kill(pid, number)
            process.wait()
            listed.unlink()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second, "os", Kernel())
        second._end_all(tmp_path / "group")
    assert process.returncode == -9
    assert not (tmp_path / "group").exists()


def test_a_second_engine_needs_the_private_one(monkeypatch):
    monkeypatch.setattr(daemon, "possible", lambda: None)
    monkeypatch.setattr(daemon, "in_use", lambda: False)
    assert second.possible() == "the engine in use is not this project's private one"
    monkeypatch.setattr(daemon, "possible", lambda: "this is not Debian")
    assert second.possible() == "this is not Debian"


@pytest.mark.parametrize(("store", "snapshotter"), [("overlay2", False), ("containerd", True)])
def test_the_settings_name_the_store_and_keep_the_rest(store, snapshotter):
    chosen = daemon.settings(store)
    assert chosen["features"]["containerd-snapshotter"] is snapshotter
    assert chosen["log-opts"] == daemon.SETTINGS["log-opts"]
