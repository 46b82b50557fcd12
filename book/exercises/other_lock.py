"""Lock files that name another version of one package: an installation that reads them has that version, and no other has it."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE, VERSION = "werkzeug", "3.1.3"
_WHEEL = "sha256:54b78bf3716d19a65be4fceccc0d1d7b89e608834989dfae50ea87564639213e"
_ARCHIVE = "sha256:60723ce945c19328679790e3282cc758aa4a6040e4bb330f53d30fa546d44746"
_PYPI = "https://files.pythonhosted.org/packages"
_WHEEL_URL = f"{_PYPI}/52/24/ab44c871b0f07f491e5d2ad12c9bd7358e527510618cb1b803a88e986db1/{PACKAGE}-{VERSION}-py3-none-any.whl"
_ARCHIVE_URL = f"{_PYPI}/9f/69/83029f1f6300c5fb2471d621ab06f6ec6b3324685a2ce0f9777fd4a8b71e/{PACKAGE}-{VERSION}.tar.gz"
_BLOCK = re.compile(rf'^name = "{PACKAGE}"\n.*?(?=^\[\[|\Z)', re.MULTILINE | re.DOTALL)  # in uv.lock and in poetry.lock
_PINNED = re.compile(rf"^{PACKAGE}==\S+((?: \\\n +--hash=\S+)*)", re.MULTILINE)  # in a file of requirements
_IN_BLOCK = {
    r'^version = ".*"$': f'version = "{VERSION}"',
    r"^sdist = .*$": f'sdist = {{ url = "{_ARCHIVE_URL}", hash = "{_ARCHIVE}", size = 806925 }}',
    r"^ +\{ url = .*$": f'    {{ url = "{_WHEEL_URL}", hash = "{_WHEEL}", size = 224498 }},',
    r"^ +\{file = .*\.whl.*$": f'    {{file = "{PACKAGE}-{VERSION}-py3-none-any.whl", hash = "{_WHEEL}"}},',
    r"^ +\{file = .*\.tar\.gz.*$": f'    {{file = "{PACKAGE}-{VERSION}.tar.gz", hash = "{_ARCHIVE}"}},',
}


def write(folder: Path) -> tuple[str, ...]:
    """Change the version of one package in every lock file of a folder.

    Args:
        folder: a copy of a recipe.

    Returns:
        The names of the files that changed.
    """
    changed = []
    for path in sorted([*folder.glob("*.lock"), *folder.glob("*.txt")]):
        before = path.read_text(encoding="utf-8")
        after = changed_text(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path.name)
    return tuple(changed)


def changed_text(text: str) -> str:
    """The text of a lock file with the other version."""
    return _PINNED.sub(_pinned, _BLOCK.sub(_block, text))


def _block(found: re.Match[str]) -> str:
    text = found[0]
    for pattern, line in _IN_BLOCK.items():
        text = re.sub(pattern, line, text, flags=re.MULTILINE)
    return text


def _pinned(found: re.Match[str]) -> str:
    hashes = f" \\\n    --hash={_WHEEL} \\\n    --hash={_ARCHIVE}" if found[1] else ""
    return f"{PACKAGE}=={VERSION}{hashes}"
