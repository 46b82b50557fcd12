import io
import subprocess
import tarfile

import pytest

from book.offline import debian, tools
from book.recipe import Recipe


class Quiet:
    def __call__(self, *of):
        pass

    def note(self, text):
        pass


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A project folder for each test, on a machine without both tools."""
    monkeypatch.setattr(tools, "HOME", tmp_path / "home")
    monkeypatch.setattr(tools, "PROGRAMS", tmp_path / "home/bin")
    monkeypatch.setattr(tools, "missing", lambda name: "" if (tmp_path / "home/bin" / name).exists() else f"no {name}")


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm whose `pack` creates an archive with one program."""
    program, archive = tmp_path / "npm", tmp_path / "cli.tgz"
    text = b"console.log('the dev container CLI')\n"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("package/devcontainer.js")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    program.write_text(f"#!/bin/sh\ncp {archive} cli.tgz && echo cli.tgz\n")
    program.chmod(0o755)
    monkeypatch.setattr(tools, "node_and_npm", lambda step: ("/bin/echo", [str(program)]))
    return archive


def test_the_files_of_a_recipe_decide_which_tools_it_needs(tmp_path):
    (tmp_path / "Vagrantfile").touch()
    assert tools.wanted([Recipe(tmp_path)]) == ["vagrant"]
    (tmp_path / ".devcontainer").mkdir()
    assert tools.wanted([Recipe(tmp_path)]) == ["vagrant", "devcontainer"]


def test_the_other_recipes_need_none():
    assert tools.wanted([Recipe("03-smaller-images")]) == []


def test_vagrant_is_installed_on_debian_only(monkeypatch):
    monkeypatch.setattr(debian, "distribution", lambda: "fedora")
    assert "not Debian" in tools.ensure(["vagrant"], Quiet())["vagrant"]


def test_the_reason_includes_the_error_of_debian(monkeypatch):
    def refuse(packages, say):
        raise debian.NoPackages(f"{packages[0]} can only be installed by root")

    monkeypatch.setattr(debian, "distribution", lambda: "debian")
    monkeypatch.setattr(debian, "install", refuse)
    assert "only be installed by root" in tools.ensure(["vagrant"], Quiet())["vagrant"]


def test_a_package_with_another_hash_is_refused(npm):
    assert "is not the published package" in tools.ensure(["devcontainer"], Quiet())["devcontainer"]
    assert not (tools.PROGRAMS / "devcontainer").exists()


def test_the_published_package_becomes_a_program(npm, monkeypatch):
    monkeypatch.setattr(tools, "_CLI_SHA512", tools._digest(npm))
    assert tools.ensure(["devcontainer"], Quiet()) == {}
    printed = subprocess.check_output([tools.PROGRAMS / "devcontainer", "up"], text=True)
    assert printed.split() == [str(tools.HOME / "devcontainers/package/devcontainer.js"), "up"]


@pytest.mark.parametrize(("printed", "number"), [("v20.1.0", 20), ("v9.0.0", 9), ("nonsense", 0)])
def test_the_version_of_node_is_read(tmp_path, printed, number):
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {printed}\n")
    node.chmod(0o755)
    assert tools._version(str(node)) == number


def test_if_the_system_has_no_node_or_an_old_one_it_is_installed_from_pypi(monkeypatch):
    asked = []
    monkeypatch.setattr(tools.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(tools, "_version", lambda node: 18)
    monkeypatch.setattr(tools.subprocess, "run", lambda command, **options: asked.append(command))
    node, npm = tools.node_and_npm(Quiet())
    assert {"--require-hashes", f"--requirement={tools._NODE}"} <= set(asked[0])
    assert npm[0] == str(node)
    assert str(node).startswith(str(tools.HOME))
