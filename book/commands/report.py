"""`python -m book report`: report on a project of the reader's, and return the exit code."""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from enum import IntEnum
from pathlib import Path

from .. import engine
from ..engine import EngineMissing, labels, leftovers
from ..engine.words import OF_THE_ENGINE, in_words
from ..report import formats, page, project
from ..report.finding import Finding, Severity
from ..report.project import Project
from ..report.rules.registry import findings
from ..report.secrets import Secrets
from ..report.shown import Shown, secrets, shown
from ..report.survey import Survey, survey
from ..site import build
from ..trouble import Trouble
from . import needs


class ExitCode(IntEnum):
    """What the exit code of the command means."""

    CLEAN = 0  # nothing was found at or above --fail-on
    FOUND = 1  # something was
    COULD_NOT = 2  # the project could not be run, or not to the end


def run(options: argparse.Namespace) -> int:
    """Report on one project.

    Args:
        options: the command line, read by the parser of the options of `report`.

    Returns:
        An `ExitCode`.
    """
    here: Path = options.here
    options.folder, options.output = (here / options.folder).resolve(), here / options.output
    known = Secrets()
    try:
        with redirect_stdout(sys.stderr):  # progress is for people; stdout may be read by a program
            asked = project.find(options.folder, options.file, options.profile, options.target)
            known = secrets(asked)
            found = _survey(asked, options)
            report = shown(found, findings(found))
            _write(options, here, report)
    except (Trouble, needs.CannotGoOn) as problem:
        return _refuse(str(problem), known)
    except OF_THE_ENGINE as problem:
        return _refuse(str(in_words(problem)), known)
    except subprocess.TimeoutExpired as problem:
        return _refuse(f"{Path(str(problem.cmd[0])).name} did not end within {problem.timeout:g} seconds.", known)
    except Exception:  # an error in this program must not look like a finding
        return _refuse(traceback.format_exc(), known)
    code = ExitCode.COULD_NOT if report.missing else ExitCode.FOUND if _fails(report.findings, options.fail_on) else ExitCode.CLEAN
    print(_printed(report, options.format, code))
    return code


def _printed(report: Shown, format: str, code: ExitCode) -> str:
    if format == "json":
        return formats.for_machines(report, code)
    return formats.github(report) if format == "github" else formats.terminal(report)


def _write(options: argparse.Namespace, here: Path, report: Shown) -> None:
    try:
        if not options.no_page:
            options.output.write_text(page.page(report, options.book or _site()), encoding="utf-8")
            print(f"  {options.output}")
        if options.fragment:
            (here / options.fragment).write_text(page.fragment(report), encoding="utf-8")
    except OSError as problem:
        raise Trouble(f"The page cannot be written ({problem}). Choose another place with --output.") from None


def _survey(asked: Project, options: argparse.Namespace) -> Survey:
    needs.have_engine()
    try:
        return survey(asked, options.allow, options.runs, options.patience, options.limit, [options.output])
    finally:  # also after Ctrl-C
        with suppress(EngineMissing, *OF_THE_ENGINE):
            leftovers.reap(engine.connect(), only=labels.RUN)


def _fails(found: Sequence[Finding], fail_on: str) -> bool:
    return fail_on != "never" and any(one.severity >= Severity[fail_on] for one in found)


def _site() -> str:
    """The book's site, if it is built here."""
    return build.HTML.as_uri() if build.INDEX.exists() else ""


def _refuse(why: str, known: Secrets) -> ExitCode:
    print(f"✗ {known.hide(why)}", file=sys.stderr, flush=True)
    return ExitCode.COULD_NOT
