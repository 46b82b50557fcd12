"""Try to connect to an address: a name, a port, an HTTP page, a Postgres server.

Standard library only: the text of this file also runs by itself in a container that shares a service's network, so that a service
without any tools can be used as a source.
"""

from __future__ import annotations

import errno
import http.client
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse
from typing import TypedDict

# The values of `Verdict`; a test compares them.
RESOLVES = "resolves"
OPEN = "open"
ANSWERS = "answers"
ERROR_STATUS = "answers with an error"
NO_NAME = "no such name"
REFUSED = "refused"
NO_ANSWER = "no answer in time"
HUNG_UP = "closes the connection"
NOT_READY = "not ready"
NOT_HTTP = "not HTTP"
NOT_POSTGRES = "not Postgres"
NO_ROUTE = "no route"
FAILS = "fails"

_PORTS = {"http": 80, "postgres": 5432, "postgresql": 5432}
_EARLY = 0.3  # seconds: docker-proxy accepts for a port that nothing serves yet, and closes the connection at once
_CLOSED = (HUNG_UP, 0, "accepted, then closed without any data")
_WORKED = (RESOLVES, OPEN, ANSWERS)


class Tried(TypedDict):
    """How a try ended: `verdict`, whether that is `ok`, an HTTP `status`, the `error` as it was raised, and the name's `addresses`."""

    ok: bool
    verdict: str
    status: int
    seconds: float
    error: str
    addresses: list[str]


def split(target: str) -> tuple[str, str, int, str]:
    """Split a target into protocol (`name`, `port`, `http`, `postgres`), host, port and path.

    Args:
        target: `service`, `service:port`, `http://service:port/path` or `postgres://service:port`.

    Raises:
        ValueError: if it is none of these.
    """
    parts = urllib.parse.urlsplit(target if "://" in target else f"//{target}")
    if parts.scheme not in ("", *_PORTS) or not parts.hostname:
        raise ValueError(f"{target}: not service, service:port, http://service:port/path or postgres://service:port")
    port = parts.port or _PORTS.get(parts.scheme, 0)
    protocol = parts.scheme.replace("postgresql", "postgres") or ("port" if port else "name")
    at = parts.netloc.rpartition("@")[2]
    begins = at.lower().index(parts.hostname)
    host = at[begins : begins + len(parts.hostname)]  # as it was written: a service may have capitals
    return protocol, host, port, parts.path + (f"?{parts.query}" if parts.query else "")


def attempt(target: str, limit: float, at: str | None = None) -> Tried:
    """Try to reach a target once.

    Args:
        target: as `split` takes it.
        limit: seconds until there is no answer.
        at: the `host:port` to connect to instead, if the target's own name does not lead there.
    """
    protocol, host, port, path = split(target)
    place = (at.rpartition(":")[0], int(at.rpartition(":")[2])) if at else (host, port)
    started = time.monotonic()
    addresses: list[str] = []
    status, error = 0, ""
    try:
        addresses = sorted({str(found[4][0]) for found in socket.getaddrinfo(*place, type=socket.SOCK_STREAM)})
        if protocol == "name":
            verdict = RESOLVES
        else:
            with socket.create_connection(place, timeout=limit) as line:
                opened = time.monotonic()
                verdict, status, error = {"port": _port, "http": _http, "postgres": _postgres}[protocol](line, f"{host}:{port}", path)
                started += time.monotonic() - opened if protocol == "port" else 0  # it was open before we waited for it to close
    except (OSError, ValueError, http.client.HTTPException) as problem:  # ValueError: a name or path that cannot be sent
        verdict, error = _verdict_on(problem), f"{type(problem).__name__}: {problem}"
    seconds = time.monotonic() - started
    return {"ok": verdict in _WORKED, "verdict": verdict, "status": status, "seconds": seconds, "error": error, "addresses": addresses}


def attempt_all(targets: list[str], limit: float, at: str | None = None) -> list[Tried]:
    """Try all targets at the same time; what has not answered after `limit` seconds gets its verdict then."""
    answers: dict[str, Tried] = {}

    def one(target: str) -> None:
        answers[target] = attempt(target, limit, at)

    threads = [threading.Thread(target=one, args=(target,), daemon=True) for target in targets]  # a look-up cannot be stopped early
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    silence: Tried = {
        "ok": False,
        "verdict": NO_ANSWER,
        "status": 0,
        "seconds": limit,
        "error": f"nothing within {limit:g} s",
        "addresses": [],
    }
    return [answers.get(target, silence) for target in targets]


def _port(line: socket.socket, host: str, path: str) -> tuple[str, int, str]:
    line.settimeout(_EARLY)
    try:
        if not line.recv(1, socket.MSG_PEEK):
            return _CLOSED
    except TimeoutError:
        pass  # a server that waits for the client to send first
    return OPEN, 0, ""


def _http(line: socket.socket, host: str, path: str) -> tuple[str, int, str]:
    connection = http.client.HTTPConnection(host)
    connection.sock = line
    connection.request("GET", path or "/")
    reply = connection.getresponse()
    return (ERROR_STATUS, reply.status, reply.reason) if reply.status >= 400 else (ANSWERS, 0, "")


def _postgres(line: socket.socket, host: str, path: str) -> tuple[str, int, str]:
    startup = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"  # protocol 3.0's StartupMessage
    line.sendall(struct.pack("!i", len(startup) + 4) + startup)
    reply = line.recv(4096)
    if not reply:
        return _CLOSED
    if reply[:1] not in (b"R", b"E"):
        return NOT_POSTGRES, 0, repr(reply[:40])
    fields = {field[:1]: field[1:].decode(errors="replace") for field in reply[5:].split(b"\0")} if reply[:1] == b"E" else {}
    if fields.get(b"C") == "57P03":  # cannot_connect_now
        return NOT_READY, 0, fields.get(b"M", "")
    return ANSWERS, 0, ""  # a request for a password, or the refusal of this user, is an answer


def _verdict_on(problem: Exception) -> str:
    if isinstance(problem, (socket.gaierror, UnicodeError)):
        return NO_NAME
    if isinstance(problem, TimeoutError):
        return NO_ANSWER
    if isinstance(problem, ConnectionRefusedError):
        return REFUSED
    if isinstance(problem, ConnectionError):
        return HUNG_UP
    if isinstance(problem, http.client.HTTPException):
        return NOT_HTTP
    return NO_ROUTE if getattr(problem, "errno", 0) in (errno.EHOSTUNREACH, errno.ENETUNREACH) else FAILS


if __name__ == "__main__":
    print(json.dumps(attempt_all(sys.argv[2:], float(sys.argv[1]))))
