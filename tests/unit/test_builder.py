"""What the builders make of their output, and what they do if something was absent for a moment: a step of the cache, or the network."""

from types import SimpleNamespace

import pytest

from book.measure import build_output, builder, classic, image

GONE = [{"stream": "Step 1/2 : FROM python:3.13-slim\n"}, {"error": "unknown parent image ID sha256:7316b983e77e"}]
PIP = "WARNING: Retrying after connection broken by 'NewConnectionError(': [Errno 101] Network is unreachable')'"
POETRY = """All attempts to connect to pypi.org failed.

Probable Causes:
 - the server is not responding to requests at the moment
 - the hostname cannot be resolved by your DNS
 - your network is not connected to the internet

Note: The path requested was /simple/a/
Another line of it
And one more"""
UV = "error: Request failed after 3 retries\n  Caused by: error sending request for url (https://pypi.org/simple/flask/)"
WHOLE = [{"stream": "Step 1/2 : FROM python:3.13-slim\n"}, {"stream": "Successfully built 7316b983e77e\n"}]


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Builds a Dockerfile with an engine that gives one answer after the other."""
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim\n")

    def make(*answers):
        coming = iter(answers)
        engine = SimpleNamespace(api=SimpleNamespace(build=lambda **_: (entry for entry in next(coming))))
        engine.images = SimpleNamespace(get=lambda tag: SimpleNamespace(id="sha256:1"))
        monkeypatch.setattr(classic, "connect", lambda: engine)
        monkeypatch.setattr(image, "has_buildkit", lambda: False)
        monkeypatch.setattr(image.leftovers, "labels", lambda recipe: {})
        monkeypatch.setattr(image, "measure", lambda *measured: measured)
        *_, printed, _ = image.build(tmp_path, "Dockerfile", "x", bases=())
        return printed

    return make


def test_a_build_whose_cached_step_is_gone_is_done_once_more(build):
    assert "Successfully built" in build(GONE, WHOLE)


@pytest.mark.parametrize("words", [PIP, POETRY, UV], ids=["pip", "Poetry", "uv"])
def test_a_build_whose_index_was_away_is_done_once_more(build, words):
    away = [{"stream": f"{words}\n"}, {"error": "The command '/bin/sh -c x' returned a non-zero code: 1"}]
    assert "Successfully built" in build(away, WHOLE)
    with pytest.raises(builder.BuildFailed, match="check the network of this machine"):
        build(away, away)


FAILED = f"""#4 [1/2] FROM docker.io/library/python:3.13-slim
#4 DONE 0.0s

#5 [2/2] RUN pip install flask
#5 0.512 Collecting flask
#5 1.204 {PIP}
#5 ERROR: process "/bin/sh -c pip install flask" did not complete successfully: exit code: 1
------
 > [2/2] RUN pip install flask:
0.512 Collecting flask
1.204 {PIP}
------

 \x1b[33m1 warning found (use docker --debug to expand):
\x1b[0m - JSONArgsRecommended: JSON arguments recommended for CMD (line 3)
Dockerfile:2
--------------------
   1 |     FROM python:3.13-slim
   2 | >>> RUN pip install flask
   3 |     CMD flask run
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c pip install flask" did not complete successfully: exit code: 1
View build details: docker-desktop://dashboard/build/default/default/abc
"""


def test_a_failed_build_ends_with_the_steps_output_the_marked_line_and_the_error():
    shown = build_output.ending(FAILED)
    assert shown[:2] == ["------", " > [2/2] RUN pip install flask:"]
    assert "   2 | >>> RUN pip install flask" in shown
    assert " - JSONArgsRecommended: JSON arguments recommended for CMD (line 3)" in shown, "the builder's advice stays"
    assert shown[-1].startswith("ERROR: failed to build"), "an address of Docker Desktop is different each time"
    assert build_output.failed_line(FAILED, "Dockerfile") == 2
    silent = FAILED.replace(f"\n0.512 Collecting flask\n1.204 {PIP}\n------", "\n\n------")
    assert silent != FAILED
    assert build_output.ending(silent) == shown, "BuildKit may leave out what the step printed just before it failed"
    unknown = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\nERROR: failed to solve: the Dockerfile cannot be empty\n"
    assert build_output.ending(unknown) == ["ERROR: failed to solve: the Dockerfile cannot be empty"]


def test_what_buildkit_shows_below_the_step_hides_no_index_that_was_away():
    refused = builder.refused("Dockerfile", build_output.ending(FAILED), 2, FAILED)
    assert refused.again
    assert str(refused).startswith("Dockerfile does not build (line 2).")
    assert "did not answer: check the network of this machine" in str(refused)


def test_a_layer_that_another_run_removed_is_no_fault_of_the_dockerfile():
    printed = (
        'ERROR: failed to solve: failed to prepare extraction snapshot "extract-55": parent snapshot sha256:ab does not exist: not found\n'
    )
    assert builder.refused("Dockerfile", build_output.ending(printed), 0, printed).again
    assert not builder.refused("Dockerfile", ["ERROR: failed to solve: no"], 0, "ERROR: failed to solve: no\n").again


def test_the_steps_that_run_are_known():
    begun = "#4 [1/3] FROM a\n#4 CACHED\n#5 [2/3] RUN one\n#5 0.1 x\n#6 [other 1/1] RUN two\n#5 DONE 0.2s\n"
    assert build_output.running(begun) == ("RUN two",)
    assert [(step.instruction, step.seconds) for step in build_output.steps(begun)] == [("FROM a", None), ("RUN one", 0.2)]


@pytest.mark.parametrize(
    "words",
    [
        "WARNING: Retrying after connection broken by 'SSLError(SSLCertVerificationError(1, 'certificate verify failed'))'",
        "httpx.RemoteProtocolError: the peer closed",
        "ERROR: No matching distribution found for flaks",
    ],
)
def test_what_answers_with_a_refusal_is_not_away(build, words):
    with pytest.raises(builder.BuildFailed) as refused:
        build([{"stream": f"{words}\n"}, {"error": "The command '/bin/sh -c x' returned a non-zero code: 1"}])
    assert "did not answer" not in str(refused.value)


def test_it_is_done_once_more_and_not_for_ever(build):
    with pytest.raises(builder.BuildFailed, match="unknown parent image"):
        build(GONE, GONE)


def test_what_the_builder_refuses_is_not_tried_again(build):
    with pytest.raises(builder.BuildFailed, match="exit code 3"):
        build([{"error": "The command '/bin/sh -c false' returned exit code 3"}], WHOLE)
