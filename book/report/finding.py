"""One finding of a report: the fault, its place, what was measured, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How much a finding matters; the names are those of `--fail-on`."""

    info = 1
    warning = 2
    error = 3


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        rule: the rule's id, as `root-user`, `DL3025` or `JSONArgsRecommended`.
        severity: how much it matters.
        file: the file of the project, relative to its folder; empty if the finding is in no file.
        line: its line; 0 if there is none.
        measured: what was seen, with its unit.
        todo: the next step.
        chapter: the chapter of the book that explains it; empty if none does.
        source: who found it: `run`, `docker compose config`, `hadolint`, `docker build --check`.
        about: the page that explains a tool's own rule; empty for our own rules.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    measured: str
    todo: str
    chapter: str = ""
    source: str = "run"
    about: str = ""

    @property
    def place(self) -> str:
        """File and line, as `compose.yaml:7`."""
        return f"{self.file}:{self.line}" if self.line else self.file
