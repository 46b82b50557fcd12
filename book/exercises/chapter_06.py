"""The exercise of chapter 06: start an application when its database is ready and the migration has run."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPException

from docker.errors import APIError

from ..engine import connect
from ..files import compose
from ..files.compose import ComposeFile
from ..measure import probe, timeline, up
from ..measure.answer import NoAnswer
from ..measure.limits import wait_until
from ..measure.service import StackError, StackFailed
from ..measure.stack import Stack
from ..measure.timeline import EventName, Timeline
from ..recipe import Recipe
from ..trouble import Trouble
from .exercise import Condition, Exercise, Heard, Seen, text_of

FILE = "compose.yaml"
APP, MIGRATION, DATABASE = "echo-service", "migration", "database-service"
_PLACE = "check"  # a folder in the copy
_GO = "/tmp/go"
_READY = ("pg_isready", "-U", "postgres")
_OVER_TCP = (*_READY, "-h", "127.0.0.1")
_DATABASE_SECONDS, _UP_SECONDS, _ANSWER_SECONDS, _AGAIN_SECONDS, _CHECK_SECONDS = 120, 120, 30.0, 15.0, 10.0
_MIGRATION_SECONDS = 30
_LAST_LINES = 8
# Laid over the reader's file: scripts that run at the first start of the database.
_OVER = f"""services:
  {DATABASE}:
    volumes:
      - ./{_PLACE}/{{0}}:/docker-entrypoint-initdb.d:ro
"""
# The temporary server of the first start runs until we have looked.
_HOLD = f"until [ -e {_GO} ]; do sleep 0.1; done\n"
# A first start, and a migration, that take as long as with real data: who does not wait is early on any machine.
_SLOW = """SELECT pg_sleep(2);
CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); END $$;
CREATE EVENT TRIGGER slow ON ddl_command_start EXECUTE FUNCTION slow();
"""


@dataclass(frozen=True)
class HealthCheck:
    """What the database's own health check says.

    Attributes:
        early: its exit code while only the temporary server of the first start runs; None if there is no check.
        late: its exit code when the database accepts connections over TCP; None if there is no check.
        ended: the end of the database's log, if it ended by itself; empty else.
    """

    early: int | None = None
    late: int | None = None
    ended: str = ""


@dataclass(frozen=True)
class Facts:
    """What was measured of a Compose file.

    Attributes:
        health: what the health check of the database says.
        events: what happened while everything came up.
        failed: the message of `docker compose up --wait`; empty if it ended with exit code 0.
        status: the HTTP status of the application's first answer; 0 if none came, None if it was not asked.
        again: its status after a restart of the database; 0 if none came, None if it was not asked.
        trouble: why an answer did not come; empty else.
    """

    health: HealthCheck
    events: Timeline
    failed: str = ""
    status: int | None = None
    again: int | None = None
    trouble: str = ""


def measure(copy: Recipe, heard: Heard) -> Facts:
    """Bring the database up with a first start that does not end, then everything with a slow one; see `Facts`.

    Args:
        copy: a copy of the recipe, with the reader's file in it.
        heard: called with each line of Compose.

    Raises:
        StackFailed: if Compose refuses the file, or the database does not come up.
        Trouble: if a service is missing.
    """
    verdict, config = compose.read(ComposeFile(copy.path, FILE))
    if verdict.error:
        raise StackFailed(str(verdict))
    if missing := [name for name in (APP, MIGRATION, DATABASE) if name not in config.services]:
        raise Trouble(f"{FILE} has no service {' and no service '.join(missing)}. Keep the names of the three services.")
    health = _health(copy, _over(copy, "hold", "hold.sh", _HOLD), heard)
    file, project = _over(copy, "slow", "slow.sql", _SLOW), up.name(copy.name)
    with timeline.record(project) as recording:
        try:
            stack = up.up(file, copy.name, project=project, limit=_UP_SECONDS, heard=heard)
        except StackFailed as problem:
            return Facts(health, recording.timeline(), str(problem))
        # `up` waits for the end of the migration only if a service depends on it.
        wait_until(lambda: recording.timeline().at(MIGRATION, EventName.EXITED) is not None, _MIGRATION_SECONDS)
    with stack:
        events = recording.timeline()
        try:
            port = int(stack.url(APP).rpartition(":")[2])
            status = probe.ask(port, limit=_ANSWER_SECONDS).status
        except (StackError, NoAnswer) as problem:
            return Facts(health, events, status=0, trouble=str(problem))
        stack.restart(DATABASE)
        wait_until(lambda: _runs(stack, *_OVER_TCP), _DATABASE_SECONDS)
        return Facts(health, events, status=status, again=_again(port))


def _over(copy: Recipe, name: str, script: str, text: str) -> ComposeFile:
    """The reader's file, with a script for the first start of the database."""
    place = copy.path / _PLACE / name
    place.mkdir(parents=True)
    (place / script).write_text(text)
    over = f"{_PLACE}/{name}.yaml"
    (copy.path / over).write_text(_OVER.format(name))
    return ComposeFile(copy.path, FILE, over=(over,))


def _health(copy: Recipe, file: ComposeFile, heard: Heard) -> HealthCheck:
    with up.up(file, copy.name, services=(DATABASE,), wait=False, heard=heard) as stack:
        command = _check_of(stack)
        wait_until(lambda: _runs(stack, *_READY) or _ended(stack), _DATABASE_SECONDS)
        if _ended(stack):
            return HealthCheck(ended=stack.logs(DATABASE, tail=_LAST_LINES).strip())
        early = stack.exec(DATABASE, *command).exit_code if command else None
        stack.exec(DATABASE, "touch", _GO)
        wait_until(lambda: _runs(stack, *_OVER_TCP) or _ended(stack), _DATABASE_SECONDS)
        if _ended(stack):
            return HealthCheck(early, None, stack.logs(DATABASE, tail=_LAST_LINES).strip())
        if not command:
            return HealthCheck()
        wait_until(lambda: _runs(stack, *command), _CHECK_SECONDS)
        return HealthCheck(early, stack.exec(DATABASE, *command).exit_code)


def _check_of(stack: Stack) -> tuple[str, ...]:
    """The command of the database's health check, as the engine runs it; empty if there is none."""
    attributes = connect().api.inspect_container(stack.service(DATABASE).container)
    kind, *command = (attributes["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    if kind == "CMD-SHELL":
        return ("/bin/sh", "-c", *command)
    return tuple(command) if kind == "CMD" else ()


def _runs(stack: Stack, *command: str) -> bool:
    try:
        return stack.exec(DATABASE, *command).exit_code == 0
    except APIError:  # the container does not run, or not yet
        return False


def _ended(stack: Stack) -> bool:
    return stack.service(DATABASE).state == "exited"


def _again(port: int) -> int:
    """The status of the application's answer, when it is good or when time is over; 0 if there is none."""
    seen = [0]

    def good() -> bool:
        try:
            seen.append(probe.ask(port, limit=0).status)
        except (NoAnswer, OSError, HTTPException):
            seen.append(0)
        return seen[-1] == 200

    wait_until(good, _AGAIN_SECONDS, every=0.2)
    return seen[-1]


def is_valid(facts: Facts) -> Seen:
    """Compose read the file, or nothing would have been measured."""
    return Seen(True)


def becomes_healthy(facts: Facts) -> Seen:
    """The health check passes as soon as the database accepts connections."""
    if facts.health.ended:
        return Seen(False, f"{DATABASE} ended. It printed:\n{facts.health.ended}")
    return Seen(facts.health.late == 0, _exit_code(facts.health.late))


def is_not_healthy_early(facts: Facts) -> Seen | None:
    """The health check fails while no client can connect over TCP."""
    if facts.health.early is None:
        return None
    return Seen(facts.health.early != 0, _exit_code(facts.health.early))


def migrates_once(facts: Facts) -> Seen:
    """The migration ended one time, with exit code 0."""
    codes = [event.exit_code for event in facts.events.events if (event.service, event.what) == (MIGRATION, EventName.EXITED)]
    return Seen(codes == [0], f"exit codes: {', '.join(map(str, codes))}" if codes else "it did not end")


def migrates_first(facts: Facts) -> Seen | None:
    """The migration ended before the application started."""
    ended, started = facts.events.at(MIGRATION, EventName.EXITED), facts.events.at(APP, EventName.STARTED)
    if started is None:
        return None
    return Seen(ended is not None and ended < started, "" if ended is not None else "the migration did not end")


def comes_up(facts: Facts) -> Seen:
    """`up --wait` ended with exit code 0."""
    return Seen(not facts.failed, facts.failed)


def answers(facts: Facts) -> Seen | None:
    """The first answer of the application is no error."""
    if facts.status is None:
        return None
    return Seen(facts.status == 200, f"HTTP {facts.status}" if facts.status else facts.trouble)


def answers_again(facts: Facts) -> Seen | None:
    """The application answers after a restart of the database."""
    if facts.again is None:
        return None
    return Seen(facts.again == 200, f"HTTP {facts.again}" if facts.again else "no answer")


def _exit_code(code: int | None) -> str:
    return "no health check" if code is None else f"exit code {code}"


EXERCISE = Exercise(
    chapter="06",
    title="Start the application after the database and the migration",
    task="This Compose file starts the application, its database and a migration at the same time. The migration must run once, when the "
    "database is ready, and before the application starts. Change the file until each condition below is met. Keep the names of the "
    "services. `echo.py` connects once, at its start; `patient.py`, which the image runs by itself, connects for each request and retries.",
    file=FILE,
    start=text_of("06", "start.compose.yaml"),
    solution=text_of("06", "solution.compose.yaml"),
    conditions=(
        Condition("Compose accepts the file, with its three services.", "`docker compose config` shows the same message.", is_valid),
        Condition(
            "The health check of the database passes when the database accepts connections.",
            "Give `database-service` a `healthcheck` with `pg_isready` as its test.",
            becomes_healthy,
        ),
        Condition(
            "The health check of the database fails while the database accepts no connections over TCP.",
            "At its first start, Postgres runs a temporary server that only its Unix socket reaches. Test over TCP: add `-h 127.0.0.1` to "
            "`pg_isready`.",
            is_not_healthy_early,
        ),
        Condition(
            "The migration runs once, and ends with exit code 0.",
            "Let `migration` wait for the database: `depends_on: database-service: condition: service_healthy`.",
            migrates_once,
        ),
        Condition(
            "The migration ends before the application starts.",
            "Let `echo-service` wait for the migration: `depends_on: migration: condition: service_completed_successfully`.",
            migrates_first,
        ),
        Condition(
            "`docker compose up --wait` ends with exit code 0.",
            "A service that ended with an error, or is not healthy in time, makes `up --wait` fail. Read its last lines in the message.",
            comes_up,
        ),
        Condition(
            "The first answer of the application is HTTP 200.",
            "Keep the port of `echo-service` published, and start it only when the database is ready.",
            answers,
        ),
        Condition(
            "The application answers again after the database has restarted.",
            "Remove `command` from `echo-service`: the image then runs `patient.py`, which connects again.",
            answers_again,
        ),
    ),
    measure=measure,
)
