"""What is asked of an engine, with an engine that only pretends to be one."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from docker.errors import NotFound

from book import engine
from book.engine import client, plugins
from book.trouble import TookTooLong


def of_api(**answers):
    return SimpleNamespace(api=SimpleNamespace(base_url="http+docker://localhost", **answers))


@pytest.fixture
def use(monkeypatch):
    """Let the book use an engine that pretends."""

    def use(pretended):
        for module in (client, sys.modules["book.engine.provenance"]):
            monkeypatch.setattr(module, "connect", lambda: pretended)
        client.has_buildkit.cache_clear()

    yield use
    client.has_buildkit.cache_clear()


@pytest.mark.parametrize(("headers", "found"), [({"Builder-Version": "2"}, True), ({"Builder-Version": "1"}, False), ({}, False)])
def test_an_engine_says_which_builder_it_has(use, headers, found):
    use(of_api(get=lambda address: SimpleNamespace(headers=headers)))
    assert engine.has_buildkit() is found


@pytest.mark.parametrize(
    ("driver", "status", "store"),
    [
        ("overlay2", [["Backing Filesystem", "extfs"]], "overlay2"),
        ("overlayfs", [["driver-type", "io.containerd.snapshotter.v1"]], "containerd (overlayfs)"),
        ("overlay", None, "overlay"),
    ],
)
def test_the_image_store_is_named(use, driver, status, store):
    use(SimpleNamespace(info=lambda: {"Driver": driver, "DriverStatus": status}))
    assert engine.storage() == store


@pytest.mark.parametrize(
    ("attributes", "origin"),
    [
        ({"RepoDigests": ["a@sha256:12"]}, "registry"),
        ({"RepoDigests": ["a@sha256:12"], "Descriptor": {"digest": "sha256:12"}}, "registry"),
        ({"RepoDigests": ["a@sha256:12"], "Descriptor": {"digest": "sha256:12", "annotations": {"config.digest": "sha256:34"}}}, "local"),
        ({"RepoDigests": []}, "local"),
    ],
    ids=["pulled, overlay2", "pulled, containerd", "built, containerd", "built, overlay2"],
)
def test_what_was_built_here_is_not_from_a_registry(use, attributes, origin):
    use(SimpleNamespace(images=SimpleNamespace(get=lambda name: SimpleNamespace(attrs={"Id": "sha256:1", "Config": {}, **attributes}))))
    assert engine.origin("a:1").origin == origin


def test_a_list_of_images_that_another_run_disturbs_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(client, "_AGAIN_SECONDS", 0)
    answers = iter([NotFound("gone"), NotFound("gone"), [{"Id": "sha256:1"}]])

    def images(**options):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert engine.list_images(of_api(images=images)) == [{"Id": "sha256:1"}]


def test_a_tool_that_prints_nothing_is_stopped(monkeypatch):
    """The second limit: one that prints goes on until the first."""

    def start(*arguments, **options):
        script = "echo begun >&2; exec sleep 60"
        return subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    monkeypatch.setattr(plugins, "start", start)
    with pytest.raises(TookTooLong, match=r"docker buildx build printed nothing for 0\.2 seconds"):
        plugins.tool("buildx", "build", silent=0.2)
