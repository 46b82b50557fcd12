"""Process 1 of a service: from the engine's list, else from the container, else as it was declared."""

from types import SimpleNamespace

import pytest
from docker.errors import APIError, NotFound

from book.measure import service

STATUS = "Name:\tpython\nUid:\t1000\t1000\t1000\t1000\nThreads:\t1\n"


def refused(code, kind=APIError):
    def answer(*arguments, **options):
        raise kind("refused", SimpleNamespace(status_code=code, reason="", url=""))

    return answer


def container(top=lambda ps_args: {"Processes": []}, run=None, pid=77, init=False, user="1000:1000"):
    attributes = {"State": {"Pid": pid}, "HostConfig": {"Init": init}, "Config": {"User": user}, "Path": "python", "Args": ["-m", "app"]}
    return SimpleNamespace(attrs=attributes, top=top, exec_run=run or refused(500))


def cat(output, code=0):
    return lambda command: (code, output.encode())


def rows(*found):
    return lambda ps_args: {"Processes": [row.split() for row in found]}


def test_the_list_of_the_engine_comes_first():
    assert service._process_one(container(rows("76 0 sh", "77 5 python -m app"), cat("other\0"))) == (5, "python -m app")


@pytest.mark.parametrize("top", [refused(500), rows("1 0 sleep 100"), lambda ps_args: {"Processes": None}])
def test_without_it_in_the_list_it_is_read_in_the_container(top):
    assert service._process_one(container(top, cat(f"python\0-c\0print('a b')\0{STATUS}"))) == (1000, "python -c print('a b')")


@pytest.mark.parametrize("run", [refused(500), refused(400), cat("cat: not found", 127), cat("", 0)])
def test_if_the_container_has_no_cat_it_is_as_declared(run):
    assert service._process_one(container(refused(500), run)) == (1000, "python -m app")


@pytest.mark.parametrize(("user", "uid"), [("", 0), ("0:5", 0), ("postgres", None)])
def test_a_declared_user_may_have_only_a_name(user, uid):
    assert service._process_one(container(refused(500), user=user, init=True)) == (uid, "/sbin/docker-init -- python -m app")


@pytest.mark.parametrize("run", [refused(409), refused(404, NotFound)])
def test_nothing_runs_in_a_container_that_ended(run):
    assert service._process_one(container(refused(409), run)) == (None, "")
    assert service._process_one(container(rows("77 0 sh"), pid=0)) == (None, "")
