import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from book import engine, places
from book.chapters import soak
from book.engine import plugins
from book.measure import limits
from book.offline import daemon
from book.places import PRIVATE_SOCKET, ROOT
from book.trouble import TookTooLong


def python(code, **environment):
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True)


def test_the_tools_are_installed_and_new_enough():
    assert engine.preflight().startswith("Engine ")


def test_if_no_engine_responds_the_message_says_what_was_tried_and_what_to_do():
    code = "from book.engine import client; client._candidates = lambda: iter(['unix:///nowhere.sock']); client.connect()"
    shown = python(code, DOCKER_HOST="", DOCKER_CONTEXT="default").stderr
    assert "unix:///nowhere.sock" in shown
    assert "Start Docker Desktop" in shown


def test_a_buildx_that_is_too_old_is_named():
    code = "from book import engine; engine.plugins._BUILDX_NEEDED = (99, 0); engine.preflight()"
    assert "is too old: Compose wants 99.0 or newer" in python(code).stderr


def test_a_missing_tool_is_named():
    code = (
        "from pathlib import Path; from book import engine; from book.engine import plugins; "
        "plugins.HOME = Path('/nowhere'); plugins._PLUGIN_FOLDERS = (); engine.preflight()"
    )
    assert "docker-buildx is missing" in python(code, PATH="/nowhere").stderr


def test_provenance_names_engine_driver_and_origin():
    found = engine.provenance(["python:3.13-alpine", "book-no-such-image:1"])
    assert found.engine
    assert engine.connect().info()["Driver"] in found.storage_driver
    assert found.bases[0].origin in ("registry", "stand-in")
    assert found.bases[1].detail == "not on this engine"


def test_only_its_owner_can_use_the_private_engine():
    if not PRIVATE_SOCKET.exists():
        pytest.skip("the engine in use is not this project's private one")
    assert stat.S_IMODE(PRIVATE_SOCKET.stat().st_mode) == 0o600


SECOND_CLONE = """
import sys
from pathlib import Path
from book.commands import needs
from book.engine import plugins
from book.measure import limits
from book.offline import daemon
plugins.HOME = daemon.HOME = Path(sys.argv[1])
plugins._PLUGIN_FOLDERS = ()
needs.have_engine()
print(plugins._plugins()["docker-buildx"])
"""


def test_a_second_clone_that_finds_the_private_engine_fetches_its_own_tools(tmp_path):
    if not daemon.in_use():
        pytest.skip("the engine in use is not this project's private one")
    variables = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SECOND_CLONE, str(tmp_path)]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(str(tmp_path))


@pytest.mark.alone
def test_if_compose_is_stopped_the_builder_is_stopped_too(tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.13-alpine\nRUN sleep 100 # {tmp_path.name}\n")
    (tmp_path / "compose.yaml").write_text("services: {web: {build: .}}\n")
    lines, before = [], soak.holds()
    with pytest.raises(TookTooLong, match="docker compose build did not end within 20 seconds"):
        plugins.tool("compose", "--progress=plain", "build", cwd=tmp_path, timeout=20, heard=lines.append)
    assert any("Building" in line for line in lines)
    assert limits.wait_until(lambda: soak.holds() == before, 60)
    assert limits.wait_until(lambda: all(process.info["cwd"] != str(tmp_path) for process in psutil.process_iter(["cwd"])), 60)


def test_the_tools_use_the_logins_of_the_reader(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/config.json").write_text('{"auths": {}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "theirs"))
    monkeypatch.setattr(places, "HOME", tmp_path / "home")
    plugins.tool_environment()
    config = Path(plugins.tool_environment()["DOCKER_CONFIG"])
    assert (config / "config.json").read_text() == '{"auths": {}}'
    assert (config / "cli-plugins/docker-compose").exists()
