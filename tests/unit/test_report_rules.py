"""What the rules of a report find in a survey, and what they do not report. No engine needed."""

from dataclasses import replace
from pathlib import Path

import pytest

from book.engine import Provenance
from book.files.compose import Declared
from book.files.config import BuildConfig, Configuration
from book.measure.contents import Contents
from book.measure.image import Image
from book.measure.probe import HERE, Reach
from book.measure.service import Service, Stopped
from book.measure.topology import Difference, Topology
from book.measure.verdict import Verdict
from book.report import running
from book.report.images import Built, Rebuild, Step, Variant
from book.report.localhost import named_here
from book.report.project import Build, Project
from book.report.ran import Alone, Early, Ran
from book.report.reload import Edit
from book.report.rules import registry
from book.report.rules.registry import RULES, findings
from book.report.running import Runner
from book.report.survey import Survey

WHERE = Provenance("29", True, "overlay2", "v2", "x86_64", (), "2026-11-26")


def found(rule: str, ran: Ran | None = None, config: dict | None = None, built: tuple = (), dockerfiles: tuple = (), folder=Path()) -> list:
    """What a rule measured, one text for each finding."""
    project = Project(folder, ("compose.yaml",) if config else (), dockerfiles, config=Configuration.read(config or {}))
    survey = Survey(project, (), (), (), (), built, ran, WHERE, (), 0.0)
    return [measured for one in RULES if one.id == rule for _, _, measured in one.look(survey)]


def built(**more: object) -> Built:
    """The image of the service `app`."""
    build, image = (
        Build("app", "Dockerfile", ".", BuildConfig.read({"context": "."}), ("app",)),
        Image("app", "sha256:0", 1, 1, "overlay2", (), 9.0),
    )
    plain = {"user": "1000", "ports": (), "command": (), "history": (), "environment": {}}
    return Built(build, image, Contents("app", ()), (), 0, 0, "", (), **{**plain, **more})


@pytest.mark.parametrize(
    ("command", "seconds", "faults"),
    [
        ("gunicorn --reload app:app", (0.5, None), 0),  # nothing imports the second file
        ("gunicorn --reload app:app", (None, None), 2),
        ("watchmedo auto-restart -- python app.py", (0.5, None), 1),
    ],
)
def test_a_reloader_is_only_reported_for_files_that_it_should_watch(command, seconds, faults):
    edits = tuple(Edit("web", command, file, took) for file, took in zip(("app.py", "parts/greet.py"), seconds, strict=True))
    assert len(found("reload-sees-nothing", Ran(edits=edits))) == faults


@pytest.mark.parametrize(
    ("variable", "value", "meant"),
    [
        ("FRONTEND_URL", "http://localhost:3000", False),
        ("LINKS", '["https://localhost:3000/a"]', False),
        ("CORS_ORIGINS", "http://localhost:5173", False),
        ("VITE_API_URL", "http://localhost:8080", False),
        ("NEXT_PUBLIC_API", "http://localhost:8080", False),
        ("STORE_URL", "http://localhost:9000", True),
        ("STORE", "localhost:3000", True),
        ("DATABASE_URL", "postgres://shop@localhost:5432/shop", True),
    ],
)
def test_an_address_for_the_browser_does_not_name_another_service(variable, value, meant):
    assert bool(list(named_here({variable: value}, {"3000", "5432"}))) == meant


def reach(target: str, verdict: str) -> Reach:
    return Reach("broker", target, verdict == Verdict.OPEN, Verdict(verdict), 0.1)


@pytest.mark.parametrize(
    ("at_once", "later", "faults"),
    [
        ("refused", "open", 1),
        ("refused", "refused", 0),  # the image exposes it, but nothing ever opens it
        ("open", "open", 0),
    ],
)
def test_a_service_was_healthy_too_early_if_it_accepted_connections_later(at_once, later, faults):
    broker = Service("broker", "p-broker-1", "running", 0, "healthy", 0, {}, {}, "broker")
    ran = Ran(
        services=(broker,),
        early=(Early("broker", 1.0, reach("broker:5671", at_once)),),
        topology=Topology("compose.yaml", (), (broker,), (reach("broker:5671", later),)),
        stops={"broker": Stopped(10.0, 137)},
    )
    assert len(found("healthy-too-early", ran)) == faults
    assert len(found("ignores-sigterm", ran)) == 1 - faults  # a service that was still starting is not reported


def test_the_report_waits_until_a_service_that_was_healthy_too_early_accepts_connections(monkeypatch):
    monkeypatch.setattr(running, "_TRY_SECONDS", 0)
    answers = ["refused", "refused", "open", "open"]

    class Slow:
        def reach(self, *targets, sources):
            assert (targets, sources) == (("broker:5672", "127.0.0.1:5672"), ["broker"])
            verdict = answers.pop(0)
            return tuple(reach(target, verdict) for target in targets)

    early = [Early("broker", 1.0, reach("broker:5672", "refused"))]
    Runner(Project(Path(), (), ()), (), Path(), 60, 60)._await(Slow(), [*early, Early("web", 1.0, reach("web:80", "open"))])
    assert answers == ["open"]


@pytest.mark.parametrize(
    ("settings", "faults"),
    [
        ({"command": ["python", "manage.py", "migrate"]}, 0),
        ({"entrypoint": ["./migrate.sh"], "command": None}, 0),
        ({"command": ["python3"]}, 1),
        ({"command": None, "entrypoint": None}, 1),  # the prompt of the base image
    ],
)
def test_the_command_in_the_compose_file_is_looked_at_before_that_of_the_image(settings, faults):
    config = {"services": {"app": {"build": {}, **settings}}}
    ended = Service("app", "p-app-1", "exited", 0, "", 0, {}, {}, "")
    assert len(found("app-never-runs", Ran(services=(ended,)), config, (built(command=("python3",)),))) == faults


@pytest.mark.parametrize(
    ("cached", "again", "faults"),
    [
        ("uv sync --locked --no-install-project", "uv sync --locked", 0),
        ("poetry install --no-root", "poetry install --only-root", 0),
        ("pip install -r requirements.txt", "pip install .", 0),
        ("pip install hatchling", "pip install --no-deps .", 0),
        ("go mod download", "go install ./cmd/app", 0),
        ("apt-get install --yes gcc", "cargo install --path .", 0),
        ("apt-get install --yes gcc", "pip install -r ./requirements.txt", 1),
        ("pip install --upgrade pip && rm -rf /tmp/*", "pip install -r requirements.txt", 1),
        ("pip install poetry && pip install wheel", "pip install -r requirements.txt", 1),
        ("pip install poetry", "poetry install", 1),
        ("pip install -r requirements.txt", "apt-get install --yes gcc && pip install --no-deps .", 1),
        ("pip install -r requirements.txt", "npm ci", 1),
        ("bundle config set path vendor", "bundle install --path vendor", 1),
    ],
)
def test_installing_the_project_again_is_fine_and_installing_its_dependencies_again_is_not(cached, again, faults):
    steps = (Step(f"RUN {cached}", None), Step("COPY . .", 0.1), Step(f"RUN {again}", 5.0))
    assert len(found("cache-hostile-order", built=(built(rebuild=Rebuild("app.py", steps, 6.0)),))) == faults


@pytest.mark.parametrize(
    ("image", "supported"),
    [
        ("python:3.8-slim", "supported until 2024-10-07"),
        ("python:3.8@sha256:0123", "supported until 2024-10-07"),
        ("docker.io/library/python:3.5.10", "older than 3.6, which was supported until 2021-12-23"),
        ("postgres:9.6", "older than 10, which was supported until 2022-11-10"),
        ("postgres:13.4-alpine", "supported until 2025-11-13"),
        ("node:10", "older than 12, which was supported until 2022-04-30"),
        ("alpine:3.12", "older than 3.16, which was supported until 2024-05-23"),
        ("debian:10-slim", "supported until 2024-06-30"),
        ("debian:buster-slim", "supported until 2024-06-30"),
        ("ubuntu:bionic", "supported until 2023-05-31"),
        ("ubuntu:20.10", ""),
        ("python:3.13", ""),
        ("python:3", ""),
        ("python:3.9rc1", ""),
        ("python", ""),
        ("node:lts", ""),
        ("node:24.1.0", ""),
        ("alpine:latest", ""),
        ("alpine:20250108", ""),
        ("postgres:15", ""),  # supported until a later day
        ("mcr.microsoft.com/devcontainers/python:1.2-3.13", ""),  # its version is not that of Python
    ],
)
def test_a_version_that_is_no_longer_supported_is_found_and_no_other(image, supported):
    measured = found("end-of-life", config={"services": {"app": {"image": image}}})
    assert measured == ([f"{image}: {supported}, and today is {WHERE.day}"] if supported else [])


def test_an_image_that_the_project_builds_itself_needs_no_version():
    services = {"web": {"build": {}, "image": "shop"}, "worker": {"image": "shop:latest"}, "store": {"image": "redis"}}
    assert found("unpinned-image", config={"services": services}) == ["redis has no version"]


def wired() -> Survey:
    """A project with a fault for each rule that reads a connection, a difference or a timeline."""
    needs = {"db": "service_started"}
    config = {
        "services": {
            "web": {"image": "python:3.8", "depends_on": {"db": {"condition": "service_started"}}, "networks": {"front": {}}},
            "db": {"image": "redis", "networks": {"back": {}}},
            "cache": {"image": "redis:8"},
        }
    }
    services = tuple(
        Service(name, f"p-{name}-1", "running", 0, "healthy", 0, {}, {80: "127.0.0.1:1"}, "serve", 0) for name in ("web", "db", "cache")
    )
    topology = Topology(
        "compose.yaml",
        (Declared("web", ports={80: ""}, depends_on=needs), Declared("db")),
        services,
        (
            Reach("web", "db:6379", False, Verdict.NO_NAME, 0.1),
            Reach(HERE, "web:80", False, Verdict.NO_ANSWER, 0.1),
            Reach("db", "db:6379", True, Verdict.OPEN, 0.1),
        ),
    )
    ran = Ran(
        services=services,
        topology=topology,
        doors=(
            Reach("cache", "127.0.0.1:6379", True, Verdict.OPEN, 0.1),
            Reach("cache", "cache:6379", False, Verdict.REFUSED, 0.1),
        ),
        alone=(Alone("web", "STORE", 6379, Reach("web", "localhost:6379", False, Verdict.REFUSED, 0.1), ("db",)),),
        early=(Early("db", 1.0, Reach("db", "db:6379", False, Verdict.HUNG_UP, 0.1)),),
        edits=(Edit("web", "watchmedo auto-restart", "app.py", None),),
        stops={"web": Stopped(10.0, 137)},
    )
    variants = (
        Variant("--build-arg MODE=development", "MODE", 9, ("pytest",)),
        Variant("--build-arg MODE=production", "MODE", 9, ("pytest",)),
    )
    rebuild = Rebuild("app.py", (Step("RUN pip install -r requirements.txt", 5.0),), 6.0)
    image = built(variants=variants, rebuild=rebuild)
    project = Project(Path(), ("compose.yaml",), (), config=Configuration.read(config))
    return Survey(project, (), (), (), (), (image,), ran, WHERE, (), 0.0)


WIRED = {
    "cache-hostile-order",
    "end-of-life",
    "healthy-too-early",
    "ignores-sigterm",
    "listens-on-loopback",
    "localhost-for-another",
    "port-silent",
    "production-is-development",
    "reload-sees-nothing",
    "unpinned-image",
    "unreached-dependency",
}


def test_the_same_faults_are_found_after_every_text_is_reworded(monkeypatch):
    survey = wired()
    places = [(one.rule, one.file, one.line) for one in findings(survey)]
    assert {rule for rule, _, _ in places} == WIRED
    monkeypatch.setattr(Difference, "text", property(lambda _: "reworded"))
    monkeypatch.setattr(Reach, "text", property(lambda _: "reworded"))
    monkeypatch.setattr(Verdict, "__str__", lambda _: "reworded")
    monkeypatch.setattr(Verdict, "__format__", lambda *_: "reworded")
    monkeypatch.setattr(registry, "RULES", tuple(replace(rule, means="reworded", todo="reworded") for rule in RULES))
    variants = tuple(replace(one, asked="reworded") for one in survey.built[0].variants)
    reworded = replace(survey, built=(replace(survey.built[0], variants=variants),))
    assert [(one.rule, one.file, one.line) for one in findings(reworded)] == places
    assert {one.measured for one in findings(reworded) if one.rule == "unreached-dependency"} == {"reworded"}
