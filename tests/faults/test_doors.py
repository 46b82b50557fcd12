"""What the book must not open: ports, the engine's socket, secrets, this machine's names, pages to a container's HTML."""

import json
import re
import stat

import pytest

from book.files.compose import ComposeFile, read
from book.offline import owner
from book.places import PRIVATE_SOCKET, ROOT
from book.show import connectivity, layers, packages, services, sizes, timeline

RECIPES = sorted(path for path in (ROOT / "recipes").iterdir() if path.is_dir())
COMPOSED = sorted(path for folder in RECIPES for path in folder.rglob("*compose*.y*ml"))
CANARY = "canary-5b1e7c"


def test_only_127_0_0_1_is_published(own, recipe):
    """Asked from this machine, which is another one to the engine's network: the bridge's gateway gives no answer, 127.0.0.1 does."""
    folder = recipe(
        "services:\n  web:\n    image: python:3.13-alpine\n    command: python -m http.server 80\n    init: true\n    ports: ['80:80']\n"
    )
    code = f"""
import socket, subprocess, sys
from book import Recipe, engine
from book.engine import leftovers
recipe = Recipe({str(folder)!r})
stack = recipe.up()
port = int(stack.url('web').rpartition(':')[2])
stack.ask('web')
attempt = f"import socket; socket.create_connection(('10.98.255.1', {{port}}), 3)"
inside = engine.connect().containers.run('python:3.13-alpine', ['python', '-c', attempt], detach=True, labels=leftovers.labels(''))
code = inside.wait(timeout=30)['StatusCode']
print(code, inside.logs().decode()[-200:])
recipe.down()
"""
    done = own.python(code)
    assert done.stdout.startswith("1 "), done.stdout + done.stderr
    assert "refused" in done.stdout.lower()


@pytest.mark.parametrize("file", COMPOSED, ids=lambda path: str(path.relative_to(ROOT / "recipes")))
def test_no_recipe_is_privileged_or_mounts_the_socket(file):
    verdict, configuration = read(ComposeFile(file.parent, file.name, environment={"POSTGRES_PASSWORD": "x", "TAG": "x"}))
    described = configuration.raw.get("services", {})
    assert described or verdict.error
    for name, service in described.items():
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name
        assert service.get("network_mode") != "host", name
        assert "docker.sock" not in json.dumps(service), name


def test_the_private_socket_is_for_its_owner_only():
    if not PRIVATE_SOCKET.exists():
        pytest.skip("the engine in use is not this project's private one")
    assert stat.S_IMODE(PRIVATE_SOCKET.stat().st_mode) == 0o600
    assert owner.RUN.stat().st_mode & 0o077 == 0


def test_downloads_are_pinned_by_hash():
    assert "--require-hashes" in (ROOT / "book/commands/bootstrap.py").read_text()
    for pinned in (ROOT / "requirements.txt", ROOT / "book/offline/node.txt"):
        for block in re.split(r"\n(?=[a-z])", pinned.read_text().strip()):
            assert "--hash=sha256:" in block, block[:60]
    lock = json.loads((ROOT / "book/site/npm/package-lock.json").read_text())["packages"]
    assert [name for name, package in lock.items() if name and "integrity" not in package] == []


def test_a_secret_stays_where_it_is(own, recipe):
    """Neither in the image's history nor in what `docker inspect` shows."""
    folder = recipe(
        "services:\n  web:\n    build: .\n    init: true\n    secrets: [word]\nsecrets:\n  word:\n    file: word.txt\n",
        **{
            "word.txt": CANARY,
            "Dockerfile": 'FROM python:3.13-alpine\nCMD ["sh", "-c", "wc -c < /run/secrets/word; sleep 600"]\n',
            ".dockerignore": "word.txt\n",
        },
    )
    code = f"""
import json, time
from book import Recipe, engine
recipe = Recipe({str(folder)!r})
stack = recipe.up()
while not stack.logs('web'): time.sleep(0.1)
(container,) = engine.connect().containers.list(ignore_removed=True)
print(stack.logs('web'), json.dumps(container.attrs), container.image.history(), container.image.attrs)
recipe.down()
"""
    done = own.python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(len(CANARY)))
    assert CANARY not in done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_output_names_this_machine_or_a_secret(path, private_words):
    outputs = json.dumps([cell.get("outputs", []) for cell in json.loads(path.read_text())["cells"]])
    assert [word for word in private_words if word in outputs] == []


def test_what_a_container_prints_is_text_on_a_page(own, recipe):
    """A container that prints HTML: a notebook gets it as text only."""
    evil = "<script>alert(1)</script>"
    folder = recipe(Dockerfile=f"FROM python:3.13-alpine\nRUN echo '{evil}'\n")
    done = own.python(
        f"from book import Recipe; recipe = Recipe({str(folder)!r}); image = recipe.build(); said = image.run('echo', {evil!r});"
        "print(said._repr_mimebundle_()); recipe.down()"
    )
    assert done.stdout.strip() == repr({"text/plain": evil}), done.stderr


def test_names_from_a_container_are_escaped_in_every_figure():
    from book.measure.contents import Contents, Hidden, LayerContents, Part
    from book.measure.image import Image, Layer, Packages
    from book.measure.probe import Reach
    from book.measure.service import Service
    from book.measure.timeline import Event, Timeline

    evil = "<script>alert(1)</script>"
    image = Image(evil, "sha256:1", 10, 5, evil, (Layer(evil, 5, False),), 1.0)
    held = LayerContents(evil, False, 5, 1, (Part(evil, 5),), (Part(evil, 5),), (Hidden(evil, 5, 0, True),))
    service = Service(evil, evil, evil, 0, evil, 0, {evil: evil}, {80: evil}, evil)
    figures = [
        sizes(image),
        layers(Contents(evil, (held,))),
        packages(Packages(evil, (evil,)), Packages("b", ("c",))),
        connectivity((Reach(evil, evil, False, evil, 1.0, evil),)),
        services([service]),
        timeline(Timeline((Event(evil, "created", 0.0, evil), Event(evil, "started", 1.0, evil)))),
    ]
    for figure in figures:
        bundle = figure._repr_mimebundle_() if hasattr(figure, "_repr_mimebundle_") else {"text/html": figure._repr_html_()}
        html = (bundle[0] if isinstance(bundle, tuple) else bundle).get("text/html", "")
        assert html
        assert "<script" not in html
