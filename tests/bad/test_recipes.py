"""Invalid recipes on a real engine: each gives a clear message and leaves nothing behind."""

import shutil
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from book import Recipe
from book.engine import connect, labels, leftovers
from book.measure.builder import BuildFailed
from book.trouble import Trouble

RECIPES = Path(__file__).parent / "recipes"
_HANGS = 300  # seconds: after these, a recipe is considered to hang
_HEALTHY = 15  # seconds for a service to become healthy
_LONGEST = 30  # lines of a message

# folder → what its message must contain: our sentence with the next step, and Docker's output
UP = {
    "not-yaml": ("It is invalid YAML from line 3 on", "did not find expected ',' or ']'"),
    "wrong-indent": ("It is invalid YAML from line 2 on", "did not find expected key"),
    "prose": ("It must begin with keys, such as `services:`", "top-level object must be a mapping"),
    "tabs": ("Line 2", "never tabs", "cannot start any token"),
    "list-at-the-top": ("It must begin with keys", "top-level object"),
    "services-as-a-list": ("Write what belongs to services below it", "services must be a mapping"),
    "service-as-a-word": ("Write what belongs to services.web below it", "services.web must be a mapping"),
    "empty-service": ("Write what belongs to services.web below it", "must be a mapping"),
    "empty-file": ("declare a service under `services`", "empty compose file"),
    "no-services": ("declare a service under `services`", "no service selected"),
    "nothing-to-run": ("Give web an `image` or a `build`", "neither an image nor a build context"),
    "key-twice": ('Line 4 repeats the key "image"', "already defined at line 3"),
    "undefined-anchor": ("Line 3 names *common", "unknown anchor 'common'"),
    "self-anchor": ("own anchor", "cycle detected"),
    "billion-laughs": ("compose.yaml is not read", "aliases unfold", "Take some of them out"),
    "unknown-key": ("Compose knows no key imgae there", "services.web.imgae"),
    "unknown-top-key": ("Compose knows no key sevices", "additional properties 'sevices'"),
    "wrong-type": ("services.web.environment below it", "must be a mapping"),
    "port-not-a-number": ("A port is a number from 1 to 65535", "invalid hostPort: http"),
    "port-too-high": ("A port is a number from 1 to 65535", "invalid hostPort: 99999"),
    "duration-not-one": ("Write a time as 30s", 'invalid duration "soon"'),
    "memory-not-one": ("Write a size as 512m", "twelve"),
    "service-name-not-ascii": ("The name müsli cannot be a service's", "not allowed"),
    "image-name-in-capitals": ("in lowercase", "Python"),
    "undefined-depends-on": ("Declare database under `services`", 'depends on undefined service "database"'),
    "depends-on-itself": ("take one out of `depends_on`", "web -> web"),
    "circle": ("take one out of `depends_on`", "chicken -> egg -> chicken"),
    "undefined-network": ("Declare back under `networks`", "undefined network back"),
    "undefined-volume": ("Declare data under `volumes`", "undefined volume data"),
    "undefined-secret": ("Declare password under `secrets`", "undefined secret password"),
    "undefined-config": ("Declare settings under `configs`", "undefined config settings"),
    "required-variable": ('PYTHON_VERSION_WANTED="…"', "say which Python"),
    "bad-variable": ("Close its brace", "services.web.image"),
    "missing-env-file": ("Write secrets.env", "secrets.env not found"),
    "bad-env-file": ("Close its quotes", "bad.env: line"),
    "missing-include": ("There is no other.yaml", "open other.yaml"),
    "include-circle": ("take one reference out", "include cycle detected"),
    "missing-extends": ("There is no common.yaml", "open common.yaml"),
    "extends-circle": ("take one reference out", "Circular reference"),
    "missing-build-context": ("Make the folder app", 'path "app" not found'),
    "context-out-of-the-folder": ("Make the folder ../no-such-neighbour", "not found"),
    "missing-dockerfile": ("There is no Dockerfile in that folder", "failed to read dockerfile"),
    "two-services-on-one-port": ("holds that port", "port is already allocated"),
    "same-container-name": ("its own `container_name`", "only-one"),
    "missing-secret-file": ("Write password.txt first", "bind source path does not exist"),
    "missing-secret-variable": ('PASSWORD_THAT_NOBODY_SET="…"', 'secret "password" is not set'),
    "missing-external-network": ("docker network create a-network-that-nobody-made", "declared as external"),
    "missing-external-volume": ("docker volume create a-volume-that-nobody-made", "not found"),
    "bad-subnet": ("Write a subnet as 10.10.0.0/16", "10.300.0.0/16"),
    "missing-image": ("The image is not available", "nobody/nothing"),
    "command-not-found": ("no-such-program is not in the image", "executable file not found"),
    "python-module-not-found": ("Install no_such_module in the image", "web (exited, exit code 1) said"),
    "ends-at-once": ("ended with exit code 3", "I cannot go on"),
    "no-such-user": ("Make the user nobody-knows-me", "unable to find user"),
    "no-such-folder": ("Begin the working directory with a slash", "relative/folder"),
    "never-healthy": ("Its health check does not pass", "web's health check (exit code 1) said:\nthe database is asleep"),
    "unhealthy": ("Its health check does not pass", "web-1 is unhealthy", "the database is asleep"),
    "health-check-not-found": ("curl is not in the image", "web's health check"),
    "exec-format-error": ("/start is not a program for this machine", "exec format error"),
    "script-with-crlf": ("line ends of Windows (CRLF)", "/start.sh"),
    "script-not-executable": ("COPY it with --chmod=755", "permission denied"),
    "command-in-single-quotes": ("in double quotes", "[python,: not found"),
    "build-fails-in-a-service": ("A RUN ended with exit code 5", "Dockerfile:3", "the disk is made of cheese"),
}
BUILD = {
    "dockerfile-empty": ("It needs a first instruction: FROM", "cannot be empty"),
    "dockerfile-only-comments": ("It needs a first instruction: FROM", "no instructions"),
    "dockerfile-no-from": ("It needs a first instruction: FROM", "no build stage"),
    "dockerfile-from-nothing": ("(line 1)", "Name a base image after FROM"),
    "dockerfile-unknown-instruction": ("(line 2)", "RUNN is not an instruction", "did you mean RUN?"),
    "dockerfile-prose": ("(line 1)", "Take is not an instruction"),
    "dockerfile-no-arguments": ("(line 2)", "all that it needs", "COPY requires at least two arguments"),
    "dockerfile-bad-flag": ("(line 2)", "--form is not a flag", "did you mean from?"),
    "dockerfile-copy-missing": ("(line 2)", "app.py is not in the recipe's folder", "not found"),
    "dockerfile-copy-from-outside": ("(line 2)", "a build sees no other", "COPY ../../secret"),
    "dockerfile-copy-ignored": ("(line 2)", ".dockerignore leaves it out", "not found"),
    "dockerfile-run-fails": ("(line 2)", "A RUN ended with exit code 5", "the disk is made of cheese"),
    "dockerfile-run-not-found": ("(line 2)", "apt-get is not in the image"),
    "dockerfile-missing-image": ("(line 1)", "The image is not available", "nobody/nothing"),
    "dockerfile-image-in-capitals": ("(line 1)", "in lowercase"),
    "dockerfile-undefined-argument": ("(line 1)", "Give the variable a value", "NOTHING"),
    "dockerfile-undefined-stage": ("(line 2)", "No stage is named bulid"),
    "dockerfile-stage-number": ("There is no stage number 7", "invalid stage index"),
    "dockerfile-open-heredoc": ("(line 2)", "Close the here-document", "unterminated heredoc"),
    "dockerfile-ends-in-a-continuation": ("A RUN ended with exit code 2", "syntax error"),
    "dockerfile-bad-port": ("(line 2)", "A port is a number", "web"),
    "dockerfile-missing-build-secret": ("(line 2)", "the secret token", "not found"),
    "dockerfile-unknown-mount": ("(line 2)", "A mount's type is", "banana"),
    "dockerfile-no-such-user": ("(line 3)", "Make the user nobody-knows-me"),
    "dockerfile-bad-health-check": ("(line 2)", "Write a time as 30s", "soon"),
    "dockerfile-bad-signal": ("(line 2)", "Write a signal as SIGTERM", "SIGBANANA"),
}


class _NoImages(BaseHTTPRequestHandler):
    """A registry without images, which answers as the distribution protocol demands."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body = b"{}" if self.path == "/v2/" else b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
        self.send_response(200 if self.path == "/v2/" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def registry():
    with ThreadingHTTPServer(("127.0.0.1", 0), _NoImages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def recipe(tmp_path, registry):
    """A copy of a recipe in this folder, so that no message contains a path of the book."""

    def make(name: str) -> Recipe:
        folder = Path(shutil.copytree(RECIPES / name, tmp_path / name))
        for file in folder.glob("*"):
            if file.name in ("compose.yaml", "Dockerfile"):
                file.write_bytes(file.read_bytes().replace(b"{registry}", registry.encode()))
        return Recipe(folder)

    return make


@pytest.fixture(autouse=True)
def in_time():
    """Fail a test that hangs."""

    def enough(*_: object) -> None:
        raise AssertionError(f"The test hangs: no result after {_HANGS} seconds.")

    before = signal.signal(signal.SIGALRM, enough)
    signal.alarm(_HANGS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


class Watch:
    """What the engine creates during the test, by its events: other runs may use the same engine at the same time."""

    def __init__(self) -> None:
        self._events = connect().events(decode=True)
        self.containers: set[str] = set()
        self.networks: set[str] = set()
        self.volumes: dict[str, str] = {}  # volume → the container that it was mounted in
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for event in self._events:
            actor, kind = event.get("Actor", {}), (event.get("Type"), event.get("Action"))
            attributes = actor.get("Attributes", {})
            if kind == ("container", "create") and attributes.get(labels.LABEL) == labels.RUN:
                self.containers.add(actor["ID"])
            if kind == ("network", "create") and labels.RUN in attributes.get("name", ""):
                self.networks.add(actor["ID"])
            if kind == ("volume", "mount"):
                self.volumes[actor["ID"]] = attributes.get("container", "")

    def left(self) -> set[str]:
        self._events.close()
        self._thread.join(5)
        api, ours = connect().api, {"label": f"{labels.LABEL}={labels.RUN}"}
        there = {thing["Id"] for thing in [*api.containers(all=True), *api.networks()]}
        volumes = {volume["Name"] for volume in api.volumes()["Volumes"] or []}
        made = {volume for volume, container in self.volumes.items() if container in self.containers}
        labelled = [*api.containers(all=True, filters=ours), *api.networks(filters=ours), *api.images(all=True, filters=ours)]
        labelled_volumes = {volume["Name"] for volume in api.volumes(filters=ours)["Volumes"] or []}
        return ((self.containers | self.networks) & there) | (made & volumes) | {thing["Id"] for thing in labelled} | labelled_volumes


@pytest.fixture
def nothing_is_left():
    watch = Watch()
    yield
    left = watch.left()
    leftovers.reap(connect(), only=labels.RUN)  # so that the next test does not fail because of this one
    assert left == set()


def message(trouble: Trouble, folder: Path) -> str:
    """The message as a page shows it: without a traceback, a path of this machine or an id, and not too long."""
    (page,) = trouble._render_traceback_()
    assert "Traceback" not in page
    assert str(folder.parent) not in page
    assert labels.RUN not in page
    assert len(page.splitlines()) <= _LONGEST
    return page


@pytest.mark.parametrize("name", UP)
def test_an_invalid_compose_file_gives_a_clear_message_and_leaves_nothing(name, recipe, nothing_is_left):
    bad = recipe(name)
    with pytest.raises(Trouble) as trouble:
        bad.up(limit=_HEALTHY, free_ports=name != "two-services-on-one-port")
    page = message(trouble.value, bad.path)
    assert page.startswith("compose.yaml ")
    assert [part for part in UP[name] if part not in page] == []


@pytest.mark.parametrize("name", BUILD)
def test_an_invalid_dockerfile_gives_a_clear_message_and_leaves_nothing(name, recipe, nothing_is_left):
    bad = recipe(name)
    with pytest.raises(BuildFailed) as trouble:
        bad.build()
    page = message(trouble.value, bad.path)
    assert page.startswith("Dockerfile does not build")
    assert [part for part in BUILD[name] if part not in page] == []
    bad.down()  # the end of a chapter: it also removes the builder's steps


@pytest.mark.parametrize("name", sorted(folder.name for folder in RECIPES.glob("legal-*")))
def test_an_unusual_but_valid_recipe_works(name, recipe, nothing_is_left):
    with recipe(name).up() as stack:
        assert {service.state for service in stack.services()} == {"running"}
        if name == "legal-both-names":
            assert "Using compose.yaml" in stack.warnings
            assert [service.name for service in stack.services()] == ["web"]
        if name == "legal-names-not-in-ascii":
            assert stack.environment("web")["GRÜSSE"] == "Grüße, 世界"
            assert stack.exec("web", "cat", "/für.txt").text == "Grüße\n"


def test_every_invalid_recipe_is_tested():
    legal = {folder.name for folder in RECIPES.glob("legal-*")}
    assert {folder.name for folder in RECIPES.iterdir() if folder.is_dir()} - legal == {*UP, *BUILD}
