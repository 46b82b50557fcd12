"""The kinds of engines: why one is not possible here, and the commands that start them. Without an engine."""

import tempfile
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from book.offline import daemon, debian, debian_engine, kinds, podman, rootless, second
from book.offline.kinds import Kind
from book.offline.namespace import Namespace
from book.offline.way import Way, ways
from book.places import HOME
from book.progress import Step

OWN = Namespace("77-5-abc")
HERE = Path("/clone/.engine/docker-recipes-second-77-5-abc")


@pytest.fixture
def on(monkeypatch):
    """A machine with a private engine, as a Debian or Ubuntu."""

    def choose(system):
        monkeypatch.setattr(second, "possible", lambda: None)
        monkeypatch.setattr(debian, "distribution", lambda: system)

    return choose


@pytest.fixture
def spawned(monkeypatch, tmp_path):
    """Record the command that would start dockerd."""
    monkeypatch.setattr(daemon.subprocess, "Popen", lambda command, **options: SimpleNamespace(command=command, **options))
    return tmp_path


@pytest.mark.parametrize("kind", Kind)
def test_no_kind_is_possible_without_the_private_engine(monkeypatch, kind):
    monkeypatch.setattr(second, "possible", lambda: "a private engine can only be started by root")
    assert kinds.possible(kind) == "a private engine can only be started by root"


def test_other_suites_of_debian_are_not_mixed_with_ubuntu(on):
    on("ubuntu")
    assert kinds.possible(Kind.OVERLAY2) is kinds.possible(Kind.CONTAINERD) is None
    assert "only used on Debian" in str(kinds.possible(Kind.DEBIAN))
    assert "only used on Debian" in str(kinds.possible(Kind.PODMAN))


def test_podman_needs_a_program_that_makes_a_system(on, monkeypatch, tmp_path):
    on("debian")
    monkeypatch.setattr(podman, "_SYSTEM", tmp_path / "none")
    monkeypatch.setattr(podman.shutil, "which", lambda name: None)
    assert "apt-get install mmdebstrap" in str(kinds.possible(Kind.PODMAN))


def test_rootless_needs_a_library(on, monkeypatch):
    on("debian")
    monkeypatch.setattr(rootless.ctypes.util, "find_library", lambda name: None)
    assert "apt-get install libglib2.0-0" in str(kinds.possible(Kind.ROOTLESS))


def test_a_kind_is_fetched_before_it_is_launched(monkeypatch):
    done = []
    monkeypatch.setattr(daemon, "fetch", lambda step: done.append("private engine"))
    way = kinds._Way(lambda: None, lambda step: done.append("fetch"), lambda own, home: done.append("launch"))
    monkeypatch.setattr(kinds, "_WAYS", {Kind.PODMAN: way})
    monkeypatch.setattr(second, "running", lambda launch, step, images: launch(OWN, HERE))
    with pytest.raises(TypeError), kinds.started(Kind.PODMAN, Step("test")):
        pytest.fail("nothing runs")
    assert done == ["private engine", "fetch", "launch"]


def test_the_older_engine_gets_its_own_programs_and_no_option_that_it_does_not_know(spawned):
    older = debian_engine.launch(OWN, spawned).process
    newer = second.dockerd(OWN, spawned, daemon.settings("overlay2")).process
    for process, programs in ((older, HOME / "debian/root"), (newer, HOME / "root")):
        assert process.command[:2] == list(OWN.network)
        assert process.command[2].startswith(f"{programs}/usr/")
        assert process.env["PATH"].startswith(f"{programs}/usr/sbin:")
    assert ("--ip-forward-no-drop" in older.command, "--ip-forward-no-drop" in newer.command) == (False, True)


def test_rootless_is_started_as_another_user_below_a_process_of_root():
    command = rootless.command(OWN, HERE)
    assert command[:2] == list(OWN.network)
    assert {"--pid", "--kill-child", "--mount"} <= set(command)
    user, kit, engine = (command.index(program) for program in ("setpriv", "rootlesskit", "dockerd"))
    assert user < kit < engine
    assert f"--host=unix://{OWN.folder}/user/docker.sock" in command[engine:]
    assert not any(str(HERE) in part for part in command[engine:]), "its user may have no way to the clone"


def test_the_user_of_rootless_is_in_no_file_of_the_machine():
    files = rootless.identity("root:x:0:0::/root:/bin/sh\n", "root:x:0:\n")
    assert files["passwd"].splitlines()[0] == "root:x:0:0::/root:/bin/sh"
    name, _, uid, *_ = files["passwd"].splitlines()[1].split(":")
    subordinate = files["subuid"].strip().split(":")
    assert subordinate[0] == name
    assert int(subordinate[1]) > 1_000_000 > int(uid), "its uid is an ordinary one, and its further ids are no other user's"
    assert files["subuid"] == files["subgid"]
    assert name not in Path("/etc/passwd").read_text() + Path("/etc/subuid").read_text()


def test_a_folder_in_a_closed_one_gets_a_way():
    with tempfile.TemporaryDirectory() as place:  # not `tmp_path`: pytest closes the folders above it
        top = Path(place)
        top.chmod(0o755)
        needed = top / "closed/deep/needed"
        needed.mkdir(parents=True)
        assert ways([needed]) == []
        (top / "closed").chmod(0o700)
        assert ways([needed, needed.parent]) == [Way(top / "closed", needed)]


def test_a_command_for_rootless_runs_as_its_user_with_temporary_files_that_the_engine_sees():
    inside = rootless.inside(OWN.folder, HERE)
    assert inside[0] == "sh"
    assert f"TMPDIR={OWN.folder}/data/temporary" in inside
    assert inside.index("setpriv") < inside.index("env")


def test_rootless_takes_only_the_proxies_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("SECRET", "s")
    variables = rootless.environment(OWN.folder)
    assert variables["HTTPS_PROXY"] == "http://proxy:3128"
    assert "SECRET" not in variables
    assert variables["PATH"].startswith(f"{OWN.folder}/tools/bin:")


def test_podman_is_started_with_control_groups_and_a_system_of_its_own():
    command = podman.command(OWN, HERE)
    assert command[:2] == list(OWN.network)
    assert command.index(OWN.folder.name) < command.index("unshare"), "the name of the control groups, which the end removes"
    assert {"--cgroup", "--pid", "--mount", "--kill-child"} <= set(command)
    assert command[-5:] == ["podman", "system", "service", "--time=0", f"unix://{OWN.folder}/docker.sock"]


def test_podman_allows_a_container_no_more_than_this_process_has():
    settings = tomllib.loads(podman.settings(HERE, {"nofile": 20000, "nproc": 96364}))
    assert settings["containers"]["default_ulimits"] == ["nofile=20000:20000", "nproc=96364:96364"]
    assert settings["network"]["network_config_dir"] == f"{HERE}/networks"
    assert settings["network"]["default_subnet_pools"] == [{"base": "172.28.0.0/14", "size": 24}]
    assert tomllib.loads(podman.storage(HERE))["storage"]["graphroot"] == f"{HERE}/data"


@pytest.mark.parametrize("limit", [-1, 5])
def test_no_limit_is_written_as_podman_reads_it(monkeypatch, limit):
    monkeypatch.setattr(podman.resource, "getrlimit", lambda kind: (1, limit))
    assert podman._limits() == {"nofile": limit, "nproc": limit}


def made(into):
    into.mkdir()
    (into / "usr").mkdir()


def test_an_index_past_its_date_is_used_and_a_system_that_fails_is_removed(monkeypatch, tmp_path):
    tries = []

    def run(into, *options):
        made(into)
        tries.append(options)
        return SimpleNamespace(returncode=len(tries) % 2, stderr="E: Release file is expired" if len(tries) == 1 else "")

    monkeypatch.setattr(podman, "_SYSTEM", tmp_path / "podman/root")
    monkeypatch.setattr(podman, "_install", run)
    podman.fetch(Step("test"))
    assert tries == [(), ("--aptopt=Acquire::Check-Valid-Until false",)]
    assert [path.name for path in (tmp_path / "podman").iterdir()] == ["root"]
    podman.fetch(Step("test"))
    assert len(tries) == 2, "it is there"


def test_a_system_that_cannot_be_made_is_removed(monkeypatch, tmp_path):
    monkeypatch.setattr(podman, "_SYSTEM", tmp_path / "podman/root")
    monkeypatch.setattr(podman, "_install", lambda into, *options: made(into) or SimpleNamespace(returncode=1, stderr="no such suite"))
    with pytest.raises(daemon.NoEngine, match="no such suite"):
        podman.fetch(Step("test"))
    assert list((tmp_path / "podman").iterdir()) == []
