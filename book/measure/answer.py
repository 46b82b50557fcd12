"""What a container prints, and what it answers over HTTP."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from docker.models.containers import Container

from ..trouble import Trouble
from .limits import PATIENCE, within

_LAST_LINES = 8
_SILENT_SECONDS = 5  # of one that answers over HTTP
_CHUNK = 1 << 16
_MOST = 1 << 20  # bytes of a container's output that a page can hold
_directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy of the reader's does not know our 127.0.0.1


@dataclass(frozen=True)
class Output:
    """What a command in a container wrote, and its exit code."""

    text: str
    exit_code: int

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text.rstrip()}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, body, and the seconds from the container's start until it came."""

    status: int
    text: str
    seconds: float

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # read by IPython
        printer.text(f"HTTP {self.status}: {self.text.strip()}")


class NoAnswer(Trouble):
    """A container did not answer in time; the message contains the last lines of its output."""

    exit_code = 7  # of curl, if it cannot connect


def answer(container: Container, port: int, path: str, limit: float = PATIENCE) -> Answer:
    """Request `path` from a container over HTTP through its published port until an answer comes, whatever its status.

    Args:
        container: the container.
        port: the port in it.
        path: the path.
        limit: seconds to wait for an answer.

    Raises:
        NoAnswer: if nothing answers in time; the message contains the container's last lines of output.
    """
    started = time.monotonic()
    while time.monotonic() - started < limit:
        container.reload()
        published = container.ports.get(f"{port}/tcp") or []  # none: not published yet
        if container.status == "exited":
            break
        with suppress(OSError, HTTPException):  # it closed the connection before its answer was complete
            for place in published[:1]:
                return ask(f"http://127.0.0.1:{place['HostPort']}{path}", started)
        time.sleep(0.05)
    output = container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
    what = f"Nothing answered on port {port} of the container within {limit:g} seconds. It printed:\n{output or '(nothing)'}"
    raise NoAnswer("\n".join(filter(None, [what, out_of_memory(container)])))


def ask(url: str, since: float) -> Answer:
    """Ask once over HTTP, and take the answer whatever its status; of a very long one the end.

    Args:
        url: what to ask for.
        since: when its seconds began, on the monotonic clock.

    Raises:
        OSError, HTTPException: if none comes.
        TookTooLong: if it begins and does not end in time.
    """
    try:
        reply = _directly.open(url, timeout=_SILENT_SECONDS)
    except urllib.error.HTTPError as refusal:
        reply = refusal
    with reply:
        text = within(PATIENCE, f"The answer of {url}", lambda: end_of(iter(lambda: reply.read1(_CHUNK), b"")))
        return Answer(reply.status, text, time.monotonic() - since)


def out_of_memory(container: Container) -> str:
    """That a container was ended for its memory, in a sentence with the next step; empty if it was not."""
    container.reload()
    limit = container.attrs["HostConfig"]["Memory"] / 2**20
    what = f"its limit of {limit:g} MiB" if limit else "this machine has"
    wished = f"It was killed for using more memory than {what}: give it more (`mem_limit`), or let it use less."
    return wished if container.attrs["State"]["OOMKilled"] else ""


def end_of(chunks: Iterable[bytes]) -> str:
    """The text of a stream; of a very long one its last MiB, after a line that says what was left out."""
    kept, left_out = bytearray(), 0
    for chunk in chunks:
        kept += chunk
        if len(kept) > 2 * _MOST:
            left_out += len(kept) - _MOST
            del kept[:-_MOST]
    note = f"[… {left_out / 2**20:.0f} MiB before this are left out]\n" if left_out else ""
    return note + kept.decode(errors="replace")
