"""The report as text: for a terminal, as JSON for programs, and as annotations on GitHub."""

from __future__ import annotations

import json
from dataclasses import asdict
from statistics import median
from textwrap import indent

from ..measure.timeline import COMMAND, EventName
from .finding import Severity
from .shown import Shown

_LONGEST = 400  # characters of one finding in a terminal
_MARKS = {Severity.error: "✗", Severity.warning: "!", Severity.info: "·"}
_GITHUB = {Severity.error: "error", Severity.warning: "warning", Severity.info: "notice"}


def terminal(report: Shown) -> str:
    """A summary for people: what is missing first, then the findings, then what was measured."""
    lines = [f"✗ missing: {reason}" for reason in report.missing]
    for one in report.findings:
        chapter = f" (chapter {int(one.chapter[:2])})" if one.chapter else ""
        short = one.measured if len(one.measured) <= _LONGEST else one.measured[: _LONGEST - 1] + "…"
        todo = f"\n  → {one.todo}{chapter}" if one.todo else ""
        lines.append(f"{_MARKS[one.severity]} {one.place or report.name}  {one.rule}\n{indent(short, '  ')}{todo}")
    counted = {level: sum(one.severity is level for one in report.findings) for level in reversed(Severity)}
    found = ", ".join(f"{number} {level.name}" for level, number in counted.items() if number) or "nothing"
    lines += [_measured(report), f"Found: {found}. {report.seconds:.0f} s."]
    return "\n".join(filter(None, [*report.remarks, *lines]))


def _measured(report: Shown) -> str:
    lines = [
        f"  image {each.name}: {each.image.size / 1e6:.1f} MB, {each.contents.wasted / 1e6:.1f} MB of it wasted" for each in report.images
    ]
    if report.run:
        ups = [seconds for seen in report.run.timelines if (seconds := seen.at(COMMAND, EventName.RETURNED)) is not None]
        lines += [f"  up: {median(ups):.2f} s" + (f" (median of {len(ups)})" if len(ups) > 1 else "")] if ups else []
        lines += [f"  stop {name}: {one.seconds:.1f} s, exit code {one.exit_code}" for name, one in report.run.stops.items()]
    return "\n".join(lines)


def for_machines(report: Shown, code: int) -> str:
    """The same as JSON, with the exit code of the command."""
    run = report.run
    return json.dumps(
        {
            "project": report.name,
            "exit_code": code,
            "missing": report.missing,
            "remarks": report.remarks,
            "allowed": [asdict(risk) for risk in report.allowed],
            "findings": [{**asdict(one), "severity": one.severity.name} for one in report.findings],
            "images": [
                {
                    "name": each.name,
                    "dockerfile": each.dockerfile,
                    "bytes": each.image.size,
                    "packed_bytes": each.image.packed,
                    "wasted_bytes": each.contents.wasted,
                    "build_seconds": each.image.seconds,
                    "rebuild_seconds": each.rebuild.seconds if each.rebuild else None,
                }
                for each in report.images
            ],
            "timelines": [[asdict(event) for event in seen.events] for seen in (run.timelines if run else ())],
            "services": [asdict(one) for one in (run.services if run else ())],
            "reaches": [asdict(reach) for reach in (run.topology.reaches if run and run.topology else ())],
            "stops": {name: asdict(stopped) for name, stopped in (run.stops if run else {}).items()},
            "provenance": asdict(report.provenance),
            "seconds": report.seconds,
        },
        indent=2,
    )


def github(report: Shown) -> str:
    """The findings as workflow commands; GitHub shows each at its line: `::warning file=…,line=…::…`.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = [f"::error title=missing::{_escaped(reason)}" for reason in report.missing]
    for one in report.findings:
        place = f"file={_property(one.file)}," + (f"line={one.line}," if one.line else "") if one.file else ""
        message = f"{one.measured}\n{one.todo}".strip()
        lines.append(f"::{_GITHUB[one.severity]} {place}title={_property(one.rule)}::{_escaped(message)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
