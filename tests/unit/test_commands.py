"""What a reader would type for each call. No engine is needed: the descriptions take what came of a call."""

import inspect
import shlex
from types import SimpleNamespace as Made

import pytest

from book.files.compose import ComposeFile, Declared
from book.measure import commands
from book.measure.answer import Answer, NoAnswer, Output
from book.measure.builder import BuildFailed
from book.measure.image import Image
from book.measure.stack import Stack
from book.recipe import Recipe
from book.terminal import Came

SLIM = Image("slim", "sha256:0", 10, 5, "overlay2", (), 1.0, tag="slim")
ANNOUNCED = {
    Recipe: {"build", "rebuild", "check_dockerfile", "check", "up", "network", "time_up", "race"},
    Image: {"run", "packages", "contents", "ask"},
    Stack: {"services", "service", "exec", "logs", "ask", "stop", "restart", "kill", "down"},
}
METHODS = [(kind, name) for kind, names in ANNOUNCED.items() for name in sorted(names)]


@pytest.fixture
def stack(tmp_path):
    """A stack of a file that publishes a port of its own, and one that the engine chooses."""
    (tmp_path / "web.compose.yaml").write_text("services: {web: {environment: {A: ${A}, B: '${B:-b}'}}}")
    declared = (Declared("web", ports={5000: "127.0.0.1:8080"}), Declared("any", ports={80: ""}), Declared("all", ports={80: "81"}))
    states = {"web": "healthy", "any": "exited (0)"}
    file = ComposeFile(tmp_path, "web.compose.yaml")
    return Made(file=file, at_start=declared, states=lambda: states)


def lines(typed):
    return [each.command for each in typed]


@pytest.mark.parametrize(("kind", "name"), METHODS, ids=lambda each: getattr(each, "__name__", each))
def test_every_announced_method_has_a_description_with_its_own_arguments(kind, name):
    described = list(inspect.signature(getattr(kind, name).describe).parameters.values())[2:]
    own = list(inspect.signature(getattr(kind, name)).parameters.values())[1:]
    assert [(each.name, each.kind, each.default) for each in described] == [(each.name, each.kind, each.default) for each in own]


def test_no_other_method_is_announced():
    found = {kind: {name for name, method in vars(kind).items() if hasattr(method, "describe")} for kind in ANNOUNCED}
    assert found == ANNOUNCED


@pytest.mark.parametrize(
    ("arguments", "options", "command"),
    [
        ((), {}, "docker build --tag 03-smaller-images ."),
        (("slim.Dockerfile",), {}, "docker build --file slim.Dockerfile --tag slim ."),
        (("slim.Dockerfile", "build"), {}, "docker build --file slim.Dockerfile --target build --tag slim-build ."),
        (
            ("slim.Dockerfile",),
            {"cache": False, "BUILD_ENV": "a b"},
            "docker build --file slim.Dockerfile --no-cache --build-arg 'BUILD_ENV=a b' --tag slim-a-b .",
        ),
    ],
)
def test_a_build(arguments, options, command):
    (typed,) = commands.build(Came(SLIM), Recipe("03-smaller-images"), *arguments, **options)
    assert (typed.command, typed.image, typed.size) == (command, "slim", 10)


def test_a_rebuild_copies_the_changed_files_first():
    copied, built = commands.rebuild(Came(SLIM), Recipe("03-smaller-images"), "one-more", "slim.Dockerfile")
    assert copied.command == "cp one-more/* ."
    assert (built.command, built.size) == ("docker build --file slim.Dockerfile --tag slim .", 10)


def test_a_build_that_fails_has_the_code_of_the_builder_and_no_image():
    (typed,) = commands.build(Came(problem=BuildFailed("no", exit_code=3)), Recipe("03-smaller-images"))
    assert (typed.exit_code, typed.image) == (3, "")


def test_a_file_is_named_unless_compose_finds_it():
    recipe = Recipe("06-wait-until-ready")
    stack = Made(states=lambda: {})
    assert lines(commands.up(Came(stack), recipe)) == ["docker compose up --build --detach --wait"]
    (typed,) = commands.up(Came(stack), recipe, "tcp-check.compose.yaml", "web", wait=False, profiles=["p"], INIT="slow-init")
    assert typed.command == "INIT=slow-init docker compose --file tcp-check.compose.yaml --profile p up --build --detach web"


def test_a_run():
    assert lines(commands.run(Came(Output("1\n", 0)), SLIM, "echo", "a b", user="root")) == ["docker run --rm --user root slim echo 'a b'"]
    with_entrypoint = Image("x", "sha256:0", 1, 1, "overlay2", (), 1.0, tag="x", entrypoint=("/bin/x",))
    (typed,) = commands.run(Came(Output("no", 127)), with_entrypoint, "echo", "a")
    assert (typed.command, typed.exit_code, typed.printed) == ("docker run --rm --entrypoint echo x a", 127, "no")


def test_an_image_is_asked_by_a_container_of_its_own():
    typed = list(commands.ask_image(Came(Answer(200, "hello", 1.0)), SLIM, "/hello"))
    assert lines(typed) == [
        "docker run --detach --rm --init --name slim --publish 127.0.0.1:5000:5000 slim",
        "curl http://127.0.0.1:5000/hello",
        "docker stop slim",
    ]
    assert typed[1].answer == (200, "hello")


def test_an_image_that_does_not_answer_is_started_and_curl_fails():
    typed = list(commands.ask_image(Came(problem=NoAnswer("nothing")), SLIM))
    assert [each.exit_code for each in typed] == [0, 7]


def test_packages_are_listed_without_pip():
    (typed,) = commands.packages(Came(Made(names=("a", "b"))), SLIM)
    assert shlex.split(typed.command)[:6] == ["docker", "run", "--rm", "slim", "python", "-c"]
    assert (typed.exit_code, typed.printed) == (0, "a\nb")


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", "curl http://127.0.0.1:8080/hello"),
        ("all", "curl http://127.0.0.1:81/hello"),
        ("any", 'curl "http://$(docker compose --file web.compose.yaml port any 80)/hello"'),
    ],
)
def test_a_service_is_asked_at_the_port_of_the_file(stack, service, command):
    assert lines(commands.ask(Came(Answer(200, "x", 1.0)), stack, service, "/hello")) == [command]


def test_commands_that_change_a_stack_have_its_states(stack):
    file = "docker compose --file web.compose.yaml"
    typed = [*commands.stop(Came(), stack, "web"), *commands.kill(Came(), stack, "web", "TERM"), *commands.restart(Came(), stack, "web")]
    assert lines(typed) == [f"{file} stop web", f"{file} kill --signal TERM web", f"{file} restart web"]
    assert all(each.states == {"web": "healthy", "any": "exited (0)"} for each in typed)


def test_commands_that_look(stack):
    file = "docker compose --file web.compose.yaml"
    assert lines(commands.exec(Came(Output("", 1)), stack, "web", "ls", "a b")) == [f"{file} exec -T web ls 'a b'"]
    assert lines(commands.logs(Came("x"), stack, "web", tail=1)) == [f"{file} logs --no-log-prefix --tail 1 web"]
    assert lines(commands.services(Came(), stack)) == [f"{file} ps --all"]
    assert lines(commands.down(Came(), stack)) == [f"{file} down --volumes"]


def test_a_variable_without_a_default_is_given_to_each_command(stack):
    stack.file = ComposeFile(stack.file.folder, stack.file.name, environment={"A": "1", "B": "2"})
    assert lines(commands.down(Came(), stack)) == ["A=1 docker compose --file web.compose.yaml down --volumes"]


def test_a_state_that_does_not_last_is_left_out():
    kept = [("running", "", "running"), ("running", "healthy", "healthy"), ("exited", "healthy", "exited (3)")]
    assert [commands.state(status, 3, health) for status, health, _ in kept] == [shown for *_, shown in kept]
    assert commands.state("running", 0, "starting") == commands.state("restarting", 1, "") == ""


def test_a_secret_is_in_no_command_and_in_nothing_that_was_printed(stack):
    (stack.file.folder / "secrets").mkdir()
    (stack.file.folder / "secrets/password").write_text("in-a-file\n")
    stack.file = ComposeFile(stack.file.folder, stack.file.name, environment={"A": "plain", "DB_PASSWORD": "in-a-variable"})
    said = "in-a-file in-a-variable API_TOKEN=in-a-line postgres://me:in-an-address@db PATH=/bin"
    (typed,) = commands.exec(Came(Output(said, 0)), stack, "web", "echo", "in-a-variable", "MY_SECRET=in-an-argument")
    asked = list(commands.ask(Came(Answer(200, said, 1.0)), stack, "web"))
    text = f"{typed.facts()} {asked[0].facts()}"
    assert [word for word in ("file", "variable", "line", "address", "argument") if f"in-a-{word}" in text or f"in-an-{word}" in text] == []
    assert "PATH=/bin" in text
    assert "plain" in text


def test_what_a_run_names_is_named_as_a_reader_would():
    from book.engine import labels

    (typed,) = commands.up(Came(Made(states=lambda: {})), Recipe("06-wait-until-ready"), NETWORK=f"05-projects-{labels.RUN}-3_interservice")
    assert typed.command.startswith("NETWORK=interservice docker compose up")
