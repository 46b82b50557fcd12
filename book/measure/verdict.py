"""The outcomes of a try to reach something. Code decides by the member; its value is what a page shows."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """How a try ended. `knock.py` has these values as constants of its own, since it also runs without this package."""

    RESOLVES = "resolves"
    OPEN = "open"
    ANSWERS = "answers"
    ERROR_STATUS = "answers with an error"  # an HTTP status of 400 or more
    NO_NAME = "no such name"
    REFUSED = "refused"
    NO_ANSWER = "no answer in time"
    HUNG_UP = "closes the connection"
    NOT_READY = "not ready"
    NOT_HTTP = "not HTTP"
    NOT_POSTGRES = "not Postgres"
    NO_ROUTE = "no route"
    FAILS = "fails"
    NOT_RUNNING = "not running"  # the source
    NOT_PUBLISHED = "not published"


NOBODY_LISTENS = frozenset({Verdict.REFUSED, Verdict.HUNG_UP, Verdict.NO_ANSWER})
"""The verdicts on a port of a service that runs but serves nothing there."""
