"""`site`: build the site from the outputs that there are."""

from __future__ import annotations

import argparse

from .book import build_site
from .needs import alone


def run(options: argparse.Namespace) -> int:
    """Build the site and print its path, without an engine: no chapter runs.

    A chapter is shown with the outputs of this machine if they are up to date, else with the committed ones.

    Args:
        options: none are used.
    """
    with alone():
        build_site()
    return 0
