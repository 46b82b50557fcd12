"""Errors of the engine, and of the connection to it, as messages for a reader."""

from __future__ import annotations

import requests
import urllib3
from docker.errors import APIError, DockerException

from ..advice import advice
from ..trouble import Trouble

_LONGEST = 600  # characters of the engine's own message
_GONE = "The Docker engine went away in the middle of the work. Start it again (`docker info` answers then), and run this again."
_SILENT = "The Docker engine did not answer in time. See whether `docker info` answers; restart the engine if not, and run this again."


def in_words(problem: Exception) -> Trouble:
    """An error of the engine, or of the connection to it, as `Trouble`: cause and next step, then the engine's own message."""
    said = str(getattr(problem, "explanation", None) or problem)[:_LONGEST]
    if isinstance(problem, APIError):
        return Trouble(f"The Docker engine refuses.{advice(said)}\nIts message: {said}")
    # The SDK passes on what its HTTP library raises, also if the silence begins in the middle of a stream.
    silent = isinstance(problem, requests.Timeout | urllib3.exceptions.TimeoutError) or "timed out" in said.lower()
    return Trouble(f"{_SILENT if silent else _GONE}\nIts last output: {said}")


OF_THE_ENGINE = (DockerException, requests.RequestException, urllib3.exceptions.HTTPError)
