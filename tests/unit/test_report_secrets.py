"""What a report calls a secret, it neither shows nor prints."""

import pytest

from book.engine import Provenance
from book.files.config import BuildConfig
from book.measure.contents import Contents, LayerContents
from book.measure.image import Image, Layer
from book.measure.service import Service
from book.measure.timeline import Timeline
from book.report.formats import for_machines
from book.report.images import Built, Rebuild, Step
from book.report.page import fragment
from book.report.project import Build, Project
from book.report.ran import Ran
from book.report.secrets import SECRET_IN_URL, SECRET_NAME, hide
from book.report.survey import Survey

NAMES = (
    "DB_PASS",
    "DB_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PWD",
    "PRIVATE_KEY",
    "APP_CREDENTIALS",
    "AWS_SECRET_ACCESS_KEY",
    "DJANGO_SECRET_KEY",
    "API_TOKEN",
    "STRIPE_APIKEY",
)
NONE = (
    "DB_PASSWORD_FILE",
    "ALLOW_EMPTY_PASSWORD",
    "MYSQL_ALLOW_EMPTY_PASSWORD",
    "MYSQL_RANDOM_ROOT_PASSWORD",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_ACCESS_KEY_ID",
    "PWD",
    "BYPASS",
    "GPG_KEY",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_known_by_its_name_and_hidden(name):
    assert SECRET_NAME.fullmatch(name)
    for before in ("", "  - ", '  - "', "ENV A=1 ", "RUN "):
        assert hide(f"{before}{name}=hunter2") == f"{before}{name}=•••"
    assert hide(f"{name}: hunter2 and more\nB: 1") == f"{name}: •••\nB: 1"


@pytest.mark.parametrize("name", NONE)
def test_what_is_only_called_like_a_secret_is_none(name):
    assert not SECRET_NAME.fullmatch(name)
    assert hide(f"{name}: x\nENV {name}=x") == f"{name}: x\nENV {name}=x"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("environment: {DB_PASSWORD: hunter2}", "environment: {DB_PASSWORD: •••"),
        ("ENV DB_PASSWORD hunter2", "ENV DB_PASSWORD •••"),
        ('{"token":"hunter2"}', '{"token":•••'),
        ("command: redis-server --requirepass hunter2", "command: redis-server --requirepass •••"),
        ("DB_PASSWORD: ${DB_PASSWORD:-hunter2}", "DB_PASSWORD: •••"),
        ("command: serve ${DB_PASSWORD:-hunter2}", "command: serve ${DB_PASSWORD:-•••"),
        ("PRIVATE_KEY: |\n  hunter2\n\n  hunter2\nNEXT: 1", "PRIVATE_KEY: |\n  •••\nNEXT: 1"),
        ("`RUN |1 API_TOKEN=hunter2 make` ran again: 5.0 s", "`RUN |1 API_TOKEN=•••` ran again: 5.0 s"),
        ("redis://:hunter2@redis", "redis://:•••@redis"),
    ],
)
def test_the_value_of_a_secret_is_hidden_wherever_it_stands(line, shown):
    assert hide(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASSWORD: $PASSWORD",
        'DB_PASSWORD: "${DB_PASSWORD}"',
        "DB_PASSWORD: ${DB_PASSWORD:?is not set}",
        'test: ["CMD", "mysqladmin", "--password=$$MYSQL_ROOT_PASSWORD", "ping"]',
        "RUN --mount=type=secret,id=token TOKEN=$(cat /run/secrets/token) make",
        "secrets: {db_password: {file: ./db_password}}",
        "image: registry/token:1.2",
        "volumes: [./secret:/secret:ro]",
        "`docker inspect` of web shows the value of API_TOKEN",
    ],
)
def test_what_only_refers_to_a_secret_stays_shown(line):
    assert hide(line) == line


def test_a_password_in_an_address_needs_no_user():
    assert SECRET_IN_URL.search("redis://:hunter2@redis:6379/0")
    assert not SECRET_IN_URL.search("redis://redis:6379/0")


def test_neither_the_page_nor_what_is_printed_holds_a_secret_of_an_instruction_or_a_command(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM a\nENV API_TOKEN hunter2\nRUN API_TOKEN=hunter2 make\n")
    step, build = "RUN API_TOKEN=hunter2 make", Build("app", "Dockerfile", ".", BuildConfig.read({"context": "."}), ("app",))
    contents = Contents("app", (LayerContents(step, False, 9, 1, (), (), ()),))
    image = Image("app", "sha256:0", 9, 9, "overlay2", (Layer(step, 9, False),), 9.0)
    rebuild = Rebuild("app.py", (Step(step, 1.0),), 1.0)
    built = Built(build, image, contents, (), 0, 0, "", (), "", (), (), (step,), {}, rebuild)
    service = Service("app", "p-app-1", "running", 0, "", 0, {}, {}, "serve --token hunter2")
    ran = Ran(timelines=(Timeline(()),), services=(service,))
    where = Provenance("29", "overlay2", "v2", "x86_64", (), "2026-11-26")
    survey = Survey(Project(tmp_path, (), ("Dockerfile",)), (), (), (), (), (built,), ran, where, (), 1.0)
    said = fragment(survey, ()) + for_machines(survey, (), 0)
    assert "hunter2" not in said
    assert said.count("•••") >= 5
