"""Plain English: `textlint` looks for the words of prose.json in the documentation, and in what the code says to a reader."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tempfile
import tokenize
from collections.abc import Iterable
from pathlib import Path

from ..offline.debian import Bar
from ..places import ROOT
from ..trouble import Trouble
from . import from_npm

PLACES = ("README.md", "CONTRIBUTING.md", "tests/README.md", "tests/bad/README.md", "book/**/*.py", "tests/**/*.py")
_WORDS = Path(__file__).with_name("prose.json")  # pairs of a regular expression and what to write instead
_CHECK_SECONDS = 300
_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}  # Python 3.12 splits an f-string in parts
_PREFIX = re.compile(r"([A-Za-z]*)('''|\"\"\"|'|\")")
_CODE = re.compile(
    r"(`+)(?:.|\n)+?\1"  # code in backticks
    r"|\{[^{}\n]*\}"  # a value in an f-string
    r"|\\[nrt]"
    r"|\S*(?:\w[_/=]\w|\w\.\w|[_/]\w|\w[_/(])\S*"  # an identifier, a path, a call
)


class NoFindings(Trouble):
    """textlint ended without a result; the message contains its output."""


def _silent(done: float, total: float, what: str) -> None:
    """Show no progress."""


def check(step: Bar = _silent) -> list[str]:
    """Find words that plain English avoids, in all `PLACES`; none, with a note, if textlint cannot be installed outside CI.

    Args:
        step: is called with the progress.

    Returns:
        The findings, as `file:line: message`.

    Raises:
        NoNpmPackages: if textlint cannot be installed in CI.
        NoFindings: if textlint fails.
    """
    try:
        return findings(step)
    except from_npm.NoNpmPackages as problem:
        if os.environ.get("CI") == "true":
            raise
        print(f"  The English is not checked: {problem}", flush=True)
        return []


def findings(step: Bar = _silent, root: Path = ROOT, places: Iterable[str] = PLACES) -> list[str]:
    """The findings of textlint, as `file:line: message`.

    Args:
        step: is called with the progress.
        root: the clone of the book.
        places: the files to check, as patterns below `root`.

    Raises:
        NoNpmPackages: if textlint cannot be installed.
        NoFindings: if textlint fails.
    """
    program = from_npm.program("textlint/bin/textlint.js", step)
    files = sorted({file for place in places for file in root.glob(place)})
    with tempfile.TemporaryDirectory(prefix="prose-") as folder:
        copies = {_copy(file, root, Path(folder)): file.relative_to(root).as_posix() for file in files}
        config = Path(folder, "textlint.json")
        config.write_text(json.dumps({"rules": {"terminology": {"defaultTerms": False, "skip": [], "terms": str(_WORDS)}}}))
        command = [*program, f"--config={config}", "--format=json", *map(str, copies)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_CHECK_SECONDS)
    try:
        results = json.loads(done.stdout)
    except ValueError:
        raise NoFindings(f"textlint failed: {(done.stderr or done.stdout).strip()[-300:]}") from None
    found = ((copies[Path(result["filePath"])], message) for result in results for message in result["messages"])
    return [f"{file}:{message['line']}: {message['message']}" for file, message in found]


def _copy(file: Path, root: Path, folder: Path) -> Path:
    """The file's prose in a file of the same lines, in a format that textlint reads."""
    copy = folder.resolve() / file.relative_to(root)
    python = file.suffix == ".py"
    copy = copy.with_name(f"{file.name}.txt") if python else copy
    copy.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text(encoding="utf-8")
    copy.write_text(prose(text) if python else text, encoding="utf-8")
    return copy


def prose(source: str) -> str:
    """The comments, docstrings and messages of a Python file, each on the line that it has there; nothing else.

    A string of one word is a key or an identifier, and a raw one is a pattern: they are left out, as code in backticks is.
    """
    lines = source.splitlines()
    kept = [""] * len(lines)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#")
        elif token.type in _STRINGS:
            text = _content(token.string)
        else:
            continue
        for number, line in enumerate(_CODE.sub(_blank, text).split("\n"), token.start[0] - 1):
            if line.strip():
                kept[number] = " | ".join(filter(None, (kept[number], line.strip())))
    return "\n".join(kept) + "\n"


def _content(literal: str) -> str:
    """The text of a string as it is written, or nothing if it is no prose."""
    found = _PREFIX.match(literal)
    if found and "r" in found[1].lower():
        return ""
    text = literal[found.end() : -len(found[2])] if found else literal  # a part of an f-string has no quotes
    heading = text.startswith("## ")  # of a chapter, where it is checked with the chapter
    return text if re.search(r"\s", text) and not heading else ""


def _blank(code: re.Match[str]) -> str:
    return " " + "\n" * code[0].count("\n")
