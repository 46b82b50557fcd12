"""`python -m book report`: the command line, and what it ends with."""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path

from .. import engine
from ..engine import EngineMissing, labels, leftovers
from ..engine.words import OF_THE_ENGINE, in_words
from ..report import formats, page, project
from ..report.finding import Finding, Severity
from ..report.rules.registry import findings
from ..report.survey import Survey, survey
from ..site import build
from ..trouble import Trouble
from . import needs

CLEAN, FOUND, COULD_NOT = 0, 1, 2


def run(options: argparse.Namespace) -> int:
    """Do what the command line says.

    Returns:
        0 where nothing was found at or above `--fail-on`, 1 where something was, 2 where the project could not be run, or not to the end.
    """
    here: Path = options.here
    options.folder, options.output = (here / options.folder).resolve(), here / options.output
    try:
        with redirect_stdout(sys.stderr):  # progress is for people, and stdout may be for machines
            found = _survey(options)
            rules = findings(found)
            _write(options, here, found, rules)
    except (Trouble, needs.CannotGoOn) as problem:
        return _refuse(str(problem))
    except OF_THE_ENGINE as problem:
        return _refuse(str(in_words(problem)))
    except subprocess.TimeoutExpired as problem:
        return _refuse(f"{Path(str(problem.cmd[0])).name} did not end within {problem.timeout:g} seconds.")
    except Exception:  # a fault of ours must not look like a finding
        traceback.print_exc()
        return COULD_NOT
    code = COULD_NOT if found.missing else FOUND if _fails(rules, options.fail_on) else CLEAN
    said = {"text": formats.terminal, "github": formats.github, "json": lambda *all: formats.for_machines(*all, code)}
    print(said[options.format](found, rules))
    return code


def _write(options: argparse.Namespace, here: Path, found: Survey, rules: Sequence[Finding]) -> None:
    try:
        if not options.no_page:
            options.output.write_text(page.page(found, rules, options.book or _site()), encoding="utf-8")
            print(f"  {options.output}")
        if options.fragment:
            (here / options.fragment).write_text(page.fragment(found, rules), encoding="utf-8")
    except OSError as problem:
        raise Trouble(f"The page cannot be written ({problem}): name another place with --output.") from None


def _survey(options: argparse.Namespace) -> Survey:
    asked = project.find(options.folder, options.file, options.profile, options.target)
    needs.have_engine()
    try:
        return survey(asked, options.allow, options.runs, options.patience, options.limit, [options.output])
    finally:  # also where Ctrl-C ended it
        with suppress(EngineMissing, *OF_THE_ENGINE):
            leftovers.reap(engine.connect(), only=labels.RUN)


def _fails(found: Sequence[Finding], fail_on: str) -> bool:
    return fail_on != "never" and any(one.severity >= Severity[fail_on] for one in found)


def _site() -> str:
    """The book's site, where it is built here."""
    return build.HTML.as_uri() if build.INDEX.exists() else ""


def _refuse(why: str) -> int:
    print(f"✗ {why}", file=sys.stderr, flush=True)
    return COULD_NOT
