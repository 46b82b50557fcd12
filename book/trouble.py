"""What every error that a reader may meet on a page has in common."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException
from IPython import get_ipython

_LONGEST = 600  # characters of the engine's own words
_GONE = "The Docker engine went away in the middle of the work. Start it again (`docker info` answers then), and run this again."
_SILENT = "The Docker engine did not answer in time. See whether `docker info` answers; restart the engine if not, and run this again."
NO_NETWORK_LEFT = r"address pools have been fully sub|non-overlapping IPv4 address pool"  # as Engine 28, and older ones, say it
_NEXT_STEPS = {
    r"(?i)no space left on device|disk quota exceeded": "The disk of the engine is full: `docker system df` shows what fills it. "
    "Make room, and run this again.",
    r"port is already allocated|address already in use": "Something on this machine holds that port: stop it, or publish another one.",
    r"network (\S+) declared as external": "Make it first: docker network create {0}",
    r"volume \"?([^\s\"]+)\"? declared as external": "Make it first: docker volume create {0}",
    NO_NETWORK_LEFT: "The engine has no address range left for one more network: "
    "remove unused ones with `docker network prune`, or give it a larger `default-address-pools`.",
    r"undefined service \"?([\w.-]+)": "Declare {0} under `services`, or take it out of `depends_on`.",
    r"(?i)cannot connect to the docker daemon|error during connect|docker\.sock.*(?:EOF|refused|reset|no such file)": _GONE,
    r"(?i)temporary failure in name resolution|gaierror: \[Errno -3\]|could not resolve host|bad address '": "No name could be "
    "looked up from inside the container: check the network of this machine, and the `dns` of the engine or the service.",
    r"(?i)dial tcp|no such host|network is unreachable|i/o timeout|tls handshake timeout|unexpected EOF": "The registry cannot be "
    "reached, or broke off: check the network, or the proxy of the engine, and run this again.",
}


class Trouble(Exception):
    """An error whose message is the whole story: what happened, the file or service, the next step. No page shows its stack."""

    def _render_traceback_(self) -> list[str]:  # read by IPython in place of the traceback
        return [str(self)]


class TookTooLong(Trouble):
    """Something did not end within its limit; the message names it."""


def next_step(said: str) -> str:
    """What a reader can do about what Docker said, as a line of its own; empty where we know nothing better."""
    for pattern, step in _NEXT_STEPS.items():
        if found := re.search(pattern, said):
            return "\n" + step.format(*found.groups())
    return ""


def in_words(problem: Exception) -> Trouble:
    """An error of the engine, or of the way to it, as a reader should meet it: cause and next step, then the engine's own words."""
    said = str(getattr(problem, "explanation", None) or problem)[:_LONGEST]
    if isinstance(problem, APIError):
        return Trouble(f"The Docker engine refuses: {said}{next_step(said)}")
    # The SDK hands on what its HTTP library raises, also where the silence comes in the midst of a stream.
    silent = isinstance(problem, requests.Timeout | urllib3.exceptions.TimeoutError) or "timed out" in said.lower()
    return Trouble(f"{_SILENT if silent else _GONE}\nIts last words: {said}")


OF_THE_ENGINE = (DockerException, requests.RequestException, urllib3.exceptions.HTTPError)


def _show(shell: Any, kind: type[Exception], problem: Exception, trace: TracebackType, tb_offset: int | None = None) -> list[str]:
    told = in_words(problem)
    shell.showtraceback((type(told), told, None))
    return told._render_traceback_()


if (shell := get_ipython()) is not None:  # a page shows no stack of the SDK either
    shell.set_custom_exc(OF_THE_ENGINE, _show)
