"""A way for another user to what it needs in folders that are closed to it. The folders' permissions do not change."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_OTHERS = stat.S_IROTH | stat.S_IXOTH

# For the mount namespace of one command. $1 is an empty folder of root; then pairs: a closed folder, and a folder in it that is needed.
# The needed one is kept aside while an empty folder, which is open, is mounted over the closed one.
SCRIPT = """
open_ways() {
  aside=$1
  shift
  while [ $# -gt 0 ]; do
    mount --bind "$2" "$aside"
    mount -t tmpfs -o mode=755 tmpfs "$1"
    mkdir -p "$2"
    mount --bind "$aside" "$2"
    umount "$aside"
    shift 2
  done
}
"""


@dataclass(frozen=True)
class Way:
    """A folder that other users cannot enter, and a folder in it that one of them needs."""

    closed: Path
    needed: Path


def ways(needed: Iterable[Path]) -> list[Way]:
    """Those of the folders that other users cannot get to, each with the highest closed folder on its way.

    Args:
        needed: folders; of two in the same closed folder, only the first gets a way.
    """
    found: dict[Path, Way] = {}
    for folder in needed:
        for parent in reversed(folder.parents):
            if parent.stat().st_mode & _OTHERS != _OTHERS:
                found.setdefault(parent, Way(parent, folder))
                break
    return list(found.values())
