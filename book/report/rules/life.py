"""Rules on how services stop and reload."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..finding import Severity
from ..survey import Survey
from .places import of_service, short
from .rule import Seen, rule
from .start import PROMPT, too_early


@rule(
    "ignores-sigterm",
    Severity.warning,
    "Process 1 does not handle SIGTERM: each stop takes as long as the engine waits, and ends with a kill.",
    "Set `init: true`, start the program without a shell around it, or handle the signal.",
    "02-edit-while-it-runs",
)
def ignores_sigterm(survey: Survey) -> Iterator[Seen]:
    prompts = {service.name for service in survey.seen.services if PROMPT.match(service.command)}
    # A service that was healthy too early may still have been starting, with its entrypoint as process 1: its exit code proves nothing.
    starting = {early.service for early in too_early(survey)}
    for service, stopped in survey.seen.stops.items():
        if stopped.exit_code == 137 and service not in prompts | starting:
            process = next((one.command for one in survey.seen.services if one.name == service), "")
            measured = f"{service} took {stopped.seconds:.1f} s to stop, and ended with exit code 137; process 1 is `{short(process)}`"
            yield *of_service(survey, service, "command"), measured


@rule(
    "reload-sees-nothing",
    Severity.warning,
    "A reloader does not notice an edit: its pattern or its folder does not include the file.",
    'Watch the mounted folder and everything below it: use `"**/*.py"` with watchmedo, or use watchfiles.',
    "07-reload-any-code",
)
def reload_sees_nothing(survey: Survey) -> Iterator[Seen]:
    # Gunicorn's reloader only watches what is imported: if it notices one file, it works.
    works = {edit.service for edit in survey.seen.edits if edit.seconds is not None and re.search(r"\bgunicorn\b", edit.command)}
    for edit in survey.seen.edits:
        if edit.seconds is None and edit.service not in works:
            measured = f"`{short(edit.command)}` kept the same processes after a line was added to {edit.file}"
            yield *of_service(survey, edit.service, "command"), measured
    for service in survey.project.services:
        for watched in service.watched:
            if not watched.exists():
                measured = f"{service.name} watches {watched.name}, but there is no such file or folder"
                yield *survey.project.line("services", service.name, "develop", "watch"), measured
