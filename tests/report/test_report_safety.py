"""A report changes nothing of the reader's: not the folder, not what is on the engine, not the machine."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from reports import PROJECTS, ours, places, run

from book.engine import connect, labels
from book.files.config import ServiceConfig
from book.measure import limits
from book.places import ROOT
from book.report import copy, risks


def test_a_risk_is_named_and_refused_before_anything_is_built_or_run(capsys):
    assert run(str(PROJECTS / "risky"), "--no-page") == 2
    said = capsys.readouterr().err
    for line, words in (
        (5, "privileged: true"),
        (6, "pid: host"),
        (7, "cap_add: SYS_ADMIN"),
        (8, "the device /dev/null"),
        (10, "the socket /var/run/docker.sock"),
        (10, "the folder "),
    ):
        assert f"compose.yaml:{line}: agent asks for {words}" in said
    assert "/etc/hostname" not in said  # it is only read
    assert "--allow privileged --allow host --allow capabilities --allow devices --allow socket --allow outside" in said
    assert ours() == set()


@pytest.mark.parametrize(
    ("service", "asks", "kind"),
    [
        ("volumes: ['./link:/data']", "the folder ", "outside"),
        ("volumes: ['/run:/run:ro']", "the folder /run, which contains the engine's socket", "socket"),
        ("volumes: ['/run/docker-recipes:/engine:ro']", "the folder /run/docker-recipes, which contains the engine's socket", "socket"),
        ("volumes: ['/:/host:ro']", "the folder /, which contains the engine's socket", "socket"),
        ("volumes: ['./socket:/socket:ro']", "the socket ", "socket"),
        ("volumes_from: ['container:precious']", "the volumes of container:precious", "outside"),
        ("network_mode: 'container:precious'", "network_mode: container:precious", "outside"),
        ("use_api_socket: true", "use_api_socket: true", "socket"),
        ("post_start: [{command: id, privileged: true}]", "a privileged hook", "privileged"),
        ("device_cgroup_rules: ['b *:* rwm']", "the devices b *:* rwm", "devices"),
        ("gpus: all", "a graphics card", "devices"),
    ],
)
def test_a_risk_is_found_however_it_is_written(tmp_path, capsys, service, asks, kind):
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "link").symlink_to(elsewhere)
    (folder / "socket").symlink_to("/var/run/docker.sock")
    (folder / "compose.yaml").write_text(f"services:\n  tool:\n    image: python:3.13-alpine\n    {service}\n")
    assert run(str(folder), "--no-page") == 2
    said = capsys.readouterr().err
    assert f"compose.yaml:4: tool asks for {asks}" in said
    assert said.rstrip().endswith(f"--allow {kind}")


def test_a_program_that_compose_runs_on_the_machine_is_a_risk():
    (asked,) = risks._of(ServiceConfig.read("tool", {"provider": {"type": "./make-database.sh"}}), PROJECTS)
    assert asked == ("provider", "the program ./make-database.sh", "provider")


def test_a_copied_project_can_read_the_files_beside_it(tmp_path, report):
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "beside.env").write_text("GREETING=hello\n")
    (tmp_path / "beside.conf").write_text("a setting")
    (folder / "compose.yaml").write_text(
        """services:
  tool:
    image: python:3.13-alpine
    init: true
    env_file: ../beside.env
    volumes: ["../beside.conf:/conf:ro"]
    command: sh -c 'test "$$GREETING" = hello && test -f /conf && exec sleep 99'
"""
    )
    code, said = report(folder)
    assert (code, places(said), [one["state"] for one in said["services"]]) == (0, [], ["running"])


def test_a_project_that_is_not_valid_in_its_copy_ends_in_2(tmp_path, capsys, monkeypatch):
    (tmp_path / "beside.env").write_text("GREETING=hello\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/compose.yaml").write_text("services: {tool: {image: 'python:3.13-alpine', env_file: ../beside.env}}")
    monkeypatch.setattr(copy, "_link_around", lambda root, place: None)
    assert run(str(tmp_path / "project"), "--no-page") == 2
    assert "Compose does not read it there:\nenv file" in capsys.readouterr().err


def test_a_folder_that_is_too_large_to_copy_is_not_run_in_place(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(copy, "_LARGEST", 999)
    (tmp_path / "data").write_bytes(bytes(1000))
    (tmp_path / "Dockerfile").write_text("# syntax=docker/dockerfile:1\nFROM python:3.13-alpine\n")
    assert run(str(tmp_path), "--no-page") == 2
    assert "move its data out of the folder" in capsys.readouterr().err
    assert (tmp_path / "Dockerfile").read_text().startswith("# syntax=docker/dockerfile:1\n")


def test_an_allowed_risk_is_run_and_named(tmp_path, report):
    (tmp_path / "compose.yaml").write_text(
        "services: {tool: {image: 'python:3.13-alpine', init: true, cap_add: [NET_ADMIN], command: sh -c 'exec sleep 99'}}"
    )
    code, said = report(tmp_path, "--allow=capabilities")
    assert (code, places(said)) == (0, [])
    assert [risk["what"] for risk in said["allowed"]] == ["cap_add: NET_ADMIN"]


def test_a_failed_run_counts_even_if_the_last_one_worked(tmp_path, report):
    (tmp_path / "state").mkdir()
    (tmp_path / "compose.yaml").write_text(
        """services:
  first:
    image: python:3.13-alpine
    command: sh -c "test -e /state/ran || { touch /state/ran; exit 1; }"
    volumes: ["./state:/state"]
  second:
    image: python:3.13-alpine
    init: true
    command: sleep 600
    depends_on: {first: {condition: service_completed_successfully}}
"""
    )
    code, said = report(tmp_path, "--runs=2")
    (found,) = [one for one in said["findings"] if one["rule"] == "does-not-come-up"]
    assert (code, found["measured"].splitlines()[0]) == (1, "In 1 of 2 runs it did not come up.")
    assert {service["name"] for service in said["services"]} == {"first", "second"}


def test_volumes_and_networks_with_a_fixed_name_are_not_touched(report):
    client = connect()
    for left in (*client.networks.list(names=["precious-network"]), *client.volumes.list(filters={"name": "precious-data"})):
        left.remove()  # from a killed run: these have no label of ours
    volume, network = client.volumes.create("precious-data"), client.networks.create("precious-network")
    try:
        mounted = {volume.name: {"bind": "/data", "mode": "rw"}}
        client.containers.run("python:3.13-alpine", ["touch", "/data/kept"], volumes=mounted, network=network.name, remove=True)
        code, _ = report(PROJECTS / "names-of-their-own")
        assert code == 0
        said = client.containers.run("python:3.13-alpine", ["ls", "/data"], volumes=mounted, network=network.name, remove=True)
        assert said == b"kept\n"  # and not what the project writes there
    finally:
        volume.remove()
        network.remove()


@pytest.mark.skipif(sys.platform != "linux", reason="Docker Desktop gives each file the reader's own number")
def test_files_that_root_creates_in_a_bind_mount_are_found_and_not_left_in_the_folder(tmp_path, report):
    folder = shutil.copytree(PROJECTS / "bind-mount", tmp_path / "bind-mount")
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, 1234, 1234)
    code, said = report(folder)
    assert (code, places(said)) == (1, ["root-owned-files compose.yaml:6"])
    assert "out/result.txt" in said["findings"][0]["measured"]
    assert [path.name for path in (folder / "out").iterdir()] == [".keep"]


def test_ctrl_c_leaves_nothing(tmp_path, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("scratch")
    started = [sys.executable, "-m", "book", "report", str(PROJECTS / "slow"), "--runs=50", "--json"]
    process = subprocess.Popen(
        started,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell ignores it for a background job
    )
    seen = {"label": f"{labels.LABEL}.recipe=slow"}
    limits.wait_until(
        lambda: bool(connect().containers.list(ignore_removed=True, filters=seen)) or process.poll() is not None, 300, every=0.1
    )
    assert connect().containers.list(ignore_removed=True, filters=seen), (
        process.communicate()[0] if process.poll() is not None else "nothing came up"
    )
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: Compose receives it, too
    said, _ = process.communicate(timeout=300)
    assert process.returncode != 0
    assert said.rstrip().endswith("✗ stopped")
    client = connect()
    assert (
        client.containers.list(ignore_removed=True, all=True, filters=seen)
        == client.networks.list(filters=seen)
        == client.volumes.list(filters=seen)
        == []
    )
    assert client.images.list(filters=seen) == []
    assert [path.name for path in scratch.iterdir() if path.name.startswith("report-")] == []
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_not_available_is_named_first_and_the_rest_is_reported(report, capsys):
    code, said = report(PROJECTS / "missing-images")
    assert code == 2
    assert [words.partition(":")[0] for words in said["missing"]] == ["python", "docker-recipes.invalid/broker"]
    assert places(said) == ["end-of-life Dockerfile:1", "listens-on-loopback compose.yaml:5", "unpinned-image compose.yaml:8"]
    assert [service["name"] for service in said["services"]] == ["web"]
    run(str(PROJECTS / "missing-images"), "--patience=2", "--no-page")
    assert capsys.readouterr().out.startswith("✗ missing: python:3.9-slim")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["nowhere"], "There is no folder"),
        (["{empty}"], "has neither a Dockerfile nor a Compose file"),
        (["{empty}", "-f", "live.yaml"], "has no file live.yaml"),
    ],
)
def test_a_project_that_cannot_be_run_ends_in_2_with_the_reason(given, words, tmp_path, capsys):
    assert run(*(part.format(empty=tmp_path) for part in given)) == 2
    assert words in capsys.readouterr().err


def test_the_reader_chooses_which_findings_fail_the_command(report):
    assert report(PROJECTS / "profiles", "--fail-on=never")[0] == 0
    without, said = report(PROJECTS / "profiles", "--fail-on=error")
    assert (without, json.dumps(said["exit_code"])) == (1, "1")
