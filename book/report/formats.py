"""The report in words: for a terminal, for machines, and as annotations of a CI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from textwrap import indent

from .finding import Finding, Severity
from .secrets import hide
from .survey import Survey

_LONGEST = 400  # characters of what was seen, in a terminal
_MARKS = {Severity.error: "✗", Severity.warning: "!", Severity.info: "·"}
_GITHUB = {Severity.error: "error", Severity.warning: "warning", Severity.info: "notice"}


def terminal(survey: Survey, findings: Sequence[Finding]) -> str:
    """A summary for people: what is missing first, then the findings, then what was measured."""
    lines = [f"✗ missing: {words}" for words in survey.missing]
    for one in findings:
        chapter = f" (chapter {int(one.chapter[:2])})" if one.chapter else ""
        measured = hide(one.measured)
        short = measured if len(measured) <= _LONGEST else measured[: _LONGEST - 1] + "…"
        todo = f"\n  → {one.todo}{chapter}" if one.todo else ""
        lines.append(f"{_MARKS[one.severity]} {one.place or survey.project.name}  {one.rule}\n{indent(short, '  ')}{todo}")
    counted = {level: sum(one.severity is level for one in findings) for level in reversed(Severity)}
    found = ", ".join(f"{number} {level.name}" for level, number in counted.items() if number) or "nothing"
    lines += [_measured(survey), f"Found: {found}. {survey.seconds:.0f} s."]
    return "\n".join(filter(None, [*survey.remarks, *lines]))


def _measured(survey: Survey) -> str:
    lines = [
        f"  image {each.build.name}: {each.image.size / 1e6:.1f} MB, {each.contents.wasted / 1e6:.1f} MB of it wasted"
        for each in survey.built
    ]
    if survey.ran:
        ups = [seconds for seen in survey.ran.timelines if (seconds := seen.at("up", "returned")) is not None]
        lines += [f"  up: {median(ups):.2f} s" + (f" (median of {len(ups)})" if len(ups) > 1 else "")] if ups else []
        lines += [f"  stop {name}: {one.seconds:.1f} s, exit code {one.exit_code}" for name, one in survey.ran.stops.items()]
    return "\n".join(lines)


def for_machines(survey: Survey, findings: Sequence[Finding], code: int) -> str:
    """The same as JSON: findings, images, times, what is missing, and the exit code."""
    ran = survey.ran
    return json.dumps(
        {
            "project": survey.project.name,
            "exit_code": code,
            "missing": survey.missing,
            "remarks": survey.remarks,
            "allowed": [asdict(risk) for risk in survey.risks],
            "findings": [{**asdict(one), "severity": one.severity.name, "measured": hide(one.measured)} for one in findings],
            "images": [
                {
                    "name": each.build.name,
                    "dockerfile": each.build.dockerfile,
                    "bytes": each.image.size,
                    "packed_bytes": each.image.packed,
                    "wasted_bytes": each.contents.wasted,
                    "build_seconds": each.image.seconds,
                    "rebuild_seconds": each.rebuild.seconds if each.rebuild else None,
                }
                for each in survey.built
            ],
            "timelines": [[asdict(event) for event in seen.events] for seen in (ran.timelines if ran else ())],
            "services": [{**asdict(one), "command": hide(one.command)} for one in (ran.services if ran else ())],
            "reaches": [asdict(reach) for reach in (ran.topology.reaches if ran and ran.topology else ())],
            "stops": {name: asdict(stopped) for name, stopped in (ran.stops if ran else {}).items()},
            "provenance": asdict(survey.provenance),
            "seconds": survey.seconds,
        },
        indent=2,
    )


def github(survey: Survey, findings: Sequence[Finding]) -> str:
    """The findings as workflow commands, which GitHub shows beside the lines: `::warning file=…,line=…::…`.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    lines = [f"::error title=missing::{_escaped(words)}" for words in survey.missing]
    for one in findings:
        place = f"file={_property(one.file)}," + (f"line={one.line}," if one.line else "") if one.file else ""
        words = f"{hide(one.measured)}\n{one.todo}".strip()
        lines.append(f"::{_GITHUB[one.severity]} {place}title={_property(one.rule)}::{_escaped(words)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
