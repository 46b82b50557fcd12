"""Where in a project's files a finding is."""

from __future__ import annotations

import re

from ...files.dockerfile import last_line
from ..images import Built
from ..survey import Survey


def of_service(survey: Survey, service: str, *keys: str) -> tuple[str, int]:
    """The line of a service in the Compose files; without Compose files, the command of its Dockerfile."""
    if survey.project.files:
        return survey.project.line("services", service, *keys)
    built = next((each for each in survey.built if service in each.build.services), None)
    if not built:
        return "", 0
    return built.build.dockerfile, last_line(survey.project.instructions(built.build.dockerfile, "CMD", "ENTRYPOINT", "FROM"))


def line_of(survey: Survey, built: Built, instruction: str) -> int:
    """The line on which an instruction begins in a Dockerfile; the instruction is written as the engine or the builder prints it."""
    wanted = re.sub(r"\s+", " ", instruction).split(" ", 2)
    for number, line in enumerate(survey.project.read(built.build.dockerfile).splitlines(), 1):
        words = line.split()
        if (
            words
            and words[0].upper() == wanted[0]
            and (len(wanted) < 2 or re.sub(r"\s+", " ", instruction)[:40].find(" ".join(words[1:3])[:30]) >= 0)
        ):
            return number
    return 0


def short(text: str, longest: int = 80) -> str:
    """A text on one line, cut after `longest` characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
