"""What became of each claim of a chapter, read from what the chapter showed on an engine."""

from __future__ import annotations

import getpass
import re
import socket
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

import nbformat

from ..chapters.running import Shown
from ..claim import FAILED, HELD
from ..measure.build_output import ANSI
from ..measure.tool import ID
from ..notebook import LEFT_OUT
from ..places import ROOT
from .result import Finding, Verdict

_LONGEST = 300  # characters of a reason or of a measurement
_MEANT_TO_FAIL = "raises-exception"
_NO_OUTPUT = "the chapter ended without a word on it"
# What differs from run to run and means nothing on another machine.
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{4,5}\b")


@dataclass(frozen=True)
class _Claim:
    """A claim in the outputs of a cell."""

    cell: int
    sentence: str
    measured: str
    held: bool


def findings(committed: nbformat.NotebookNode, shown: Shown) -> tuple[Finding, ...]:
    """What became of each claim.

    Args:
        committed: the chapter with its committed outputs, which contain every claim that it makes.
        shown: what it showed on the engine.

    Returns:
        A finding for each claim, in the order of the chapter; then those that only this run makes.
    """
    seen: dict[str, list[_Claim]] = defaultdict(list)
    for one in _claims(shown.notebook):
        seen[one.sentence].append(one)
    known = [_found(seen[one.sentence].pop(0)) if seen[one.sentence] else _not_run(one, shown) for one in _claims(committed)]
    return (*known, *(_found(one) for rest in seen.values() for one in rest))


def first_line(text: str) -> str:
    """The first line of a message, without what names this machine and without ids that change.

    Args:
        text: the message; may have colours of a terminal.
    """
    lines = (line.strip() for line in ANSI.sub("", text).splitlines())
    return shorten(_anonymous(next((line for line in lines if line), "")), _LONGEST, placeholder=" …")


def _found(one: _Claim) -> Finding:
    verdict = Verdict.HOLDS if one.held else Verdict.FAILS
    return Finding(one.sentence, verdict, shorten(_anonymous(one.measured), _LONGEST, placeholder=" …"))


def _not_run(one: _Claim, shown: Shown) -> Finding:
    return Finding(one.sentence, Verdict.NOT_RUN, reason=first_line(_reason(shown.notebook.cells[: one.cell + 1], shown.stopped)))


def _reason(cells: Sequence[nbformat.NotebookNode], stopped: str) -> str:
    """Why the last of these cells did not come to its claim.

    A `NameError` only says that an earlier cell has failed: then the error of that one is the reason.
    """
    left_out = [output["metadata"][LEFT_OUT] for output in cells[-1].get("outputs", []) if LEFT_OUT in output.get("metadata", {})]
    if left_out:
        return str(left_out[0])
    errors = [*_errors(cells[-1]), *(error for cell in reversed(cells[:-1]) for error in _errors(cell) if not _meant(cell))]
    causes = [error for error in errors if error["ename"] != NameError.__name__]
    cause = next(iter(causes or errors), None)
    if cause is None:
        return stopped or _NO_OUTPUT
    return str(cause["evalue"] or cause["ename"])


def _errors(cell: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    return (output for output in cell.get("outputs", []) if output["output_type"] == "error")


def _meant(cell: nbformat.NotebookNode) -> bool:
    return _MEANT_TO_FAIL in cell.metadata.get("tags", [])


def _claims(notebook: nbformat.NotebookNode) -> Iterator[_Claim]:
    for place, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            for key in (HELD, FAILED):
                if said := output.get("metadata", {}).get(key):
                    yield _Claim(place, said["sentence"], said["measured"], key == HELD)


def _anonymous(text: str) -> str:
    """Without folders of this machine, its name, the reader's name, ids of one run and ports that were free by chance."""
    folders = {str(ROOT), str(Path.home()), tempfile.gettempdir(), str(Path(tempfile.gettempdir()).resolve()), "/run"} - {"/"}
    for folder in sorted(folders, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.-]){re.escape(folder)}/[^\s'\":,;)]*?([^\s/'\":,;)]*)(?=[\s'\":,;)]|$)", r"…/\1", text)
    for name in {socket.gethostname(), getpass.getuser()} - {"root", "localhost"}:
        text = re.sub(rf"\b{re.escape(name)}\b", "…", text) if len(name) > 3 else text
    return _PORT.sub("…", ID.sub("…", " ".join(text.split())))
