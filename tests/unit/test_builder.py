"""What a builder does when something was away for a moment: a step of its cache, or the network."""

from types import SimpleNamespace

import pytest

from book.files.dockerfile import needs_buildkit
from book.measure import builder

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
        monkeypatch.setattr(builder, "connect", lambda: engine)
        text = (tmp_path / "Dockerfile").read_text()
        return builder.Build(tmp_path, "Dockerfile", text, "tag", {}, None, {}, lambda line: None).do()

    return make


def test_a_build_whose_cached_step_is_gone_is_done_once_more(build):
    assert "Successfully built" in build(GONE, WHOLE)


@pytest.mark.parametrize("words", [PIP, POETRY, UV], ids=["pip", "Poetry", "uv"])
def test_a_build_whose_index_was_away_is_done_once_more(build, words):
    away = [{"stream": f"{words}\n"}, {"error": "The command '/bin/sh -c x' returned a non-zero code: 1"}]
    assert "Successfully built" in build(away, WHOLE)
    with pytest.raises(builder.BuildFailed, match="check the network of this machine"):
        build(away, away)


def test_what_buildkit_shows_below_the_step_hides_no_index_that_was_away(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim\nRUN pip install flask\n")
    excerpt = ["------", "Dockerfile:2", "--------------------", "   1 |     FROM python:3.13-slim", "   2 | >>> RUN pip install flask"]
    end = 'ERROR: failed to solve: process "/bin/sh -c pip install flask" did not complete successfully: exit code: 1'
    refused = builder._refused(tmp_path, "Dockerfile", "\n".join([f"#5 1.2 {PIP}", *excerpt, "--------------------", "", *[""] * 3, end]))
    assert refused.again
    assert "did not answer: check the network of this machine" in str(refused)


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


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("COPY --chmod=755 start.sh /", True),
        ("COPY --chown=1:1 --link a /a", True),
        ("  add --checksum=sha256:0 https://x.invalid/a /a", True),
        ("RUN --mount=type=cache,target=/c true", True),
        ("COPY <<EOF /a", True),
        ("COPY --chown=1:1 --from=build a-link /a", False),
        ("RUN chmod 755 /start.sh", False),
    ],
)
def test_what_only_buildkit_reads_is_known(line, needed):
    assert needs_buildkit(f"FROM a:1\n{line}\n") is needed
