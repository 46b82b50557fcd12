"""Rules on users and the owners of files."""

from __future__ import annotations

from collections.abc import Iterator

from ...files.dockerfile import last_line
from ..finding import Severity
from ..survey import Survey
from .rule import Seen, rule


@rule(
    "runs-as-root",
    Severity.warning,
    "Process 1 of your own image runs as root.",
    "Create a user in the Dockerfile, and switch to it with USER.",
    "03-smaller-images",
)
def runs_as_root(survey: Survey) -> Iterator[Seen]:
    uids = {service.name: service.uid for service in survey.seen.services if service.uid is not None}
    for each in survey.built:
        for service in each.build.services:
            uid = uids.get(service, 0 if each.user in ("", "0", "root") else 1)
            if uid == 0:
                how = f"process 1 of {service} runs as uid 0" if service in uids else f"the image of {service} sets no user"
                line = last_line(survey.project.instructions(each.build.dockerfile, "USER", "CMD", "ENTRYPOINT", "FROM"))
                yield each.build.dockerfile, line, how
                break


@rule(
    "root-owned-files",
    Severity.warning,
    "A container creates files in your folder that belong to root.",
    'Run it as your own user: `user: "1000:1000"`, with the numbers that `id` prints.',
    "02-edit-while-it-runs",
)
def root_owned_files(survey: Survey) -> Iterator[Seen]:
    written = survey.seen.written
    mounting = [name for name, service in survey.project.config.services.items() if any(mount.is_bind for mount in service.mounts)]
    if written:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        yield *survey.project.line("services", mounting[0], "volumes"), f"{written[0]}{more} belongs to root after the run"
