"""What a report looks for that only a run can show: for each rule what it says, and a small function that looks for it.

A rule gets the whole survey and yields, for each fault, the file, the line and what was measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..probe import HERE
from ..recipe import froms, tagged
from ..show.html import amount
from ..stack import EVERYWHERE
from .finding import Finding, Severity
from .images import Built
from .running import Early
from .survey import Survey

Seen = tuple[str, int, str]  # file, line, what was measured
_MUCH = 1_000_000  # bytes that are worth a word

_SHELLS = r"(?:python[\d.]*|ipython\d?|node|irb|(?:ba|z|da|k)?sh|ash)"
_PROMPT = re.compile(rf"^(?:\S*(?:docker-init|tini|dumb-init) (?:-\S+ )*)?(?:\S*/)?{_SHELLS}(?: -[il]+)*$")
_INSTALLS = re.compile(
    r"\b(pip3?|pipx|poetry|uv|pdm|pipenv|conda|npm|yarn|pnpm|bundle|composer|cargo|go|gem)\b.*\b(?:install|sync|add|ci|mod download)\b"
    r"|\b(?:apt-get|apt|apk|dnf|yum)\b.*\b(?:install|add)\b"
)
# What the project needs, in a step of its own; and the project alone.
_NEEDED = re.compile(r"\s-r\s|--requirement\b|\b(?:sync|mod download)\b|\b(?:poetry|pdm|pipenv)\b.*\binstall\b")
_ALONE = re.compile(r"--no-deps\b|--only-root\b|\bcargo\b.*--path\b|\bgo\b.*\s\./")
# What a secret is called, wherever it stands; not the name of a file that holds one, nor a choice of how one is made.
SECRET = (
    r"(?!\w*(?:ALLOW_EMPTY|RANDOM_ROOT|ONETIME|GOOGLE_APPLICATION)_)[\w-]*"
    r"(?:PASSWORD|PASSWD|REQUIREPASS|SECRET|TOKEN|API[_-]?KEY|(?:SECRET|PRIVATE)(?:_ACCESS)?[_-]?KEY"
    r"|(?<![^\W_])(?:PASS|CREDENTIALS)|(?<=_)PWD)"
)
SECRET_IN_URL = re.compile(r"(://[^:/@\s]{0,200}:)[^@\s]{1,500}@")  # within limits: a page without blanks would take for ever
_SECRET = re.compile(SECRET, re.IGNORECASE)
# The last day on which each was still mended, the oldest first: https://devguide.python.org/versions/,
# https://www.postgresql.org/support/versioning/, https://nodejs.org/en/about/previous-releases, https://www.debian.org/releases/,
# https://ubuntu.com/about/release-cycle, https://alpinelinux.org/releases/
_ENDS = {
    "python": {
        "2.7": "2020-01-01",
        "3.6": "2021-12-23",
        "3.7": "2023-06-27",
        "3.8": "2024-10-07",
        "3.9": "2025-10-31",
        "3.10": "2026-10-31",
    },
    "postgres": {"10": "2022-11-10", "11": "2023-11-09", "12": "2024-11-21", "13": "2025-11-13", "14": "2026-11-12", "15": "2027-11-11"},
    "node": {"12": "2022-04-30", "14": "2023-04-30", "16": "2023-09-11", "18": "2025-04-30", "20": "2026-04-30"},
    "debian": {"8": "2020-06-30", "9": "2022-07-01", "10": "2024-06-30", "11": "2026-08-31"},
    "ubuntu": {"14.04": "2019-04-25", "16.04": "2021-04-30", "18.04": "2023-05-31", "20.04": "2025-05-31"},
    "alpine": {
        "3.16": "2024-05-23",
        "3.17": "2024-11-22",
        "3.18": "2025-05-09",
        "3.19": "2025-11-01",
        "3.20": "2026-04-01",
        "3.21": "2026-11-01",
    },
}
_NUMBERS = {
    "debian": {"jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11"},
    "ubuntu": {"trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04"},
}


@dataclass(frozen=True)
class Rule:
    """One thing to look for.

    Attributes:
        id: its name.
        severity: how much it matters.
        means: what is wrong, in a sentence.
        todo: the next step.
        chapter: the chapter of the book that explains it; empty where none does.
        look: finds it.
    """

    id: str
    severity: Severity
    means: str
    todo: str
    chapter: str
    look: Callable[[Survey], Iterator[Seen]]


RULES: list[Rule] = []


def rule(id: str, severity: Severity, means: str, todo: str, chapter: str = "") -> Callable:
    """Write a rule down; see `Rule`."""

    def note(look: Callable[[Survey], Iterator[Seen]]) -> Callable[[Survey], Iterator[Seen]]:
        RULES.append(Rule(id, severity, means, todo, chapter, look))
        return look

    return note


def findings(survey: Survey) -> tuple[Finding, ...]:
    """Everything that was found in a survey, the worst first."""
    ours = [
        Finding(rule.id, rule.severity, file, line, measured, rule.todo, rule.chapter)
        for rule in RULES
        for file, line, measured in dict.fromkeys(rule.look(survey))
    ]
    return tuple(sorted([*survey.lint, *ours], key=lambda one: (-one.severity, one.file, one.line, one.rule)))


# --- images -----------------------------------------------------------------------------------------------------------------


@rule(
    "build-fails",
    Severity.error,
    "An image cannot be built.",
    "Put right what the builder names.",
)
def _build_fails(survey: Survey) -> Iterator[Seen]:
    for build, words in survey.failures:
        found = re.search(rf"{re.escape(Path(build.dockerfile).name)}:(\d+)", words)
        yield build.dockerfile, int(found[1]) if found else 0, words


@rule(
    "production-is-development",
    Severity.warning,
    "The image for production is the one for development.",
    "Look at the condition that should tell them apart: `=` in sh, and the option that leaves development packages out.",
    "01-environment-in-an-image",
)
def _production_is_development(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        if len(each.variants) != 2:
            continue
        one, other = each.variants
        if one.size == other.size or (one.packages and one.packages == other.packages):
            size = f"{one.size} bytes each" if one.size == other.size else f"{one.size} and {other.size} bytes"
            packages = f", the same {len(one.packages)} Python packages" if one.packages else ""
            line = survey.project.instruction(
                each.build.dockerfile, rf"^\s*(?:ARG|FROM)\b.*\b{re.escape(other.asked.split()[1].partition('=')[0])}\b"
            )
            yield each.build.dockerfile, line, f"`{one.asked}` and `{other.asked}`: {size}{packages}"


@rule(
    "cache-hostile-order",
    Severity.warning,
    "One changed line of code installs everything again.",
    "Copy the list of dependencies and install them first; copy the code after that.",
    "01-environment-in-an-image",
)
def _cache_hostile_order(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        steps = each.rebuild.steps if each.rebuild else ()
        cached = (part for step in steps if step.seconds is None for part in _installing(step.instruction))
        kept = {tool for words, tool in cached if tool and _NEEDED.search(words)}  # the project itself may be new for these
        for step in steps:
            again = any(tool not in kept and not _ALONE.search(words) for words, tool in _installing(step.instruction))
            if step.seconds is not None and step.instruction.startswith("RUN") and again:
                line = _line(survey, each, step.instruction)
                took = f"{step.seconds:.1f} s of a build of {each.rebuild.seconds:.1f} s"
                yield (
                    each.build.dockerfile,
                    line,
                    f"after one more line in {each.rebuild.touched}, `{_short(step.instruction)}` ran again: {took}",
                )


def _installing(instruction: str) -> Iterator[tuple[str, str]]:
    """The commands of a step that install something, each with its tool; that is empty for packages of the system."""
    for words in re.split(r"&&|;", instruction):
        if found := _INSTALLS.search(words):
            yield words, found[1] or ""


@rule(
    "deleted-later",
    Severity.warning,
    "A layer holds files that a later one deletes or overwrites: they stay in the image, and nobody can see them.",
    "Delete them in the RUN that made them, set owner and mode with COPY, or build in a stage of its own.",
    "03-smaller-images",
)
def _deleted_later(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        for layer in each.contents.layers:
            if not layer.from_base and layer.wasted >= _MUCH:
                largest = layer.hidden[0]
                how = "deleted" if largest.deleted else "overwritten"
                most = f"most of it {largest.path} ({amount(largest.size)})"
                words = f"{amount(layer.wasted)} of `{_short(layer.instruction)}` are {how} later, {most}"
                yield each.build.dockerfile, _line(survey, each, layer.instruction), words


@rule(
    "no-dockerignore",
    Severity.warning,
    "The whole folder goes into the image, and no .dockerignore says what stays out.",
    "Write a .dockerignore: .git, .venv, .env, caches, and whatever else the image does not need.",
    "03-smaller-images",
)
def _no_dockerignore(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        line = survey.project.instruction(each.build.dockerfile, r"^\s*(?:COPY|ADD)\s+(?:--(?!from)\S+\s+)*\[?[\"']?\./?[\"']?[\s,]")
        if line and not each.ignored:
            rest = f"; among it {', '.join(each.unwanted)}" if each.unwanted else ""
            yield (
                each.build.dockerfile,
                line,
                f"{amount(each.folder)} in {each.files} files of {_folder(each)} are sent to the builder{rest}",
            )


@rule(
    "secret-in-history",
    Severity.error,
    "A secret stands in the image, and everyone who has the image can read it.",
    "Give it to the build with `RUN --mount=type=secret`, and to the container when it starts.",
    "04-service-names",
)
def _secret_in_history(survey: Survey) -> Iterator[Seen]:
    for each in survey.built:
        arguments = each.build.settings.get("args") or {}
        for name, value in arguments.items():
            if value and _SECRET.fullmatch(name) and any(str(value) in step for step in each.history):
                place = survey.project.line("services", each.build.services[0], "build", "args", name)
                yield *place, f"`docker history` shows the value of {name} in a layer of {each.build.name}"
        for name, value in each.environment.items():
            line = survey.project.instruction(each.build.dockerfile, rf"^\s*ENV\s.*\b{re.escape(name)}\b")
            if value and line and _SECRET.fullmatch(name):
                yield each.build.dockerfile, line, f"`docker inspect` of the image shows the value of {name}"


@rule(
    "end-of-life",
    Severity.warning,
    "A base image is not mended any more.",
    "Take a version that is still mended.",
    "01-environment-in-an-image",
)
def _end_of_life(survey: Survey) -> Iterator[Seen]:
    today = survey.provenance.day
    for file, line, reference in _references(survey):
        how, day = _mended(reference)
        if day and date.fromisoformat(day) < date.fromisoformat(today):
            yield file, line, f"{reference}: {how} until {day}, and today is {today}"


def _mended(reference: str) -> tuple[str, str]:
    """How long the version of an image is mended: in words, and the last day; empty where that is not known.

    A version that is not in the table is older than the next one that is, and was given up before.
    """
    place, _, image = reference.partition("@")[0].rpartition("/")
    name, _, tag = image.partition(":")
    word = tag.partition("-")[0]
    version = _NUMBERS.get(name, {}).get(word, word)
    if not re.fullmatch(r"\d+(?:\.\d+)*", version):
        return "", ""
    for known, day in _ENDS.get(name, {}).items():
        wanted, have = _number(known), _number(version)
        if have[: len(wanted)] == wanted:
            return "mended", day
        # Whoever else calls an image `python` may count its versions in another way.
        if len(have) >= len(wanted) and have < wanted and (not place or place.endswith("library")):
            return f"older than {known}, which was mended", day
    return "", ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@rule(
    "unpinned-image",
    Severity.warning,
    "A service takes whatever its image is today.",
    "Name a version in the tag.",
    "03-smaller-images",
)
def _unpinned_image(survey: Survey) -> Iterator[Seen]:
    for file, line, reference in _references(survey):
        if file in survey.project.files and re.fullmatch(r"(?:.*/)?[^:@]+(?::latest)?", reference):
            yield file, line, f"{reference.removesuffix(':latest')} has no version"


# --- what runs --------------------------------------------------------------------------------------------------------------


@rule(
    "does-not-come-up",
    Severity.error,
    "`docker compose up` fails.",
    "Put right what Compose names.",
    "06-wait-until-ready",
)
def _does_not_come_up(survey: Survey) -> Iterator[Seen]:
    if survey.seen.failure and not _never_healthy_in(survey):
        yield survey.project.files[0] if survey.project.files else survey.project.alone[0], 0, survey.seen.failure


@rule(
    "never-ready",
    Severity.error,
    "A service never becomes healthy, and what waits for it never starts.",
    "Try its health check inside the container; it must end with exit code 0.",
    "06-wait-until-ready",
)
def _never_ready(survey: Survey) -> Iterator[Seen]:
    for service, words in survey.seen.health.items():
        yield *survey.project.line("services", service, "healthcheck"), f"{service} is not healthy; its check: {words}"
    for service in _never_healthy_in(survey):
        yield *survey.project.line("services", service, "healthcheck"), survey.seen.failure


def _never_healthy_in(survey: Survey) -> list[str]:
    """The services that Compose's own words call unhealthy."""
    failure = survey.seen.failure
    names = [
        name for name in survey.project.config.get("services", {}) if re.search(rf"\b{re.escape(name)}(?:-\d+)? is unhealthy", failure)
    ]
    return sorted(names, key=len)[-1:]


@rule(
    "healthy-too-early",
    Severity.error,
    "A health check passes before the service answers: whatever waits for it starts too early.",
    "Let the check ask what the others will ask: over TCP, by the service's own address, as `pg_isready -h 127.0.0.1` does.",
    "06-wait-until-ready",
)
def _healthy_too_early(survey: Survey) -> Iterator[Seen]:
    for early in _too_early(survey):
        place = survey.project.line("services", early.service, "healthcheck")
        yield *place, f"{early.service} was healthy, and a knock at {early.reach.target} at that moment was {early.reach.verdict}"


def _too_early(survey: Survey) -> list[Early]:
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
def _app_never_runs(survey: Survey) -> Iterator[Seen]:
    for service in survey.seen.services:
        words = service.command or _command(survey, service.name)
        ended = service.state == "exited" and service.exit_code == 0
        if (service.state == "running" or ended) and _PROMPT.match(words):
            how = "is still up" if service.state == "running" else "ended at once"
            yield *_of_service(survey, service.name, "tty"), f"process 1 of {service.name} is `{words}`, and it {how}"


@rule(
    "crashes",
    Severity.error,
    "A service ends with an error.",
    "Read its last words, and mend what they name.",
    "07-reload-any-code",
)
def _crashes(survey: Survey) -> Iterator[Seen]:
    for service in survey.seen.services:
        if service.restarts or service.state in ("restarting", "dead") or (service.state == "exited" and service.exit_code):
            again = f", started again {service.restarts} times" if service.restarts else ""
            words = survey.seen.words.get(service.name) or "(nothing)"
            yield (
                *_of_service(survey, service.name, "command"),
                f"{service.name} ended with exit code {service.exit_code}{again}; it said: {words}",
            )


@rule(
    "listens-on-loopback",
    Severity.error,
    "A service listens on 127.0.0.1 of its own container, where nobody else can reach it.",
    "Let it listen on 0.0.0.0; what may reach it from outside is decided under `ports`.",
    "05-projects-that-talk",
)
def _listens_on_loopback(survey: Survey) -> Iterator[Seen]:
    for service, ports in _loopback(survey).items():
        for port in ports:
            yield *_of_service(survey, service, "command"), f"inside {service}, 127.0.0.1:{port} is open, and {service}:{port} is refused"


@rule(
    "port-silent",
    Severity.error,
    "A published port leads to nothing.",
    "Publish the port at which the service listens.",
    "05-projects-that-talk",
)
def _port_silent(survey: Survey) -> Iterator[Seen]:
    topology = survey.seen.topology
    idle = {service.name for service in survey.seen.services if _PROMPT.match(service.command)}
    for reach in topology.reaches if topology else ():
        service, _, port = reach.target.partition(":")
        ups = [one for one in topology.of(service) if one.state == "running" and not one.restarts]
        if reach.source == HERE and not reach.ok and ups and service not in idle and int(port) not in _loopback(survey).get(service, ()):
            yield *_of_service(survey, service, "ports"), f"{service} publishes {port}, and a knock there: {reach.verdict}"


@rule(
    "localhost-for-another",
    Severity.error,
    "A variable says localhost and means another service: in a container, localhost is the container itself.",
    "Write the name of the service.",
    "04-service-names",
)
def _localhost_for_another(survey: Survey) -> Iterator[Seen]:
    for alone in survey.seen.alone:
        place = _of_service(survey, alone.service, "environment", alone.variable)
        words = f"{alone.variable} leads {alone.service} to itself: localhost:{alone.port} is {alone.reach.verdict} there"
        yield *place, f"{words}; {' and '.join(alone.others)} {'has' if len(alone.others) == 1 else 'have'} that port"


@rule(
    "unreached-dependency",
    Severity.error,
    "A service does not reach what it depends on.",
    "Put both on one network.",
    "05-projects-that-talk",
)
def _unreached_dependency(survey: Survey) -> Iterator[Seen]:
    topology = survey.seen.topology
    silent = {service.name for service in survey.seen.services if service.state != "running" or service.restarts}
    for difference in topology.differences if topology else ():
        if found := re.match(r"depends on (\S+), and does not reach it: (.+)", difference.words):
            if found[1] not in {*silent, *_loopback(survey)} and found[2] in ("no such name", "no answer in time"):
                yield *survey.project.line("services", difference.service, "depends_on"), str(difference)


@rule(
    "ignores-sigterm",
    Severity.warning,
    "Process 1 does not hear SIGTERM: each stop takes as long as the engine waits, and ends with a kill.",
    "Write `init: true`, start the program without a shell around it, or handle the signal.",
    "02-edit-while-it-runs",
)
def _ignores_sigterm(survey: Survey) -> Iterator[Seen]:
    prompts = {service.name for service in survey.seen.services if _PROMPT.match(service.command)}
    # What called itself healthy too early may still have been on its way, with its entrypoint as process 1: its end says nothing.
    on_its_way = {early.service for early in _too_early(survey)}
    for service, stopped in survey.seen.stops.items():
        if stopped.exit_code == 137 and service not in prompts | on_its_way:
            process = next((one.command for one in survey.seen.services if one.name == service), "")
            words = f"{service} took {stopped.seconds:.1f} s to stop, and ended with exit code 137; process 1 is `{_short(process)}`"
            yield *_of_service(survey, service, "command"), words


@rule(
    "reload-sees-nothing",
    Severity.warning,
    "A reloader does not see an edit: its pattern or its folder leaves the file out.",
    'Watch the folder that is mounted, nested files included: `"**/*.py"` for watchmedo, or watchfiles.',
    "07-reload-any-code",
)
def _reload_sees_nothing(survey: Survey) -> Iterator[Seen]:
    # Gunicorn's reloader watches what is imported only: one file that it sees shows that it works.
    works = {edit.service for edit in survey.seen.edits if edit.seconds is not None and re.search(r"\bgunicorn\b", edit.command)}
    for edit in survey.seen.edits:
        if edit.seconds is None and edit.service not in works:
            words = f"`{_short(edit.command)}` went on with the same processes after one more line in {edit.file}"
            yield *_of_service(survey, edit.service, "command"), words
    for name, service in survey.project.config.get("services", {}).items():
        for watched in (service.get("develop") or {}).get("watch") or ():
            if survey.project.runs(name) and not Path(watched["path"]).exists():
                words = f"{name} watches {Path(watched['path']).name}, and there is no such file or folder"
                yield *survey.project.line("services", name, "develop", "watch"), words


@rule(
    "runs-as-root",
    Severity.warning,
    "Process 1 of your own image runs as root.",
    "Make a user in the Dockerfile, and switch to it with USER.",
    "03-smaller-images",
)
def _runs_as_root(survey: Survey) -> Iterator[Seen]:
    uids = {service.name: service.uid for service in survey.seen.services if service.uid is not None}
    for each in survey.built:
        for service in each.build.services:
            uid = uids.get(service, 0 if each.user in ("", "0", "root") else 1)
            if uid == 0:
                how = f"process 1 of {service} runs as uid 0" if service in uids else f"the image of {service} names no user"
                yield each.build.dockerfile, survey.project.instruction(each.build.dockerfile, r"^\s*(?:USER|CMD|ENTRYPOINT|FROM)\b"), how
                break


@rule(
    "root-owned-files",
    Severity.warning,
    "A container leaves files in your folder that belong to root.",
    'Run it as you: `user: "1000:1000"`, with your own numbers.',
    "02-edit-while-it-runs",
)
def _root_owned_files(survey: Survey) -> Iterator[Seen]:
    written = survey.seen.written
    mounting = [
        name
        for name, one in survey.project.config.get("services", {}).items()
        if any(v["type"] == "bind" for v in one.get("volumes") or ())
    ]
    if written:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        yield *survey.project.line("services", mounting[0], "volumes"), f"{written[0]}{more} belongs to root after the run"


@rule(
    "secret-in-environment",
    Severity.warning,
    "A secret stands in the environment of a container, where `docker inspect` shows it.",
    "Give it as a Compose secret, and let the service read the file.",
    "04-service-names",
)
def _secret_in_environment(survey: Survey) -> Iterator[Seen]:
    for service, variables in (survey.seen.environment or _declared_environment(survey)).items():
        baked = {name for each in survey.built if service in each.build.services for name in each.environment}
        for name, value in variables.items():
            if value and name not in baked and (_SECRET.fullmatch(name) or SECRET_IN_URL.search(value)):
                yield *_of_service(survey, service, "environment", name), f"`docker inspect` of {service} shows the value of {name}"


# --- what is published ------------------------------------------------------------------------------------------------------


@rule(
    "port-on-all-interfaces",
    Severity.warning,
    "A port is published on every network of the machine.",
    'Write the address before it: `"127.0.0.1:8000:8000"`.',
    "04-service-names",
)
def _port_on_all_interfaces(survey: Survey) -> Iterator[Seen]:
    for service, port in _published(survey):
        if port.get("host_ip", "") in EVERYWHERE:
            yield *survey.project.line("services", service, "ports"), f"{service} publishes {port['target']} on 0.0.0.0"


@rule(
    "port-taken-twice",
    Severity.error,
    "Two services publish the same port of the machine: the second one cannot start.",
    "Give each a port of its own.",
    "05-projects-that-talk",
)
def _port_taken_twice(survey: Survey) -> Iterator[Seen]:
    taken: dict[tuple[str | None, str], list[tuple[str, str]]] = {}
    for service, port in _published(survey):
        at, place = port.get("host_ip", ""), (port.get("published"), port["protocol"])
        before = taken.setdefault(place, [])
        other = next((name for name, there in before if name != service and (there == at or EVERYWHERE & {there, at})), None)
        if place[0] and other:
            yield *survey.project.line("services", service, "ports"), f"{other} and {service} both publish {place[0]}"
        before.append((service, at))


# --- where things stand -----------------------------------------------------------------------------------------------------


def _of_service(survey: Survey, service: str, *keys: str) -> tuple[str, int]:
    """The line of a service in the Compose files; the command of its Dockerfile where there are none."""
    if survey.project.files:
        return survey.project.line("services", service, *keys)
    built = next((each for each in survey.built if service in each.build.services), None)
    return (
        (built.build.dockerfile, survey.project.instruction(built.build.dockerfile, r"^\s*(?:CMD|ENTRYPOINT|FROM)\b")) if built else ("", 0)
    )


def _line(survey: Survey, built: Built, instruction: str) -> int:
    """The line of a Dockerfile on which an instruction begins, from what the engine or the builder calls it."""
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


def _references(survey: Survey) -> Iterator[Seen]:
    """Every image that the project starts from: file, line, name."""
    arguments = {build.dockerfile: build.settings.get("args") for build in survey.project.builds}
    for file in survey.project.dockerfiles:
        yield from ((file, line, image) for line, image in froms(survey.project.read(file), arguments.get(file)))
    own = survey.project.own_images
    for name, service in survey.project.config.get("services", {}).items():
        if "image" in service and "build" not in service and tagged(service["image"]) not in own:
            yield *survey.project.line("services", name, "image"), service["image"]


def _published(survey: Survey) -> Iterator[tuple[str, dict]]:
    """Every port that the files publish, with its service; one port of a container may be published several times."""
    for name, service in survey.project.config.get("services", {}).items():
        if survey.project.runs(name):
            yield from ((name, port) for port in service.get("ports") or ())


def _loopback(survey: Survey) -> dict[str, list[int]]:
    """The ports that answer a service at 127.0.0.1 and at no other address of its own."""
    known = {(reach.source, reach.target): reach for reach in survey.seen.doors}
    found: dict[str, list[int]] = {}
    for (source, target), reach in known.items():
        host, _, port = target.rpartition(":")
        own = known.get((source, f"{source}:{port}"))
        if host == "127.0.0.1" and reach.ok and own and own.verdict == "refused":
            found.setdefault(source, []).append(int(port))
    return found


def _command(survey: Survey, service: str) -> str:
    """What a service was told to run: by the Compose files, or else by its image."""
    settings = survey.project.config.get("services", {}).get(service, {})
    own = (*(settings.get("entrypoint") or ()), *(settings.get("command") or ()))
    return " ".join(own or next((each.command for each in survey.built if service in each.build.services), ()))


def _declared_environment(survey: Survey) -> dict[str, dict[str, str]]:
    services = survey.project.config.get("services", {})
    return {name: dict(services[name].get("environment") or {}) for name in services if survey.project.runs(name)}


def _folder(built: Built) -> str:
    return "the folder" if built.build.context == "." else built.build.context


def _short(text: str, longest: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
