"""The page *Where it holds*: each claim of the book on each engine, with the reason of each cross and what to do there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..engines.expected import Advice, Engine, Expected
from ..engines.names import KINDS
from ..engines.result import About, ChapterRun, Finding, Result, Verdict
from ..show.html import Cell, fold, joined, table
from .numbers import coded

_MARK = {Verdict.HOLDS: ("book-good", "✓"), Verdict.FAILS: ("book-bad", "✗"), Verdict.NOT_RUN: ("book-unknown", "–")}
_SUMMARY = ("engine", "hold", "do not", "not run", "images", "builder", "cgroups", "runs as", "day")
_NUMBERS = (1, 2, 3)
_COMMAND = "python3 -m book engines"
_NONE = Markup("<p>No engine has been compared yet: run <code>{}</code>.</p>").format(_COMMAND)


@dataclass(frozen=True)
class Topic:
    """A chapter as the page shows it.

    Attributes:
        name: the chapter's name.
        title: its title.
        link: its address on the site.
        digest: that of its cells and its recipe today.
        claims: the sentences that it claims today, in order.
    """

    name: str
    title: str
    link: str
    digest: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """A chapter on an engine that it ran on."""

    on: Result
    engine: Engine
    run: ChapterRun
    old: bool


@dataclass(frozen=True)
class _Note:
    """Why a claim has no tick on an engine. Claims with the same reason share one.

    Attributes:
        engine: the engine.
        verdict: what became of the claims.
        measured: what was measured; may be empty.
        reason: what stopped them.
        expected: why the book expects it; None if it does not.
        changed: whether the claims were not measured because they are newer than the run.
    """

    engine: Engine
    verdict: Verdict
    measured: str
    reason: str
    expected: Expected | None
    changed: bool


def summary(found: Sequence[Result], of: Sequence[Topic], advice: Advice) -> Markup:
    """For each engine how many claims hold on it and what it is; then what to know of it, and which engines were not run.

    Args:
        found: what is stored.
        of: the chapters of the book.
        advice: what the book knows of the engines.
    """
    ran = [one for one in found if one.about]
    missing = _missing(found, advice)
    if not ran:
        return _NONE + _list(missing)
    rows = [_engine(advice.engines[one.kind], one, one.about) for one in found if one.about]
    facts = table("The engines, with how many claims hold on each", _SUMMARY, rows, _NUMBERS)
    notes = [_about(advice.engines[one.kind], advice.engines[one.kind].note) for one in ran if advice.engines[one.kind].note]
    return _box(facts.html) + _list([*notes, *(line for one in ran for line in _incomplete(one, of, advice)), *missing])


def differences(found: Sequence[Result], of: Sequence[Topic], advice: Advice) -> Markup:
    """For each chapter with a claim that does not hold on every engine: those claims, why, and what to do; the others are folded."""
    shown = [part for topic in of if (part := _difference(topic, _columns(found, topic, advice), advice))]
    if shown:
        return joined(shown)
    return Markup("<p>There is none: every claim holds on every engine that it was run on.</p>") if any(_ran(found, of)) else _NONE


def agreements(found: Sequence[Result], of: Sequence[Topic], advice: Advice) -> Markup:
    """The chapters of which every claim holds on every engine that they ran on, folded; and those that ran on none."""
    shown = [part for topic in of if (part := _agreement(topic, _columns(found, topic, advice)))]
    never = [topic for topic in of if not _columns(found, topic, advice)]
    if never and any(_ran(found, of)):
        links = joined((_link(topic) for topic in never), ", ")
        command = f"{_COMMAND} --chapters {' '.join(topic.name[:2] for topic in never)}"
        shown.append(Markup("<p>Not run on any engine yet: {}. Run <code>{}</code>.</p>").format(links, command))
    if shown:
        return joined(shown)
    return Markup("<p>There is none.</p>") if any(_ran(found, of)) else _NONE


def _difference(topic: Topic, columns: Sequence[_Column], advice: Advice) -> Markup:
    claims = _claims(topic, columns)
    open_ones = [claim for claim in claims if not _everywhere(claim, columns)]
    if not open_ones:
        return Markup()
    notes: dict[_Note, int] = {}
    rows: list[list[Markup | Cell]] = []
    for claim in open_ones:
        rows.append([coded(claim), *(_cell(topic, claim, column, notes, advice) for column in columns)])
    title = Markup('<h3 class="book-topic">{} {}</h3>').format(topic.name[:2], _link(topic))
    facts = _box(table(f"Claims that do not hold on every engine: {topic.title}", _head("claim", columns), rows).html)
    reasons = joined(_reason(topic, note, number) for note, number in notes.items())
    others = [claim for claim in claims if claim not in open_ones]
    rest = fold(_other(len(others)), _ticks(topic, others, columns)) if others else Markup()
    return title + facts + Markup('<ol class="book-reasons">{}</ol>').format(reasons) + rest


def _agreement(topic: Topic, columns: Sequence[_Column]) -> Markup:
    claims = _claims(topic, columns)
    if not columns or not all(_everywhere(claim, columns) for claim in claims):
        return Markup()
    old = [column.engine.short for column in columns if column.old]
    note = f" (out of date: {', '.join(old)})" if old else ""
    where = Markup("<p>The chapter: {}</p>").format(_link(topic))
    engines = ", ".join(column.engine.short for column in columns)
    return fold(f"{topic.name[:2]} {topic.title}: {len(claims)} claims on {engines}{note}", where + _ticks(topic, claims, columns))


def _ticks(topic: Topic, claims: Sequence[str], columns: Sequence[_Column]) -> Markup:
    rows: list[list[Markup | Cell]] = [[coded(claim), *(_tick(Verdict.HOLDS) for _ in columns)] for claim in claims]
    return _box(table(f"Claims that hold on each engine: {topic.title}", _head("claim", columns), rows).html)


def _cell(topic: Topic, claim: str, column: _Column, notes: dict[_Note, int], advice: Advice) -> Cell:
    found = _finding(claim, column)
    if found and found.verdict is Verdict.HOLDS:
        return _tick(Verdict.HOLDS)
    finding = found or Finding(claim, Verdict.NOT_RUN)
    expected = advice.on(column.on, topic.name, finding)
    note = _Note(column.engine, finding.verdict, finding.measured, finding.reason, expected, changed=found is None)
    number = notes.setdefault(note, len(notes) + 1)
    kind, mark = _MARK[finding.verdict]
    link = Markup('<a class="book-mark {}" href="#{}" aria-label="{}, reason {}">{} <sup>{}</sup></a>')
    return Cell(link.format(kind, _id(topic, number), finding.verdict, number, mark, number), f"{mark} {number}", kind)


def _tick(verdict: Verdict) -> Cell:
    kind, mark = _MARK[verdict]
    return Cell(Markup('<span class="{}" role="img" aria-label="{}">{}</span>').format(kind, verdict, mark), mark, kind)


def _reason(topic: Topic, note: _Note, number: int) -> Markup:
    parts = [Markup("<strong>{}: {}.</strong>").format(note.engine.title, note.verdict)]
    if note.measured:
        parts.append(Markup("Measured: {}.").format(coded(note.measured)))
    if note.expected:
        parts += [coded(note.expected.because), Markup("<strong>What to do:</strong> {}").format(coded(note.expected.todo))]
    elif note.changed:
        parts.append(Markup("The claim is newer than the last run of its chapter on this engine."))
    else:
        parts.append(Markup('<strong class="book-unexplained">Not explained yet.</strong>'))
    if note.reason:
        parts.append(Markup('<span class="book-error">{}</span>').format(coded(note.reason)))
    return Markup('<li id="{}">{}</li>').format(_id(topic, number), joined(parts, " "))


def _engine(engine: Engine, one: Result, about: About) -> list[str | Cell]:
    counted = one.counted()
    held, failed, not_run = (str(counted[verdict]) for verdict in Verdict)
    numbers: list[str | Cell] = [
        f"{held} of {counted.total()}",
        Cell(failed, failed, f"book-number {_MARK[Verdict.FAILS][0] if counted[Verdict.FAILS] else ''}"),
        Cell(not_run, not_run, f"book-number {_MARK[Verdict.NOT_RUN][0] if counted[Verdict.NOT_RUN] else ''}"),
    ]
    version = f"{about.engine}, API {about.api}, {about.architecture}"
    title = Cell(Markup('{} <span class="book-version">{}</span>').format(engine.title, version), f"{engine.title}: {version}")
    user = "user" if about.rootless else "root"
    return [title, *numbers, about.image_store, about.builder, about.cgroup_version, user, Cell(one.day, one.day, "book-number")]


def _incomplete(one: Result, of: Sequence[Topic], advice: Advice) -> list[Markup]:
    """What of a result is missing or older than its chapter, each with the command that renews it."""
    runs = {run.chapter: run for run in one.chapters}
    old = [topic.name[:2] for topic in of if topic.name in runs and _old(one, runs[topic.name], topic)]
    never = [topic.name[:2] for topic in of if topic.name not in runs]
    engine = advice.engines[one.kind]
    lines = []
    for names, what in ((old, "out of date, because the chapter or the engine has changed since"), (never, "not run yet")):
        if names:
            which = f"{'chapters' if len(names) > 1 else 'chapter'} {', '.join(names)}"
            chapters = f" --chapters {' '.join(names)}" if len(names) < len(of) else ""
            lines.append(_about(engine, f"{which} {what}. Run `{_COMMAND} {one.kind}{chapters}`."))
    return lines


def _missing(found: Sequence[Result], advice: Advice) -> list[Markup]:
    lines = [_about(advice.engines[one.kind], f"could not be started on {one.day}: {one.reason}") for one in found if not one.about]
    untried = [kind for kind in KINDS if kind not in {one.kind for one in found}]
    return lines + [_about(advice.engines[kind], f"not run yet. Run `{_COMMAND} {kind}`.") for kind in untried]


def _about(engine: Engine, text: str) -> Markup:
    return Markup("<strong>{}</strong>: {}").format(engine.title, coded(text))


def _columns(found: Sequence[Result], topic: Topic, advice: Advice) -> list[_Column]:
    runs = [(one, run) for one in found for run in one.chapters if run.chapter == topic.name]
    return [_Column(one, advice.engines[one.kind], run, _old(one, run, topic)) for one, run in runs]


def _old(one: Result, run: ChapterRun, topic: Topic) -> bool:
    """Whether the chapter or the engine has changed since the chapter ran there."""
    return run.digest != topic.digest or (one.about is not None and run.engine != one.about.engine)


def _ran(found: Sequence[Result], of: Sequence[Topic]) -> list[ChapterRun]:
    known = {topic.name for topic in of}
    return [run for one in found for run in one.chapters if run.chapter in known]


def _claims(topic: Topic, columns: Sequence[_Column]) -> list[str]:
    """The chapter's claims today, then those that it makes on some engines only. A sentence counts once."""
    elsewhere = (finding.sentence for column in columns if not column.old for finding in column.run.findings)
    return list(dict.fromkeys([*topic.claims, *elsewhere]))


def _finding(claim: str, column: _Column) -> Finding | None:
    """What became of a claim on an engine, the worst if the chapter claims it more than once; None if the run is older than the claim."""
    found = [finding for finding in column.run.findings if finding.sentence == claim]
    worst = sorted(found, key=lambda finding: (Verdict.FAILS, Verdict.NOT_RUN, Verdict.HOLDS).index(finding.verdict))
    return next(iter(worst), None)


def _everywhere(claim: str, columns: Sequence[_Column]) -> bool:
    found = (_finding(claim, column) for column in columns)
    return all(one is not None and one.verdict is Verdict.HOLDS for one in found)


def _head(first: str, columns: Sequence[_Column]) -> list[str | Markup]:
    old = Markup(' <span class="book-old">out of date</span>')
    name = Markup('<span class="book-engine">{}{}</span>')
    return [first, *(name.format(column.engine.short, old if column.old else "") for column in columns)]


def _other(number: int) -> str:
    return "The other claim holds on all of these engines" if number == 1 else f"The other {number} claims hold on all of these engines"


def _link(topic: Topic) -> Markup:
    return Markup('<a href="{}">{}</a>').format(topic.link, topic.title)


def _id(topic: Topic, number: int) -> str:
    return f"reason-{topic.name}-{number}"


def _box(html: Markup) -> Markup:
    return Markup('<div class="book-matrix">{}</div>').format(html)


def _list(lines: Sequence[Markup]) -> Markup:
    items = joined(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup('<ul class="book-engines">{}</ul>').format(items) if lines else Markup()
