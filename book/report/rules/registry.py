"""All rules of the report, in order."""

from __future__ import annotations

from ..finding import Finding
from ..survey import Survey
from . import bases, build, life, network, secrets, start, users
from .rule import Rule

RULES: tuple[Rule, ...] = (
    build.build_fails,
    build.production_is_development,
    build.cache_hostile_order,
    build.deleted_later,
    build.no_dockerignore,
    secrets.secret_in_history,
    bases.end_of_life,
    bases.unpinned_image,
    start.does_not_come_up,
    start.never_ready,
    start.healthy_too_early,
    start.app_never_runs,
    start.crashes,
    network.listens_on_loopback,
    network.port_silent,
    network.localhost_for_another,
    network.unreached_dependency,
    life.ignores_sigterm,
    life.reload_sees_nothing,
    users.runs_as_root,
    users.root_owned_files,
    secrets.secret_in_environment,
    network.port_on_all_interfaces,
    network.port_taken_twice,
)


def findings(survey: Survey) -> tuple[Finding, ...]:
    """All findings of a survey, errors first."""
    ours = [
        Finding(rule.id, rule.severity, file, line, measured, rule.todo, rule.chapter)
        for rule in RULES
        for file, line, measured in dict.fromkeys(rule.look(survey))
    ]
    return tuple(sorted([*survey.lint, *ours], key=lambda one: (-one.severity, one.file, one.line, one.rule)))
