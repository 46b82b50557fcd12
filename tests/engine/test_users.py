"""The processes of every current recipe run as an ordinary user."""

import re
from contextlib import ExitStack

import pytest

from book import Recipe
from book.engine import connect
from book.places import ROOT

RECIPES = ROOT / "recipes"
CURRENT = sorted(file.relative_to(RECIPES) for file in RECIPES.rglob("compose.yaml"))
DOCKERFILES = sorted(file.relative_to(RECIPES) for file in RECIPES.rglob("*Dockerfile") if "as-noted" not in str(file))
AS_ROOT = {
    "01-environment-in-an-image/no-root.Dockerfile": "the 2021 recipe with one fault fixed",
    "01-environment-in-an-image/one-sign.Dockerfile": "the 2021 recipe with two faults fixed",
    "01-environment-in-an-image/shells.Dockerfile": "runs a shell, and serves nothing",
    "03-smaller-images/one-run.Dockerfile": "shows layers, and serves nothing",
    "03-smaller-images/two-runs.Dockerfile": "shows layers, and serves nothing",
    "08-virtual-machine/Dockerfile": "a machine: sshd starts as root, and an ordinary user logs in",
}


def roots(stack, service):
    """The programs of root below process 1 of a service; health checks and this query are not below it."""
    container = connect().containers.get(stack.service(service).container)
    first = container.attrs["State"]["Pid"]
    rows = container.top(ps_args="-eo pid,ppid,uid,comm")["Processes"]  # from the engine: not every image has a shell
    found = {int(pid): (name, int(parent), int(user)) for pid, parent, user, name in rows}
    assert first in found

    def below_first(pid):
        return pid == first or (pid in found and below_first(found[pid][1]))

    return [name for pid, (name, _, user) in found.items() if user == 0 and below_first(pid)]


@pytest.mark.parametrize("file", CURRENT, ids=str)
def test_no_process_of_a_recipe_runs_as_root(file):
    recipe = Recipe(file.parts[0])
    with ExitStack() as last:
        shared = recipe.network("users")
        last.callback(shared.remove)
        stack = last.enter_context(recipe.up(str(file.relative_to(recipe.name)), NETWORK=shared.name))
        assert {service.name: roots(stack, service.name) for service in stack.services()} == {
            service.name: [] for service in stack.services()
        }


def test_root_is_found(written):
    with written().up() as stack:
        assert "python" in roots(stack, "web")


def user_of(dockerfile):
    """The user of the last stage: its own, or that of the stage that it starts from."""
    users, stage = {}, ""
    for base, name, user in re.findall(r"^(?:FROM (?:--\S+ )*(\S+)(?: +AS +(\S+))?|USER +(\S+))", dockerfile, re.MULTILINE | re.IGNORECASE):
        if base:
            stage, users[name or "last"] = name or "last", users.get(base, "root")
        else:
            users[stage] = user
    return users[stage].partition(":")[0]


@pytest.mark.parametrize("file", DOCKERFILES, ids=str)
def test_a_current_image_has_a_user_or_a_reason_for_root(file):
    user = user_of((RECIPES / file).read_text())
    assert (user in ("root", "0")) == (str(file) in AS_ROOT), user
