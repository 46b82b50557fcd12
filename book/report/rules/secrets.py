"""Rules on secrets."""

from __future__ import annotations

from collections.abc import Iterator

from ...files.dockerfile import last_line
from ..finding import Severity
from ..secrets import SECRET_IN_URL, SECRET_NAME
from ..survey import Survey
from .places import of_service
from .rule import Seen, rule


@rule(
    "secret-in-history",
    Severity.error,
    "A secret is stored in the image: everyone who has the image can read it.",
    "Pass it to the build with `RUN --mount=type=secret`, and to the container when it starts.",
    "04-service-names",
)
def secret_in_history(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        arguments = each.build.settings.arguments
        for name, value in arguments.items():
            if value and SECRET_NAME.fullmatch(name) and any(str(value) in step for step in each.history):
                place = survey.project.line("services", each.build.services[0], "build", "args", name)
                yield *place, f"`docker history` shows the value of {name} in a layer of {each.build.name}"
        for name, value in each.environment.items():
            line = last_line(one for one in survey.project.instructions(each.build.dockerfile, "ENV") if one.mentions(name))
            if value and line and SECRET_NAME.fullmatch(name):
                yield each.build.dockerfile, line, f"`docker inspect` of the image shows the value of {name}"


@rule(
    "secret-in-environment",
    Severity.warning,
    "A secret is in the environment of a container: `docker inspect` shows it.",
    "Pass it as a Compose secret, and read it from the file in the service.",
    "04-service-names",
)
def secret_in_environment(survey: Survey) -> Iterator[Seen]:
    for service, variables in (survey.seen.environment or _declared_environment(survey)).items():
        baked = {name for each in survey.built if service in each.build.services for name in each.environment}
        for name, value in variables.items():
            if value and name not in baked and (SECRET_NAME.fullmatch(name) or SECRET_IN_URL.search(value)):
                yield *of_service(survey, service, "environment", name), f"`docker inspect` of {service} shows the value of {name}"


def _declared_environment(survey: Survey) -> dict[str, dict[str, str]]:
    return {s.name: {name: value or "" for name, value in s.environment.items()} for s in survey.project.services}
