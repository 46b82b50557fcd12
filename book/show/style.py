"""Styles for pages without a script."""

from __future__ import annotations

import re

import tinycss2


def without_script(css: str) -> str:
    """The dark rules of a stylesheet, for a reader whose system is dark and whose browser runs no script.

    Args:
        css: the stylesheet, in which `html[data-theme=dark]` marks the dark rules.
    """
    dark = re.compile(r"""\[data-theme=["']?dark["']?\]""")
    rules = (rule for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True) if rule.type == "qualified-rule")
    found = (dark.sub("[data-theme]", rule.serialize()) for rule in rules if dark.search(tinycss2.serialize(rule.prelude)))
    return "@media (prefers-color-scheme: dark) {\n" + "\n".join(found) + "\n}"
