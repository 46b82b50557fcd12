"""What every error that a reader may meet on a page has in common."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException
from IPython import get_ipython

from .advice import advice

_LONGEST = 600  # characters of the engine's own words
_GONE = "The Docker engine went away in the middle of the work. Start it again (`docker info` answers then), and run this again."
_SILENT = "The Docker engine did not answer in time. See whether `docker info` answers; restart the engine if not, and run this again."


class Trouble(Exception):
    """An error whose message is the whole story: what happened, the file or service, the next step. No page shows its stack."""

    def _render_traceback_(self) -> list[str]:  # read by IPython in place of the traceback
        return [str(self)]


class TookTooLong(Trouble):
    """Something did not end within its limit; the message names it."""


def in_words(problem: Exception) -> Trouble:
    """An error of the engine, or of the way to it, as a reader should meet it: cause and next step, then the engine's own words."""
    said = str(getattr(problem, "explanation", None) or problem)[:_LONGEST]
    if isinstance(problem, APIError):
        return Trouble(f"The Docker engine refuses.{advice(said)}\nIts words: {said}")
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
