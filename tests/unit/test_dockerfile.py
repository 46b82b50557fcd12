"""What the book reads in a Dockerfile."""

import pytest

from book.files import dockerfile
from book.files.port import Port

TEXT = """# syntax=docker/dockerfile:1
ARG APP_ENV=dev
FROM python:3.13 AS Build
RUN --mount=type=bind,from=uv:1,source=/uv,target=/uv \\
    --mount=type=cache,from=store,target=/x pip install --from=nothing
COPY <<EOF /text
COPY . .
EXPOSE 1
EOF
FROM build
COPY --from=build --chown=1:1 /app /app
copy --chown=1:1 . /app
EXPOSE 8000 53/udp $PORT
"""


def test_options_name_what_is_copied_from_and_arguments_of_commands_do_not():
    assert dockerfile.copied_from(TEXT) == ("uv:1", "store", "build")


def test_stages_keep_their_letters():
    assert dockerfile.stages(TEXT) == ("Build",)


@pytest.mark.parametrize(
    ("line", "all_of_it"),
    [
        ("COPY . .", True),
        ("ADD ./ /app", True),
        ('COPY ["./", "/app"]', True),
        ("COPY --link . /app", True),
        ("COPY --from=build . /app", False),
        ("COPY app /app", False),
        ("COPY ./app /app", False),
        ("RUN cp . /app", False),
    ],
)
def test_the_whole_folder_is_told_from_a_part_of_it(line, all_of_it):
    assert bool(dockerfile.copies_all(f"FROM a:1\n{line}\n")) is all_of_it


def test_a_here_document_contains_no_instructions():
    assert dockerfile.copies_all(TEXT) == 12
    assert dockerfile.exposed(TEXT) == (Port(8000), Port(53, "udp"))


def test_a_dockerfile_without_its_frontend_keeps_its_lines():
    assert dockerfile.frontend(TEXT) == "docker/dockerfile:1"
    plain = dockerfile.without_frontend(TEXT)
    assert dockerfile.frontend(plain) == ""
    assert plain.splitlines()[1:] == TEXT.splitlines()[1:]


def test_the_argument_that_tells_development_from_production_is_found():
    assert dockerfile.mode_argument(TEXT) == "APP_ENV"
    assert dockerfile.mode_argument("FROM a:1\nARG VERSION=1\n") == ""
