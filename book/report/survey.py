"""All that was found out about a project, step by step, each within its limit."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from .. import engine
from ..files.dockerfile import tagged
from ..offline import bases
from ..progress import step
from ..trouble import Trouble
from . import images, linters, starts_from
from .copy import copied
from .finding import Finding
from .images import Built, NotBuilt
from .project import Build, Project
from .ran import Ran
from .risks import Risk, risks
from .running import Runner
from .starts_from import copied_from, frontend, without_frontend

PATIENCE = 30.0
STEP_SECONDS = 600.0


class Refused(Trouble):
    """The project asks for something risky that was not allowed; the message names all of it."""


@dataclass(frozen=True)
class Survey:
    """What was found out.

    Attributes:
        project: as it is in the reader's folder.
        lint: what tools found by reading.
        risks: what it asks for beyond its own containers, and was allowed.
        missing: what kept the report from going all the way: images that are not available.
        failures: Dockerfile → why it cannot be built.
        built: its images.
        ran: what was seen while it ran; None if nothing could be run.
        provenance: on what it was run.
        remarks: what a reader should know of how it was run.
        seconds: how long all of it took.
    """

    project: Project
    lint: tuple[Finding, ...]
    risks: tuple[Risk, ...]
    missing: tuple[str, ...]
    failures: tuple[tuple[Build, str], ...]
    built: tuple[Built, ...]
    ran: Ran | None
    provenance: engine.Provenance
    remarks: tuple[str, ...]
    seconds: float

    @property
    def seen(self) -> Ran:
        """What was seen while it ran; nothing of anything where it could not be run."""
        return self.ran or Ran()


def survey(
    project: Project,
    allowed: Iterable[str] = (),
    runs: int = 1,
    patience: float = PATIENCE,
    limit: float = STEP_SECONDS,
    left_out: Iterable[Path] = (),
) -> Survey:
    """Check, build, bring up, measure and take down a project, in a copy of its folder.

    Args:
        project: from `project.find`.
        allowed: the kinds of risk that are allowed, from `kinds.KINDS`.
        runs: how often it is brought up.
        patience: seconds to wait for ports and health after each `up`.
        limit: seconds for each build, and for each `up`.
        left_out: files in the folder that are no part of the project.

    Raises:
        Refused: where it asks for a risk that is not allowed; nothing has been built or run then.
        NoProject: where it reads more than is copied.
    """
    started = time.monotonic()
    with copied(project, left_out) as copy, tempfile.TemporaryDirectory(prefix="report-") as scratch:
        place = Path(scratch)
        asked = risks(copy)
        refused = [risk for risk in asked if risk.kind not in allowed]
        if refused:
            kinds = " ".join(f"--allow {kind}" for kind in dict.fromkeys(risk.kind for risk in refused))
            words = "\n".join(f"  {risk}" for risk in refused)
            raise Refused(
                f"{project.name} is not run, since it asks for what may change this machine:\n{words}\nTo run it all the same: {kinds}"
            )
        builds, only, missing, remarks = _have(copy)
        lint = _lint(project, copy)
        built, failures = _build(copy, builds, place, limit)
        ran = _run(copy, built, failures, missing, only, place, (runs, patience, limit))
        references = dict.fromkeys([*(base for each in built for base in each.bases), *_images(copy)])
        found = engine.provenance(references)
    seconds = time.monotonic() - started
    return Survey(project, lint, asked, missing, failures, built, ran, found, tuple(remarks), seconds)


def _lint(project: Project, copy: Project) -> tuple[Finding, ...]:
    with step("What tools find by reading") as bar:
        found = [*linters.compose(project), *linters.hadolint(copy)]
        for build in copy.builds:
            bar(0.5, 1, build.dockerfile)
            found += linters.builder(copy, build)
        lint = linters.once(iter(found))
        bar.note(f"{len(lint)} found" if lint else "nothing found")
    return lint


def _images(project: Project) -> tuple[str, ...]:
    """The images that its services take as they are; Compose itself pulls one for another kind of machine."""
    named = (tagged(service.image) for service in project.services if service.image and not service.build and not service.platform)
    return tuple(dict.fromkeys(image for image in named if image not in project.own_images))


def _have(project: Project) -> tuple[list[Build], tuple[str, ...], tuple[str, ...], list[str]]:
    """Have the images that it starts from.

    Says which builds and which services can be done, what is missing for the others, and which Dockerfiles the builder reads itself.
    """
    needs = {build.name: (*starts_from.bases(project, build), *copied_from(project, build)) for build in project.builds}
    frontends = {build.name: frontend(project, build) for build in project.builds}
    absent: dict[str, str] = {}
    with step("Base images") as bar:
        for reference in dict.fromkeys([*chain.from_iterable(needs.values()), *_images(project), *filter(None, frontends.values())]):
            try:
                bases.ensure([reference], bar)
            except bases.NoBase as problem:
                absent[reference] = str(problem)
        remarks = []
        for build in project.builds:
            if frontends[build.name] in absent:
                without_frontend(project, build)
                remarks.append(f"{build.dockerfile} was read by the builder's own frontend: {frontends[build.name]} is not available.")
        absent = {name: words for name, words in absent.items() if name not in frontends.values()}
        bar.note("; ".join(f"{name} is missing" for name in absent) or "all are here")
    builds = [build for build in project.builds if not absent.keys() & set(needs[build.name])]
    cannot = {service for build in project.builds if build not in builds for service in build.services}
    cannot |= {name for name, service in project.config.services.items() if tagged(service.image) in absent}
    return builds, _able(project, cannot) if cannot else (), tuple(absent.values()), remarks


def _able(project: Project, cannot: set[str]) -> tuple[str, ...]:
    """The services that can run without those that cannot: neither they nor what they depend on is among them."""
    declared = {each.name: each for each in project.declared}
    while more := {name for name, each in declared.items() if name not in cannot and set(each.depends_on) & cannot}:
        cannot = cannot | more
    return tuple(name for name in declared if name not in cannot)


def _build(project: Project, builds: Sequence[Build], place: Path, limit: float) -> tuple[tuple[Built, ...], tuple[tuple[Build, str], ...]]:
    builder = images.Builder(project, place, limit)
    built: list[Built] = []
    failures: list[tuple[Build, str]] = []
    if not builds:
        return (), ()
    with step(f"Images ({len(builds)})") as bar:
        for number, build in enumerate(builds):
            try:
                bar(number, len(builds), build.name)
                measured = builder.measure(build)
                bar(number + 0.5, len(builds), f"{build.name}, again after a file was touched")
                built.append(builder.variants(builder.again(measured)))
            except NotBuilt as problem:
                failures.append((build, str(problem)))
        bar.note(", ".join(f"{each.build.name} {each.image.size / 1e6:.0f} MB" for each in built))
    return tuple(built), tuple(failures)


def _run(
    project: Project,
    built: Sequence[Built],
    failures: Sequence[tuple[Build, str]],
    missing: Sequence[str],
    only: tuple[str, ...],
    place: Path,
    times: tuple[int, float, float],
) -> Ran | None:
    runs, patience, limit = times
    if project.files:
        failed = {service for build, _ in failures for service in build.services}
        only = tuple(name for name in _able(project, failed) if not missing or name in only) if failed else only
        if not project.declared or ((failed or missing) and not only):
            return None
    elif not built:
        return None
    with step(f"Up, measure, stop, down{f' ({runs} times up)' if runs > 1 else ''}") as bar:
        ran = Runner(project, built, place, patience, limit, only).run(runs)
        bar.note(f"{len(ran.services)} containers" if not ran.failure else "it does not come up")
    return _as_written(ran, project)


def _as_written(ran: Ran, project: Project) -> Ran:
    """Without the copy's place, which no longer exists."""
    return replace(ran, failure=ran.failure.replace(f"{project.folder}/", ""))
