"""If one important line in the recipe of chapter 8 is changed, its claims fail."""

import os

import pytest

from book import Recipe
from book.measure import probe, tool
from book.measure.answer import NoAnswer


def broken(file, line, instead=""):
    recipe = Recipe("08-virtual-machine").copy()
    text = recipe.read(file)
    assert line in text
    (recipe.path / file).write_text(text.replace(line, instead))
    return recipe


def needs(name):
    if tool.missing(name) and os.environ.get("CI") != "true":
        pytest.skip(tool.missing(name))


def test_a_machine_without_ssh_starts_and_does_not_serve():
    needs("vagrant")
    recipe, port = broken("Vagrantfile", "    container.has_ssh = true\n"), tool.free_port()
    try:
        up = recipe.tool("vagrant", "up", "--provider=docker", IMAGE=recipe.build().id, PORT=str(port))
        assert up.exit_code == 0
        with pytest.raises(NoAnswer):
            probe.ask(port, "/word", limit=1)
    finally:
        recipe.tool("vagrant", "destroy", "--force")


def test_an_unknown_setting_is_found():
    needs("vagrant")
    recipe = broken("Vagrantfile", "config.vm.box = ", "config.vm.bocks = ")
    assert recipe.tool("vagrant", "validate", "--ignore-provider").exit_code != 0


def test_a_dev_container_without_its_command_has_no_flask():
    needs("devcontainer")
    recipe = broken(".devcontainer/devcontainer.json", '"postCreateCommand"', '"name2"')
    place = ("--workspace-folder", ".")
    assert recipe.tool("devcontainer", "up", *place).exit_code == 0
    assert recipe.tool("devcontainer", "exec", *place, "python", "-m", "unittest", "discover", "app").exit_code != 0
