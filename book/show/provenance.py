"""What a page was run on."""

from __future__ import annotations

from ..engine.provenance import Provenance
from .html import Piece, table


def provenance(found: Provenance) -> Piece:
    """Show the engine, the machine, the day, and where each base image came from."""
    rows = [
        ["engine", f"Docker Engine {found.engine}, image store {found.storage_driver}, cgroup {found.cgroup_version}"],
        ["builder", "BuildKit" if found.buildkit else "the engine's classic builder: it has no BuildKit"],
        ["architecture", found.architecture],
        ["day", found.day],
        *([base.reference, f"{_ORIGIN[base.origin]}: {base.detail}"] for base in found.bases),
    ]
    piece = table("What this page was run on", ["part", "what it was"], rows)
    return Piece(piece.html, piece.text, {"provenance": True})


_ORIGIN = {"registry": "pulled from its registry", "stand-in": "a stand-in, not the original", "local": "made on this engine"}
