"""The exercise of a chapter: in JupyterLab an editor with a button that checks it; on the site the task, and what to type in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ipywidgets
from IPython.display import Markdown
from markupsafe import Markup, escape

from ..exercises import of
from ..exercises.exercise import Exercise, Found, check, solved
from ..measure.build_output import ANSI
from ..recipe import Recipe
from . import lab
from .editor import Editor, Panel, Tell
from .html import Piece, fold, inline_code, joined
from .markup import piece

_MARKS = {True: ("✓", "book-good"), False: ("✗", "book-bad"), None: ("–", "book-open")}
NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True)
class Shown:
    """An exercise, as a chapter shows it."""

    exercise: Exercise[Any]
    recipe: Recipe

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {**lab.view(widget(self.exercise, self.recipe)), "text/html": str(page(self.exercise)), "text/plain": text(self.exercise)}


def exercise(recipe: Recipe) -> Shown:
    """The exercise of a recipe: a file to change, which is checked on the engine.

    Args:
        recipe: the recipe.

    Raises:
        NoExercise: if the recipe has none.
    """
    return Shown(of(recipe), recipe)


def command(exercise: Exercise[Any]) -> str:
    """What a reader types in a terminal to check a file."""
    return f"python3 -m book check {exercise.chapter}"


def page(exercise: Exercise[Any]) -> Markup:
    """The exercise without a kernel: the task, the file, the conditions with folded hints, a folded solution, and the command."""
    conditions = (
        Markup('<li>{}<details class="book-fold"><summary>Hint</summary><p>{}</p></details></li>').format(
            _inline(one.text), _inline(one.hint)
        )
        for one in exercise.conditions
    )
    return Markup(
        '<div class="book-exercise" role="group" aria-label="Exercise: {title}"><p><strong>{title}.</strong> {task}</p>{start}'
        '<p>Your file must meet these conditions:</p><ol class="book-conditions">{conditions}</ol>{solution}'
        "<p>In JupyterLab there is an editor here, with a button <em>Check</em>. To check a file in a terminal, run this in a copy of this "
        "book. It writes the file to change, and checks it when you run it again:</p><pre>{command}</pre></div>"
    ).format(
        title=exercise.title,
        task=_inline(exercise.task),
        start=fold("Show the file to change", _listing(exercise, exercise.start)),
        conditions=joined(conditions),
        solution=_solution(exercise),
        command=command(exercise),
    )


def text(exercise: Exercise[Any]) -> str:
    """The exercise as plain text: the task, the conditions, and the command."""
    listed = [f"{number}. {one.text}" for number, one in enumerate(exercise.conditions, 1)]
    return "\n".join([f"{exercise.title}. {exercise.task}", "", *listed, "", f"To check your {exercise.file}: {command(exercise)}"])


def widget(exercise: Exercise[Any], recipe: Recipe) -> ipywidgets.Widget:
    """The exercise with a kernel: the task, an editor with a button that checks the file, the conditions, and a folded solution."""

    def work(file: str, tell: Tell) -> Piece:
        return conditions(check(exercise, recipe, file, lambda line: tell(ANSI.sub("", line).rstrip())))

    panel = Panel(Editor(f"{recipe.name}/{exercise.file}", exercise.start, "Check", (), work))
    panel.shown.value = conditions(Found(one.text, None) for one in exercise.conditions).html
    task = lab.piece(Markup("<p><strong>{}.</strong> {}</p>").format(exercise.title, _inline(exercise.task)))
    return lab.box("book-exercise", task, panel.widget, lab.piece(_solution(exercise)))


def conditions(found: Iterable[Found]) -> Piece:
    """The conditions, each with its mark, what was measured, and the hint if it does not hold.

    Args:
        found: how each condition ended.
    """
    found = tuple(found)
    return Piece(Markup('<p>{}</p><ol class="book-conditions">{}</ol>').format(_summary(found), joined(map(_item, found))), lines(found))


def lines(found: tuple[Found, ...]) -> str:
    """The conditions for a terminal, with the hint below each that does not hold.

    Args:
        found: how each condition ended.
    """
    return "\n".join([*("\n".join(_lines(one)) for one in found), _summary(found)])


def _summary(found: tuple[Found, ...]) -> str:
    if all(one.ok is None for one in found):
        return "These conditions are checked:"
    holds = sum(one.ok is True for one in found)
    return "All conditions are met." if solved(found) else f"{holds} of {len(found)} conditions are met."


def _item(one: Found) -> Markup:
    mark, kind = _MARKS[one.ok]
    return Markup('<li><span class="{}">{}</span> {}{}{}</li>').format(kind, mark, _inline(one.condition), _measured(one), _hint(one))


def _measured(one: Found) -> Markup:
    if "\n" in one.measured:
        return Markup('<pre class="book-trouble">{}</pre>').format(one.measured)
    return Markup(' <span class="book-measured">{}</span>').format(one.measured) if one.measured else Markup()


def _hint(one: Found) -> Markup:
    return Markup('<p class="book-hint">Hint: {}</p>').format(_inline(one.hint)) if one.hint else Markup()


def _lines(one: Found) -> list[str]:
    mark, _ = _MARKS[one.ok]
    short = one.measured if "\n" not in one.measured else ""
    note = f" ({short})" if short else f" ({NOT_LOOKED_AT})" if one.ok is None else ""
    long = [f"    {line}".rstrip() for line in one.measured.splitlines()] if not short else []
    return [f"{mark} {one.condition}{note}", *long, *([f"  Hint: {one.hint}"] if one.hint else [])]


def _solution(exercise: Exercise[Any]) -> Markup:
    return fold("Show a solution", _listing(exercise, exercise.solution))


def _listing(exercise: Exercise[Any], text: str) -> Markup:
    language = "dockerfile" if "Dockerfile" in exercise.file else "yaml"
    code = piece(Markdown(f"```{language}\n{text.rstrip()}\n```")).html
    return Markup('<p class="book-file">{}</p>{}').format(inline_code(exercise.file), code)


def _inline(text: str) -> Markup:
    """A text in which backticks mark code, as HTML."""
    return joined(inline_code(part) if number % 2 else escape(part) for number, part in enumerate(text.split("`")))
