"""What the committed outputs say: they were made on an engine, and count as its run, so that nothing runs twice."""

from __future__ import annotations

from collections.abc import Sequence

from ..chapters.chapter import Chapter, outdated
from ..chapters.running import Shown
from .findings import findings
from .result import About, ChapterRun


def runs(of: Sequence[Chapter], about: About) -> list[ChapterRun]:
    """The runs in which the committed outputs were made, if that was on such an engine and the outputs are up to date.

    Args:
        of: the chapters.
        about: the engine; its name and version and its image store must be those of the outputs.
    """
    old = outdated(of)
    return [_run(chapter, about.engine) for chapter in of if chapter not in old and _made_on(chapter) == (about.engine, about.image_store)]


def _run(chapter: Chapter, engine: str) -> ChapterRun:
    notebook = chapter.read()
    day = str(notebook.metadata["book"]["provenance"]["day"])
    return ChapterRun(chapter.name, chapter.own_digest(), engine, day, findings(notebook, Shown(notebook, "")))


def _made_on(chapter: Chapter) -> tuple[str, str]:
    provenance = chapter.read().metadata["book"]["provenance"]
    return f"Docker Engine {provenance['engine']}", str(provenance["storage_driver"])
