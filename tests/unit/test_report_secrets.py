"""A report shows no secret of a project, on a page or in what it prints."""

import pytest

from book.commands import options
from book.commands import report as command
from book.engine import Provenance
from book.files.config import BuildConfig, Configuration
from book.measure.contents import Contents, LayerContents
from book.measure.image import Image, Layer
from book.measure.probe import Reach
from book.measure.service import Service
from book.measure.timeline import Event, EventName, Timeline
from book.measure.topology import Topology
from book.measure.verdict import Verdict
from book.report.formats import for_machines, github, terminal
from book.report.images import Built, Rebuild, Step
from book.report.page import fragment, page
from book.report.project import Build, Project
from book.report.ran import Ran
from book.report.rules.registry import findings
from book.report.secrets import SECRET_IN_URL, SECRET_NAME, among, hide
from book.report.shown import shown
from book.report.survey import Survey
from book.trouble import Trouble

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
NOT_SECRET = (
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
def test_a_secret_is_recognized_by_its_name_and_hidden(name):
    assert SECRET_NAME.fullmatch(name)
    for before in ("", "  - ", '  - "', "ENV A=1 ", "RUN "):
        assert hide(f"{before}{name}=hunter2") == f"{before}{name}=•••"
    assert hide(f"{name}: hunter2 and more\nB: 1") == f"{name}: •••\nB: 1"


@pytest.mark.parametrize("name", NOT_SECRET)
def test_a_name_that_only_resembles_a_secret_is_shown(name):
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
def test_the_value_of_a_secret_is_hidden_wherever_it_is(line, shown):
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
def test_a_reference_to_a_secret_is_shown(line):
    assert hide(line) == line


def test_a_password_in_an_address_needs_no_user():
    assert SECRET_IN_URL.search("redis://:hunter2@redis:6379/0")
    assert not SECRET_IN_URL.search("redis://redis:6379/0")


CANARY = "canary-7f3a91"


def survey_of(folder, **places: str) -> Survey:
    """A survey with the canary in the places that are given, and a plain word in all others."""
    env, argument, url, command, log, step, file = (
        places.get(name, "plain") for name in ("environment", "argument", "url", "command", "log", "step", "file")
    )
    (folder / "token.txt").write_text(f"{file}\n")
    (folder / "compose.yaml").write_text(
        f"services:\n  app:\n    build: {{context: ., args: {{API_TOKEN: {argument}}}}}\n"
        f"    environment: {{DB_PASSWORD: {env}, STORE: 'redis://:{url}@store'}}\n    command: serve --token {command}\n"
    )
    (folder / "Dockerfile").write_text(f"FROM a\nENV OTHER_TOKEN {step}\nRUN OTHER_TOKEN={step} make\n")
    settings = {"context": str(folder), "args": {"API_TOKEN": argument}}
    variables = {"DB_PASSWORD": env, "STORE": f"redis://:{url}@store"}
    config = {
        "services": {"app": {"build": settings, "environment": variables}},
        "secrets": {"given": {"file": str(folder / "token.txt")}},
    }
    instruction = f"RUN OTHER_TOKEN={step} make"
    contents = Contents("app", (LayerContents(instruction, False, 9, 1, (), (), ()),))
    image = Image("app", "sha256:0", 9, 9, "overlay2", (Layer(instruction, 9, False),), 9.0)
    rebuild = Rebuild("app.py", (Step(instruction, 1.0),), 1.0)
    build = Build("app", "Dockerfile", ".", BuildConfig.read(settings), ("app",))
    history = (instruction, f"RUN |1 API_TOKEN={argument} true")
    built = Built(build, image, contents, (), 0, 0, "", (), "", (), (), history, {"OTHER_TOKEN": step}, rebuild)
    service = Service("app", "p-app-1", "exited", 1, "", 0, {}, {}, f"serve --token {command}")
    reach = Reach("app", "store:6379", False, Verdict.REFUSED, 0.1, f"cannot log in with {log}")
    topology = Topology("compose.yaml", (), (service,), (reach,))
    ran = Ran(
        timelines=(Timeline((Event("app", EventName.FAILED_TRY, 1.0, f"cannot log in with {log}"),)),),
        failure=f"app printed: cannot log in with {log}\ncannot log in with {log}",
        services=(service,),
        topology=topology,
        environment={"app": variables},
        words={"app": f"cannot log in with {log}"},
        health={"app": f"cannot log in with {log}"},
    )
    where = Provenance("29", True, "overlay2", "v2", "x86_64", (), "2026-11-26")
    project = Project(folder, ("compose.yaml",), ("Dockerfile",), config=Configuration.read(config))
    missing, remarks = (f"missing, tried {log}",), (f"a remark on {log}",)
    return Survey(project, (), (), missing, ((build, f"{instruction}\n{log}"),), (built,), ran, where, remarks, 1.0)


FORMATS = {
    "page": page,
    "fragment": fragment,
    "json": lambda report: for_machines(report, 0),
    "github": github,
    "terminal": terminal,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "places",
    [
        {"environment"},
        {"argument"},
        {"url"},
        {"command"},
        {"step"},
        {"environment", "log"},  # a log has no name beside the value: it is hidden since another place tells that it is a secret
        {"argument", "log"},
        {"url", "log"},
        {"step", "log"},
        {"file", "log"},
    ],
    ids=lambda places: "+".join(sorted(places)),
)
def test_no_format_shows_a_secret(tmp_path, places, name):
    found = survey_of(tmp_path, **dict.fromkeys(places, CANARY))
    report = shown(found, findings(found))
    assert CANARY not in FORMATS[name](report)
    assert CANARY not in repr(report)


def test_what_is_no_secret_stays_shown(tmp_path):
    found = survey_of(tmp_path, log=CANARY)
    report = shown(found, findings(found))
    for name in FORMATS:
        assert CANARY in FORMATS[name](report)


def test_what_is_hidden_is_marked(tmp_path):
    found = survey_of(tmp_path, step=CANARY)
    assert fragment(shown(found, ())).count("•••") >= 5


@pytest.mark.parametrize("value", ["abc", "password", "shop-user"])
def test_an_ordinary_word_is_not_hidden_in_every_text(value):
    secrets = among([("DB_PASSWORD", value), ("DB_USER", "shop-user")])
    assert secrets.hide(f"no {value} here") == f"no {value} here"
    assert secrets.hide(f"DB_PASSWORD={value}") == "DB_PASSWORD=•••"


def test_a_known_value_is_hidden_however_it_is_written():
    secrets = among([("DB_PASSWORD", "p$ss/word")])
    for written in ("p$ss/word", "p$$ss/word", "p%24ss%2Fword"):
        assert secrets.hide(f"with {written}.") == "with •••."
    assert secrets.hide("xp$ss/word") == "xp$ss/word"


def test_the_lines_of_a_key_are_hidden_one_by_one():
    secrets = among([("PRIVATE_KEY", "--BEGIN--\nMIIabcdef\n--END--")])
    assert secrets.hide("line: MIIabcdef") == "line: •••"


def test_an_error_that_ends_the_report_shows_no_secret(tmp_path, capsys, monkeypatch):
    asked = survey_of(tmp_path, environment=CANARY).project
    monkeypatch.setattr(command.project, "find", lambda *_: asked)
    monkeypatch.setattr(command.needs, "have_engine", lambda: None)
    for error in (Trouble(f"the project printed {CANARY}"), RuntimeError(f"the project printed {CANARY}")):

        def fails(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(command, "_survey", fails)
        assert command.run(options.parse(["report", str(tmp_path)])) == command.ExitCode.COULD_NOT
        printed = capsys.readouterr()
        assert "the project printed •••" in printed.err
        assert CANARY not in printed.err + printed.out
