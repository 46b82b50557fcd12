"""What a secret looks like, and how it is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

# The name of a secret; not the name of a file that contains one, nor an option on how one is created.
SECRET = (
    r"(?!\w*(?:ALLOW_EMPTY|RANDOM_ROOT|ONETIME|GOOGLE_APPLICATION)_)[\w-]*"
    r"(?:PASSWORD|PASSWD|REQUIREPASS|SECRET|TOKEN|API[_-]?KEY|(?:SECRET|PRIVATE)(?:_ACCESS)?[_-]?KEY"
    r"|(?<![^\W_])(?:PASS|CREDENTIALS)|(?<=_)PWD)"
)
SECRET_IN_URL = re.compile(r"(://[^:/@\s]{0,200}:)([^@\s]{1,500})@")  # with limits: a page without spaces would take forever
SECRET_NAME = re.compile(SECRET, re.IGNORECASE)
_HIDDEN = "•••"
_SEVERAL = r"[|>][+\d-]*[ \t]*$"  # in YAML: the value is in the lines below
_BEGINS = "|".join(  # the value of a secret follows: `NAME=value`, `NAME: value`, `ENV NAME value`, `--name value`, `${NAME:-value}`
    (
        rf"""(?<![\w-]){SECRET}["']?[ \t]*=""",
        rf"""(?<![\w-]){SECRET}["']?[ \t]*:(?=[ \t"'])(?![ \t]*(?:[*{{\[]|{_SEVERAL}))""",
        rf"""\bENV[ \t]+{SECRET}[ \t]""",
        rf"""(?<![\w-])(?=--){SECRET}["']?,?[ \t]""",
        rf"""\$\{{{SECRET}:?-""",
    )
)
_REFERS = r"""["']?\$(?:\(|\$?(?:\w+|\{\w+(?::?-|:?\?[^}\n]*)?\})["']?(?:[\s,;)}\]]|$))"""  # a reference to a value is no secret
# A value is hidden up to the end of the line, or of the text in backticks: only Docker knows its real end.
_VALUE = re.compile(rf"(?im)((?:{_BEGINS})[ \t]*)(?!{_REFERS})[^\s}}].*?(?=`[\s:,;.]|`?$)")
_VALUE_BELOW = re.compile(rf"""(?im)^([ \t]*)(["']?{SECRET}["']?:[ \t]*{_SEVERAL})(?:\n(?:\1[ \t].*|[ \t]*$))+""")
_SHORTEST = 6  # characters of a value that is hidden in every text; a shorter one may be an ordinary word
_ORDINARY = {"password", "passwd", "secret", "token"}
_NO_SECRET = re.compile(r"(?:^|_)(?:USER|USERNAME|NAME|DB|DATABASE|HOST)$", re.IGNORECASE)  # `postgres` may be both a user and its password


@dataclass(frozen=True)
class Secrets:
    """The secrets of a project: their values are hidden in every text, also without a name beside them.

    Attributes:
        values: the known values.
    """

    values: frozenset[str] = field(default=frozenset(), repr=False)

    def hide(self, text: str) -> str:
        """A text without these values, without passwords in addresses, and without the values of anything that is named like a secret."""
        if self.values:
            text = self._known.sub(_HIDDEN, text)
        text = _VALUE_BELOW.sub(rf"\1\2\n\1  {_HIDDEN}", SECRET_IN_URL.sub(rf"\1{_HIDDEN}@", text))
        return _VALUE.sub(rf"\1{_HIDDEN}", text)

    @cached_property
    def _known(self) -> re.Pattern[str]:
        written = {form for value in self.values for form in (value, quote(value, safe=""), value.replace("$", "$$"))}
        return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(form) for form in sorted(written, key=len, reverse=True))})(?!\w)")


def among(variables: Iterable[tuple[str, str]], known: Iterable[str] = ()) -> Secrets:
    """The secrets among variables.

    Args:
        variables: name and value of each.
        known: values that are secrets under any name.
    """
    pairs = tuple(variables)
    named = {value for name, value in pairs if SECRET_NAME.fullmatch(name)}
    in_addresses = {found[2] for _, value in pairs for found in SECRET_IN_URL.finditer(value)}
    public = {value for name, value in pairs if _NO_SECRET.search(name)} | _ORDINARY
    values = {line for value in (named | in_addresses | {*known}) - public for line in value.strip().splitlines()}  # a key has several
    return Secrets(frozenset(line.strip() for line in values if len(line.strip()) >= _SHORTEST) - public)


def hide(text: str) -> str:
    """A text without secrets that can be recognized by their form; `Secrets.hide` also hides known values."""
    return Secrets().hide(text)
