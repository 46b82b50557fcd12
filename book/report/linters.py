"""What well-kept tools find by reading: hadolint, the builder's own checks, and `docker compose config`."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from ..advice import advice
from ..measure import builder as buildkit
from ..measure.builder import BuildFailed
from ..trouble import Trouble
from .finding import Finding, Severity
from .project import Build, Project

_SECONDS = 60
_LEVELS = {"error": Severity.error, "warning": Severity.warning, "info": Severity.info, "style": Severity.info}
# A rule of the builder that says what one of hadolint's says of the same line.
_SAME = {
    "JSONArgsRecommended": "DL3025",
    "MaintainerDeprecated": "DL4000",
    "SecretsUsedInArgOrEnv": "DL3064",
    "DuplicateStageName": "DL3024",
    "MultipleInstructionsDisallowed": "DL4003",
    "WorkdirRelativePath": "DL3000",
}
# What `docker compose config` says, under names of ours: what each means, and the chapter that explains it.
COMPOSE = {
    "undefined-dependency": ("A service depends on one that no file declares: Compose refuses them all.", "07-reload-any-code"),
    "compose-invalid": ("Compose cannot read the files.", ""),
    "obsolete-key": ("A key that Compose does not need any more.", "02-edit-while-it-runs"),
    "unset-variable": ("A variable in the files has no value, and Compose takes an empty one.", ""),
    "compose-warning": ("Whatever else Compose warns of.", ""),
}
_CHAPTERS = {
    "SC30": (
        "01-environment-in-an-image",
        "Write it for `sh`: `=` for `==`, no `[[`, no `source`. The shell of slim and Alpine is no bash.",
    ),
    "DL3006": ("03-smaller-images", ""),
    "DL3007": ("03-smaller-images", ""),
    "DL3009": ("03-smaller-images", ""),
    "DL3025": ("02-edit-while-it-runs", ""),
    "DL3042": ("03-smaller-images", ""),
    "DL3064": ("04-service-names", ""),
}


def hadolint(project: Project) -> Iterator[Finding]:
    """What hadolint says of each Dockerfile; a `.hadolint.yaml` of the project is heeded."""
    if not project.dockerfiles:
        return
    program = Path(sysconfig.get_path("scripts"), "hadolint")
    command = [str(program), "--no-fail", "--format", "json", "--", *project.dockerfiles]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, errors="replace", timeout=_SECONDS)
    if not done.stdout.startswith("["):
        raise Trouble(f"hadolint does not read the Dockerfiles: {(done.stderr or done.stdout).strip()[:300]}")
    for said in json.loads(done.stdout):
        code = said["code"]
        chapter, ours = next((known for start, known in _CHAPTERS.items() if code.startswith(start)), ("", ""))
        wiki = f"https://www.shellcheck.net/wiki/{code}" if code.startswith("SC") else f"https://github.com/hadolint/hadolint/wiki/{code}"
        yield Finding(code, _LEVELS[said["level"]], said["file"], said["line"], said["message"], ours, chapter, "hadolint", wiki)


def builder(project: Project, build: Build) -> Iterator[Finding]:
    """What `docker build --check` says of a Dockerfile, without building it; nothing where the builder here has no such check."""
    try:
        check = buildkit.check(project.folder, build.dockerfile, build.settings.target, build.settings.context)
    except BuildFailed:
        return  # an older buildx: the build will tell
    for each in check.found:
        words, todo = f"{each.detail}.", f"{each.description.rstrip('.')}."
        yield Finding(each.rule, Severity.warning, build.dockerfile, each.line, words, todo, "", "docker build --check", each.page)


def once(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """Each fault once, also where two tools or two builds find it."""
    found: dict[tuple[str, str, int], Finding] = {}
    for finding in findings:
        found.setdefault((_SAME.get(finding.rule, finding.rule), finding.file, finding.line), finding)
    return tuple(found.values())


def compose(project: Project) -> Iterator[Finding]:
    """What `docker compose config` warns of, and why it refuses the files."""
    if not project.check:
        return
    source = "docker compose config"
    for words in project.check.warnings:
        if "obsolete" in words:
            named = re.search(r"attribute `(\w+)`", words)
            key = named[1] if named else "version"
            todo = f"Take {key} out: Compose has not needed it since 2020."
            yield Finding("obsolete-key", Severity.warning, *project.line(key), words, todo, COMPOSE["obsolete-key"][1], source)
        elif variable := re.search(r'"?(\w+)"? variable is not set', words):
            place = next(((file, line) for file in project.files if (line := _uses(project.read(file), variable[1]))), ("", 0))
            yield Finding(
                "unset-variable", Severity.warning, *place, words, f"Give {variable[1]} a value in .env, or a default.", "", source
            )
        else:
            yield Finding("compose-warning", Severity.warning, project.files[0], 0, words, "See what Compose says.", "", source)
    if not project.check.error:
        return
    words = project.check.error
    if found := re.search(r'service "(\S+?)" depends on undefined service "?([\w.-]+)', words):
        place = project.line("services", found[1], "depends_on", found[2])
        yield Finding(
            "undefined-dependency", Severity.error, *place, words, advice(words).strip(), COMPOSE["undefined-dependency"][1], source
        )
    else:
        found = re.search(r"(?:at L|line )(\d+)", words)
        line = int(found[1]) if found else 0
        yield Finding("compose-invalid", Severity.error, project.files[-1], line, words, advice(words).strip(), "", source)


def _uses(text: str, variable: str) -> int:
    """The last line of a Compose file that uses a variable; 0 if none does."""
    used = re.compile(rf"\$\{{?{variable}\b")
    return max((number for number, line in enumerate(text.splitlines(), 1) if used.search(line)), default=0)
