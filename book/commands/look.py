"""`lab` and `serve`: look at the chapters and at the site."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..chapters import chapter
from ..places import ROOT
from ..site import build
from .needs import CannotGoOn, everything_for

_PORT = 8000


def _lab(starting: Sequence[str], workers: int) -> int:
    everything_for(chapter.chapters())
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # the private engine is root's
    if not (Path(sys.prefix) / "etc/jupyter/labconfig/page_config.json").exists():
        # Else it asks each reader whether it may fetch news from the internet.
        command = ["labextension", "disable", "--level=sys_prefix", "@jupyterlab/apputils-extension:announcements"]
        subprocess.run([sys.executable, "-m", "jupyter", *command], capture_output=True)
    return subprocess.call([sys.executable, "-m", "jupyter", "lab", *as_root, "notebooks"], cwd=ROOT)


def _serve(starting: Sequence[str], workers: int) -> int:
    if not build.INDEX.exists():
        raise CannotGoOn("There is no site yet: `make book` builds it.")
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind(("127.0.0.1", _PORT))
        except OSError:
            raise CannotGoOn(f"Something on this machine holds port {_PORT} of 127.0.0.1: stop it, and run this again.") from None
    return subprocess.call([sys.executable, "-m", "http.server", "--bind=127.0.0.1", f"--directory={build.HTML}", str(_PORT)])
