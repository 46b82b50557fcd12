"""What the real `docker compose` makes of a file, and the second file that fits it to a run of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from .engine import tool

_LAST_LINES = 12
_LOGGED = re.compile(r'^time="[^"]*" level=(\w+) msg="(.*)"$')
_PROGRESS = re.compile(r"^\s*(?:(?:Container|Network|Volume|Image|Service) \S+\s+[A-Z]\w+|\S+ (?:Pulling|Pulled|Interrupted)\b.*)\s*$")


@dataclass(frozen=True)
class Check:
    """What `docker compose config` says of a file: its warnings, and the error, which is empty where the file is valid."""

    file: str
    warnings: tuple[str, ...]
    error: str

    def __str__(self) -> str:
        return "\n".join([*(f"warning: {warning}" for warning in self.warnings), self.error or f"{self.file} is valid"])


def override(config: Mapping, project: str, labels: Mapping[str, str], free_ports: bool) -> str:
    """The second Compose file of a run.

    Args:
        config: what `docker compose config --format json` made of the first one.
        project: the project's name.
        labels: for all that is made.
        free_ports: whether to publish on free ports of 127.0.0.1.
    """
    marks = {"labels": dict(labels)}
    built = {s["image"]: f"{project}-{name}" for name, s in config["services"].items() if "build" in s and "image" in s}
    services = {}
    for name, service in config["services"].items():
        services[name] = dict(marks)
        if "build" in service:
            services[name] |= {"image": f"{project}-{name}", "build": marks, "pull_policy": "build"}
        elif service.get("image") in built:
            services[name] |= {"image": built[service["image"]], "pull_policy": "never"}
        if free_ports and service.get("ports"):
            services[name]["ports"] = _Instead(f"127.0.0.1::{port['target']}/{port['protocol']}" for port in service["ports"])
    ours = {
        kind: {name: marks for name, thing in config.get(kind, {}).items() if not thing.get("external")} for kind in ("networks", "volumes")
    }
    return yaml.dump({"services": services, **ours}, Dumper=_Dumper)


class _Instead(list):
    """A list that replaces the one it is merged with; Compose joins them otherwise."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(_Instead, lambda dumper, items: dumper.represent_sequence("!override", items))


def read(folder: Path, file: str, project: str = "check", environment: Mapping[str, str] | None = None) -> tuple[Check, dict]:
    """Let Compose read a file; nothing is started.

    Args:
        folder: where the file lies.
        file: the Compose file.
        project: Compose's name for it.
        environment: values for the variables in the file.

    Returns:
        What Compose thinks of it, and the configuration that it made of it, empty where the file is not valid.
    """
    # All profiles are read, so that a service of one gets its labels too; `up` switches on only those it is told.
    command = ["--project-name", project, "--file", file, "--profile", "*", "config", "--format", "json"]
    done = tool("compose", *command, cwd=folder, environment=environment)
    logged = [found for line in done.stderr.splitlines() if (found := _LOGGED.match(line))]
    warnings = (_plain(found[2].replace('\\"', '"'), folder, project) for found in logged if found[1] == "warning")
    error = (words(done.stderr, folder, project) or "no reason given") if done.returncode else ""
    return Check(file, tuple(dict.fromkeys(warnings)), error), json.loads(done.stdout) if not error else {}


def words(stderr: str, folder: Path | None = None, project: str = "", stdout: str = "") -> str:
    """What Compose said at the end, without its progress; for a failed build, the output of the step that failed."""
    lines = [line.rstrip() for line in stderr.splitlines() if line.strip() and not _LOGGED.match(line) and not _PROGRESS.match(line)]
    if "failed to solve" in stderr:
        step = stdout.rstrip().rstrip("-").rpartition("------\n")[2].splitlines()
        lines = [*(re.sub(r"^[\d.]+ ", "", line) for line in step), *lines[-1:]]
    return _plain("\n".join(lines[-_LAST_LINES:]), folder, project)


def _plain(text: str, folder: Path | None, project: str) -> str:
    """Without what is different at each run: the folder, the project's name, the engine's ids."""
    text = text.replace(f"{folder}/", "") if folder else text
    text = re.sub(r" ?\(?\b[0-9a-f]{64}\b\)?", "", text)
    return text.replace(f"{project}-", "").replace(f"{project}_", "") if project else text
