"""Rules on the start of services."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..finding import Severity
from ..ran import Early
from ..survey import Survey
from .places import of_service
from .rule import Seen, rule

_SHELLS = r"(?:python[\d.]*|ipython\d?|node|irb|(?:ba|z|da|k)?sh|ash)"
PROMPT = re.compile(rf"^(?:\S*(?:docker-init|tini|dumb-init) (?:-\S+ )*)?(?:\S*/)?{_SHELLS}(?: -[il]+)*$")


# --- what runs --------------------------------------------------------------------------------------------------------------


@rule(
    "does-not-come-up",
    Severity.error,
    "`docker compose up` fails.",
    "Put right what Compose names.",
    "06-wait-until-ready",
)
def does_not_come_up(survey: Survey) -> Iterator[Seen]:
    if survey.seen.failure and not _never_healthy_in(survey):
        yield survey.project.files[0] if survey.project.files else survey.project.alone[0], 0, survey.seen.failure


@rule(
    "never-ready",
    Severity.error,
    "A service never becomes healthy, and what waits for it never starts.",
    "Try its health check inside the container; it must end with exit code 0.",
    "06-wait-until-ready",
)
def never_ready(survey: Survey) -> Iterator[Seen]:
    for service, words in survey.seen.health.items():
        yield *survey.project.line("services", service, "healthcheck"), f"{service} is not healthy; its check: {words}"
    for service in _never_healthy_in(survey):
        yield *survey.project.line("services", service, "healthcheck"), survey.seen.failure


def _never_healthy_in(survey: Survey) -> list[str]:
    """The services that Compose's own words call unhealthy."""
    failure = survey.seen.failure
    names = [name for name in survey.project.config.services if re.search(rf"\b{re.escape(name)}(?:-\d+)? is unhealthy", failure)]
    return sorted(names, key=len)[-1:]


@rule(
    "healthy-too-early",
    Severity.error,
    "A health check passes before the service answers: whatever waits for it starts too early.",
    "Let the check ask what the others will ask: over TCP, by the service's own address, as `pg_isready -h 127.0.0.1` does.",
    "06-wait-until-ready",
)
def healthy_too_early(survey: Survey) -> Iterator[Seen]:
    for early in too_early(survey):
        place = survey.project.line("services", early.service, "healthcheck")
        yield *place, f"{early.service} was healthy, and a knock at {early.reach.target} at that moment was {early.reach.text}"


def too_early(survey: Survey) -> list[Early]:
    """The services that were healthy and did not answer yet; not at a port that never does: an image may expose what nobody opens."""
    topology = survey.seen.topology
    later = {(reach.source, reach.target) for reach in (*survey.seen.doors, *(topology.reaches if topology else ())) if reach.ok}
    return [early for early in survey.seen.early if early.silent and (early.service, early.reach.target) in later]


@rule(
    "app-never-runs",
    Severity.error,
    "The container is up, and nothing of yours runs in it: process 1 is an idle prompt.",
    "Give it a command, and the code in the image or in a mount.",
    "04-service-names",
)
def app_never_runs(survey: Survey) -> Iterator[Seen]:
    for service in survey.seen.services:
        words = service.command or _command(survey, service.name)
        ended = service.state == "exited" and service.exit_code == 0
        if (service.state == "running" or ended) and PROMPT.match(words):
            how = "is still up" if service.state == "running" else "ended at once"
            yield *of_service(survey, service.name, "tty"), f"process 1 of {service.name} is `{words}`, and it {how}"


@rule(
    "crashes",
    Severity.error,
    "A service ends with an error.",
    "Read its last words, and mend what they name.",
    "07-reload-any-code",
)
def crashes(survey: Survey) -> Iterator[Seen]:
    for service in survey.seen.services:
        if service.restarts or service.state in ("restarting", "dead") or (service.state == "exited" and service.exit_code):
            again = f", started again {service.restarts} times" if service.restarts else ""
            words = survey.seen.words.get(service.name) or "(nothing)"
            yield (
                *of_service(survey, service.name, "command"),
                f"{service.name} ended with exit code {service.exit_code}{again}; it said: {words}",
            )


def _command(survey: Survey, service: str) -> str:
    """What a service was told to run: by the Compose files, or else by its image."""
    settings = survey.project.config.services.get(service)
    own = settings.command if settings else ()
    return " ".join(own or next((each.command for each in survey.built if service in each.build.services), ()))
