"""Knock at an address and say what answers: a name, a port, an HTTP page, a Postgres server.

Standard library only: the text of this file also runs by itself in a container that shares a service's network,
so that a service with no tools in it can be asked what it reaches.
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

_PORTS = {"http": 80, "postgres": 5432, "postgresql": 5432}
_EARLY = 0.05  # seconds: docker-proxy accepts for a port that nobody serves yet, and hangs up at once


def split(target: str) -> tuple[str, str, int, str]:
    """Split a target into what to speak (`name`, `port`, `http`, `postgres`), host, port and path.

    Args:
        target: `service`, `service:port`, `http://service:port/path` or `postgres://service:port`.

    Raises:
        ValueError: where it is none of these.
    """
    parts = urllib.parse.urlsplit(target if "://" in target else f"//{target}")
    if parts.scheme not in ("", *_PORTS) or not parts.hostname:
        raise ValueError(f"{target}: not service, service:port, http://service:port/path or postgres://service:port")
    port = parts.port or _PORTS.get(parts.scheme, 0)
    speak = parts.scheme.removesuffix("ql") or ("port" if port else "name")
    at = parts.netloc.rpartition("@")[2]
    begins = at.lower().index(parts.hostname)
    host = at[begins : begins + len(parts.hostname)]  # as it was written: a service may have capitals
    return speak, host, port, parts.path + (f"?{parts.query}" if parts.query else "")


def knock(target: str, limit: float, at: str | None = None) -> dict:
    """Knock once.

    Args:
        target: as `split` takes it.
        limit: seconds until there is no answer.
        at: the `host:port` where the target is found, where its own name does not lead there.

    Returns:
        `ok`, the `verdict` in words, the `seconds` it took, the `error` as it was raised, and the `addresses` of the name.
    """
    speak, host, port, path = split(target)
    where = (at.rpartition(":")[0], int(at.rpartition(":")[2])) if at else (host, port)
    started = time.monotonic()
    addresses: list[str] = []
    error = ""
    try:
        addresses = sorted({found[4][0] for found in socket.getaddrinfo(*where, type=socket.SOCK_STREAM)})
        if speak == "name":
            ok, verdict = True, "resolves" if len(addresses) == 1 else f"resolves to {len(addresses)} addresses"
        else:
            with socket.create_connection(where, timeout=limit) as line:
                opened = time.monotonic()
                ok, verdict, error = {"port": _port, "http": _http, "postgres": _postgres}[speak](line, f"{host}:{port}", path)
                started += time.monotonic() - opened if speak == "port" else 0  # it was open before we listened for a hang-up
    except (OSError, ValueError, http.client.HTTPException) as problem:  # ValueError: a name or path that cannot be sent
        ok, verdict, error = False, _in_words(problem), f"{type(problem).__name__}: {problem}"
    return {"ok": ok, "verdict": verdict, "seconds": time.monotonic() - started, "error": error, "addresses": addresses}


def knock_at_all(targets: list[str], limit: float, at: str | None = None) -> list[dict]:
    """Knock at all targets at the same time; what has not answered after `limit` seconds gets its verdict then."""
    answers: dict[str, dict] = {}

    def one(target: str) -> None:
        answers[target] = knock(target, limit, at)

    threads = [threading.Thread(target=one, args=(target,), daemon=True) for target in targets]  # a look-up cannot be cut short
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    silence = {"ok": False, "verdict": "no answer in time", "seconds": limit, "error": f"nothing within {limit:g} s", "addresses": []}
    return [answers.get(target, silence) for target in targets]


def _port(line: socket.socket, host: str, path: str) -> tuple[bool, str, str]:
    line.settimeout(_EARLY)
    try:
        if not line.recv(1, socket.MSG_PEEK):
            return False, "hangs up", "accepted, then closed without a word"
    except TimeoutError:
        pass  # a server that waits for us to speak first
    return True, "open", ""


def _http(line: socket.socket, host: str, path: str) -> tuple[bool, str, str]:
    connection = http.client.HTTPConnection(host)
    connection.sock = line
    connection.request("GET", path or "/")
    reply = connection.getresponse()
    return reply.status < 400, "answers" if reply.status < 400 else f"answers {reply.status}", "" if reply.status < 400 else reply.reason


def _postgres(line: socket.socket, host: str, path: str) -> tuple[bool, str, str]:
    wish = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"  # protocol 3.0's StartupMessage
    line.sendall(struct.pack("!i", len(wish) + 4) + wish)
    reply = line.recv(4096)
    if not reply:
        return False, "hangs up", "accepted, then closed without a word"
    if reply[:1] not in (b"R", b"E"):
        return False, "does not speak Postgres", repr(reply[:40])
    told = {field[:1]: field[1:].decode(errors="replace") for field in reply[5:].split(b"\0")} if reply[:1] == b"E" else {}
    if told.get(b"C") == "57P03":  # cannot_connect_now
        return False, "not ready", told.get(b"M", "")
    return True, "answers", ""  # to ask for a password, or to refuse this user, is an answer


def _in_words(problem: Exception) -> str:
    if isinstance(problem, (socket.gaierror, UnicodeError)):
        return "no such name"
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, ConnectionRefusedError):
        return "refused"
    if isinstance(problem, ConnectionError):
        return "hangs up"
    if isinstance(problem, http.client.HTTPException):
        return "does not speak HTTP"
    return "no way there" if getattr(problem, "errno", 0) in (errno.EHOSTUNREACH, errno.ENETUNREACH) else "fails"


if __name__ == "__main__":
    print(json.dumps(knock_at_all(sys.argv[2:], float(sys.argv[1]))))
