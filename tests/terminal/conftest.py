"""A reader's terminal: a shell with Docker's command line, in what the download of a recipe contains."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page import CURLRC
from shell import Shell, opened

from book import Recipe, engine
from book.engine import plugins
from book.offline import daemon
from book.site import archives

_FROM_OUTSIDE = ("BOOK_", "BUILDX_", "COMPOSE_", "DOCKER_", "PYTEST_", "VIRTUAL_ENV")  # a reader's shell has none of them


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[[str], Shell]]:
    """Open a shell in an unpacked download; at its end, everything that its commands made is removed from the engine."""
    _needs()
    client = engine.connect()
    bases = {image["Id"] for image in client.api.images()}
    closing = []

    def open_in(name: str) -> Shell:
        shell = opened(_unpacked(name, tmp_path), _folder(tmp_path / "notes"), _environment(tmp_path))
        closing.append(shell)
        return shell.__enter__()

    yield open_in
    for shell in closing:
        shell.__exit__(None, None, None)
    for container in client.containers.list(all=True, ignore_removed=True):
        container.remove(force=True, v=True)
    client.networks.prune()
    client.volumes.prune({"all": True})
    for image in client.api.images():
        if image["Id"] not in bases:
            client.images.remove(image["Id"], force=True)


def _needs() -> None:
    """Everything on the engine is removed afterwards: it must be a second one, which `make test` starts."""
    if not os.environ.get("DOCKER_HOST", "").startswith("unix:///run/docker-recipes-second-"):
        message = "The commands of pages run on a second engine, which the stage Terminal of `make test` starts."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    if not shutil.which("curl"):
        pytest.fail("curl is missing, and the pages use it: install it (`apt-get install curl`), and run this again.")


def _unpacked(name: str, tmp_path: Path) -> Path:
    """The folder that a reader has after they unpacked the download; the programs in it can be run."""
    archives.write(tmp_path / "downloads", [Recipe(name)])
    with zipfile.ZipFile(tmp_path / f"downloads/{name}.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
        for entry in archive.infolist():  # `unzip` sets the permissions, and Python does not
            (tmp_path / "unpacked" / entry.filename).chmod(entry.external_attr >> 16)
    return tmp_path / "unpacked" / name


def _environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a shell that has a home, `docker`, its plugins and the engine, and nothing of this run."""
    programs, home, plugins_of = (_folder(tmp_path / name) for name in ("bin", "home", "config/cli-plugins"))
    (programs / "docker").symlink_to(daemon.program("docker"))
    (home / ".curlrc").write_text(CURLRC)
    for plugin in (Path(plugins.tool_environment()["DOCKER_CONFIG"]) / "cli-plugins").iterdir():
        (plugins_of / plugin.name).symlink_to(plugin.resolve())
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(_FROM_OUTSIDE)}
    return {
        **theirs,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "DOCKER_CONFIG": str(plugins_of.parent),
        "DOCKER_HOST": os.environ["DOCKER_HOST"],
    }


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
