"""`serve`: show the finished site on 127.0.0.1."""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys

from ..site import build
from .needs import CannotGoOn

_PORT = 8000


def run(options: argparse.Namespace) -> int:
    """Serve the finished site until the command is stopped.

    Args:
        options: none are used.
    """
    if not build.INDEX.exists():
        raise CannotGoOn("There is no site yet: `make site` builds it.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _PORT))
        except OSError:
            raise CannotGoOn(f"Another program on this machine uses port {_PORT} of 127.0.0.1: stop it, and run this again.") from None
    return subprocess.call([sys.executable, "-m", "http.server", "--bind=127.0.0.1", f"--directory={build.HTML}", str(_PORT)])
