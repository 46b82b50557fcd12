"""Where this clone's folders and the private engine's socket are. Standard library only."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".engine"
PRIVATE_SOCKET = Path("/run/docker-recipes/docker.sock")
