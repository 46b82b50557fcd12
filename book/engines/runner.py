"""Run one chapter, or describe the engine, in a process of its own: it may be in the network of another engine.

Called as `python -m book.engines.runner about` or `python -m book.engines.runner run NAME [FOLDER]`; prints one JSON object on each
line: how far it is, then what was found.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from .. import engine
from ..chapters import running
from ..chapters.chapter import Chapter, chapters
from ..engine.words import OF_THE_ENGINE, in_words
from ..trouble import Trouble
from .findings import findings
from .result import About, ChapterRun


def main(work: str, name: str = "", folder: str = "") -> int:
    """Do the work, and print what was found.

    Args:
        work: `about` or `run`.
        name: of the chapter.
        folder: that of its notebook; empty for the book's own.
    """
    try:
        found = about() if work == "about" else run(chapters([name], Path(folder) if folder else None)[0])
    except (Trouble, *OF_THE_ENGINE) as problem:
        _say({"trouble": str(problem if isinstance(problem, Trouble) else in_words(problem))})
        return 1
    _say({"found": asdict(found)})
    return 0


def run(chapter: Chapter) -> ChapterRun:
    """Run a chapter to its last cell, and see what became of each claim. Which engine it was is left open."""
    committed, digest = chapter.read(), chapter.own_digest()
    shown = running.go_on(chapter, lambda done, total, what: _say({"done": done, "total": total}))
    return ChapterRun(chapter.name, digest, "", date.today().isoformat(), findings(committed, shown))


def about() -> About:
    """What the engine in use is.

    Raises:
        EngineMissing: if it does not answer.
        ToolMissing: if buildx or Compose is missing or too old.
    """
    engine.preflight()
    client = engine.connect()
    version, info = client.version(), client.info()
    names = [part["Name"] for part in version.get("Components") or ()]
    name = names[0] if names and names[0] != "Engine" else "Docker Engine"  # as Docker calls its own; Podman's is another
    return About(
        engine=f"{name} {version['Version']}",
        api=version["ApiVersion"],
        builder="BuildKit" if engine.has_buildkit() else "classic",
        image_store=engine.storage(),
        cgroup_version="none" if info.get("CgroupDriver") == "none" else f"v{info.get('CgroupVersion', '1')}",
        rootless=any("rootless" in option for option in info.get("SecurityOptions") or ()),
        architecture=info["Architecture"],
    )


def _say(thing: dict[str, object]) -> None:
    print(json.dumps(thing), flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
