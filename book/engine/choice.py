"""The engine that the reader chose: `DOCKER_HOST`, or the active context of the Docker command line."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CONTEXT_STEP = "Start that engine, or switch with `docker context use`"
_HOST_STEP = "Start that engine, or unset DOCKER_HOST"


@dataclass(frozen=True)
class Choice:
    """An engine that the reader named. No other one is used instead of it.

    Attributes:
        host: its address, as `DOCKER_HOST` takes it; empty if the context that should name it does not exist.
        source: where it was set.
        step: what the reader can do if it does not answer.
        certificates: variables of the Docker command line for TLS; empty without TLS.
    """

    host: str
    source: str
    step: str
    certificates: Mapping[str, str] = field(default_factory=dict)


def configuration() -> Path:
    """The folder of the Docker command line's configuration."""
    return Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser()


def choice() -> Choice | None:
    """The engine that the reader chose; None if they left it open. As for `docker`, `DOCKER_HOST` comes before any context."""
    if host := os.environ.get("DOCKER_HOST"):
        names = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
        return Choice(host, "DOCKER_HOST", _HOST_STEP, {name: os.environ[name] for name in names if os.environ.get(name)})
    folder = configuration()
    if name := os.environ.get("DOCKER_CONTEXT"):
        return _of_context(folder, name, f"DOCKER_CONTEXT={name}")
    name = _json(folder / "config.json").get("currentContext", "")
    return _of_context(folder, name, f"the context {name!r} in {folder / 'config.json'}") if name else None


def _of_context(folder: Path, name: str, source: str) -> Choice | None:
    if name == "default":
        return None
    key = hashlib.sha256(name.encode()).hexdigest()  # as the command line names a context's folders
    endpoint = _json(folder / "contexts/meta" / key / "meta.json").get("Endpoints", {}).get("docker", {})
    tls = folder / "contexts/tls" / key / "docker"
    certificates = {"DOCKER_CERT_PATH": str(tls)} if tls.is_dir() else {}
    if certificates and not endpoint.get("SkipTLSVerify"):
        certificates["DOCKER_TLS_VERIFY"] = "1"
    return Choice(endpoint.get("Host", ""), source, _CONTEXT_STEP, certificates)


def _json(file: Path) -> dict[str, Any]:
    """What a file of the command line contains; nothing if it cannot be read, as the command line itself goes on then."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
