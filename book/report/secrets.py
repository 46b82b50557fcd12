"""What a secret looks like, and how it is hidden."""

from __future__ import annotations

import re

# What a secret is called, wherever it stands; not the name of a file that holds one, nor a choice of how one is made.
SECRET = (
    r"(?!\w*(?:ALLOW_EMPTY|RANDOM_ROOT|ONETIME|GOOGLE_APPLICATION)_)[\w-]*"
    r"(?:PASSWORD|PASSWD|REQUIREPASS|SECRET|TOKEN|API[_-]?KEY|(?:SECRET|PRIVATE)(?:_ACCESS)?[_-]?KEY"
    r"|(?<![^\W_])(?:PASS|CREDENTIALS)|(?<=_)PWD)"
)
SECRET_IN_URL = re.compile(r"(://[^:/@\s]{0,200}:)[^@\s]{1,500}@")  # within limits: a page without blanks would take for ever
SECRET_NAME = re.compile(SECRET, re.IGNORECASE)
_HIDDEN = "•••"
_SEVERAL = r"[|>][+\d-]*[ \t]*$"  # how YAML says that a value stands in the lines below
_BEGINS = "|".join(  # where the value of a secret does: `NAME=value`, `NAME: value`, `ENV NAME value`, `--name value`, `${NAME:-value}`
    (
        rf"""(?<![\w-]){SECRET}["']?[ \t]*=""",
        rf"""(?<![\w-]){SECRET}["']?[ \t]*:(?=[ \t"'])(?![ \t]*(?:[*{{\[]|{_SEVERAL}))""",
        rf"""\bENV[ \t]+{SECRET}[ \t]""",
        rf"""(?<![\w-])(?=--){SECRET}["']?,?[ \t]""",
        rf"""\$\{{{SECRET}:?-""",
    )
)
_REFERS = r"""["']?\$(?:\(|\$?(?:\w+|\{\w+(?::?-|:?\?[^}\n]*)?\})["']?(?:[\s,;)}\]]|$))"""  # to a value, and is none
# The rest of the line goes with a value, or of the words between backticks: only Docker knows where it ends.
_VALUE = re.compile(rf"(?im)((?:{_BEGINS})[ \t]*)(?!{_REFERS})[^\s}}].*?(?=`[\s:,;.]|`?$)")
_VALUE_BELOW = re.compile(rf"""(?im)^([ \t]*)(["']?{SECRET}["']?:[ \t]*{_SEVERAL})(?:\n(?:\1[ \t].*|[ \t]*$))+""")


def hide(text: str) -> str:
    """A text without passwords in addresses, and without the values of secrets."""
    text = _VALUE_BELOW.sub(rf"\1\2\n\1  {_HIDDEN}", SECRET_IN_URL.sub(rf"\1{_HIDDEN}@", text))
    return _VALUE.sub(rf"\1{_HIDDEN}", text)
