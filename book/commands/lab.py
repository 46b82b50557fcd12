"""`lab`: open the chapters in JupyterLab."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from ..chapters import chapter
from ..places import ROOT
from .needs import everything_for


def run(options: argparse.Namespace) -> int:
    """Prepare the engine and all that the chapters need, and open JupyterLab until it is ended.

    Args:
        options: none are used.
    """
    everything_for(chapter.chapters())
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # the private engine is root's
    if not (Path(sys.prefix) / "etc/jupyter/labconfig/page_config.json").exists():
        # Otherwise it asks each reader for permission to fetch news from the internet.
        command = ["labextension", "disable", "--level=sys_prefix", "@jupyterlab/apputils-extension:announcements"]
        subprocess.run([sys.executable, "-m", "jupyter", *command], capture_output=True)
    return subprocess.call([sys.executable, "-m", "jupyter", "lab", *as_root, "notebooks"], cwd=ROOT)
