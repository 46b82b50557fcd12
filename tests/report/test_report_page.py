"""The page of a report, opened in a browser; and what is printed."""

import os
import re
import subprocess
import sys

import pytest
from reports import PROJECTS

from book.engine import Provenance
from book.places import ROOT
from book.report import formats
from book.report.finding import Finding, Severity
from book.report.images import modes, steps
from book.report.page import linked
from book.report.project import called, find
from book.report.secrets import hide
from book.report.shown import Shown


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report made from another folder with relative paths, as a reader makes it."""
    here = tmp_path_factory.mktemp("here")
    (here / "mine").symlink_to(PROJECTS / "several-files")
    command = [
        sys.executable,
        "-m",
        "book",
        "report",
        "mine",
        "-f",
        "base.yaml",
        "-f",
        "live.yaml",
        "--format=github",
        "--book=https://b.invalid",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BOOK_FROM": "1:/"}  # from another process
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout[:2]) == (1, "::"), done.stderr
    return here / "report.html", done.stdout


def test_the_page_is_in_the_current_folder_and_needs_nothing_else(written, browser):
    asked, said = [], []
    page = browser.new_context().new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(written[0].as_uri())
    assert asked == [written[0].as_uri()]
    assert said == []
    assert page.locator("script").count() == 0
    heads = page.locator("h2").all_inner_texts()
    assert heads[0] == "Findings"
    assert {"Start-up", "Services", "Wiring", "Who reaches whom", "Stop", "Listings", "On what this was run"} <= set(heads)
    assert page.locator("a", has_text="Chapter 4").first.get_attribute("href") == "https://b.invalid/notebooks/04-service-names.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_can_be_read_by_everyone(written, browser, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.goto(written[0].as_uri())
    found = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_secret_of_the_project_is_on_the_page_or_printed(written):
    assert "3kf92mfk" not in written[0].read_text() + written[1]


def test_a_ci_gets_an_annotation_at_each_line(written):
    assert re.search(
        r"^::error file=live\.yaml,line=5,title=localhost-for-another::STORE_URL points web to itself", written[1], re.MULTILINE
    )
    assert "::warning file=live.yaml,line=6,title=secret-in-environment::" in written[1]


def test_an_annotation_escapes_line_breaks_and_special_characters():
    finding = Finding("x", Severity.info, "a,b.yaml", 3, "50 %\nnext", "do it")
    engine = Provenance("29", True, "overlay2", "v2", "x86_64", (), "2026-11-26")
    report = Shown("shop", (finding,), (), (), (), (), None, (), (), engine, 1.0)
    assert formats.github(report) == "::notice file=a%2Cb.yaml,line=3,title=x::50 %25%0Anext%0Ado it"


def test_a_link_to_a_chapter_uses_the_address_of_the_book():
    html = '<a href="book:04-service-names">Chapter 4</a>'
    assert linked(html, lambda chapter: f"/x/{chapter}") == '<a href="/x/04-service-names">Chapter 4</a>'
    assert linked(html, lambda chapter: "") == "<span>Chapter 4</span>"


def test_passwords_are_hidden():
    assert hide("postgres://shop:hunter2@db/shop") == "postgres://shop:•••@db/shop"


@pytest.mark.parametrize(
    ("dockerfile", "asked"),
    [
        ("FROM a AS base\nFROM base AS dev\nFROM base AS prod\n", ["--target dev", "--target prod"]),
        (
            "FROM a\nARG BUILD_ENV=development\nRUN test $BUILD_ENV = production\n",
            ["--build-arg BUILD_ENV=development", "--build-arg BUILD_ENV=production"],
        ),
        ("FROM a\nARG VERSION\n", []),
        ("FROM a AS builder\nFROM a AS production\n", []),
    ],
)
def test_a_dockerfile_with_development_and_production_is_built_for_both(dockerfile, asked):
    assert [words for words, _ in modes(dockerfile)] == asked


def test_the_steps_of_a_build_are_read_also_if_they_were_cached():
    said = "#4 [internal] load build context\n#4 DONE 0.1s\n#5 [web 2/3] RUN pip install x\n#5 CACHED\n#6 [3/3] COPY . .\n#6 DONE 1.5s\n"
    assert [(step.instruction, step.seconds) for step in steps(said)] == [("RUN pip install x", None), ("COPY . .", 1.5)]


@pytest.mark.parametrize(
    ("file", "name"), [("Dockerfile", "shop"), ("prod.Dockerfile", "prod"), ("Dockerfile.dev", "dev"), ("api/Containerfile", "api")]
)
def test_an_image_without_compose_is_named_after_its_file_or_folder(file, name):
    assert called(file, "shop") == name


def test_all_usual_names_are_found(tmp_path):
    for name in ("docker-compose.yaml", "docker-compose.override.yml", "Containerfile", "a/b.Dockerfile", "a/Dockerfile.test"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("services: {a: {image: b}}" if "compose" in name else "FROM a\n")
    (tmp_path / "a/Dockerfile.dockerignore").write_text("x")
    found = find(tmp_path)
    assert found.files == ("docker-compose.yaml", "docker-compose.override.yml")
    assert found.dockerfiles == ("Containerfile", "a/Dockerfile.test", "a/b.Dockerfile")


def test_a_frontend_that_is_not_available_is_replaced_and_the_report_says_so(report):
    _, said = report(PROJECTS / "variables")
    assert said["remarks"] == ["Dockerfile was read by the builder's own frontend: docker-recipes.invalid/dockerfile:1 is not available."]
    assert [image["name"] for image in said["images"]] == ["web"]
    assert [base["reference"] for base in said["provenance"]["bases"]] == ["python:3.13-alpine"]
