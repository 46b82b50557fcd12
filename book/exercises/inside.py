"""What is in an image, for a check: runs in a container of it, with the standard library only, and prints JSON."""

from __future__ import annotations

import json
import os
from typing import TypedDict

_NOT_FILES = {"/proc", "/sys", "/dev"}


class Inside(TypedDict):
    """What was found: the paths of programs; for each package its name, its version, and when it was installed, in ns."""

    programs: list[str]
    packages: list[tuple[str, str, int]]


def look(names: set[str], root: str = "/") -> Inside:
    """Find programs and installed Python packages in all folders.

    Args:
        names: the names of the programs.
        root: the folder to look in.
    """
    programs, packages = [], []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in _NOT_FILES and name != "_vendor"]
        programs += [path for name in files if name in names and os.access(path := os.path.join(folder, name), os.X_OK)]
        for name in folders:
            record = os.path.join(folder, name, "RECORD")
            if name.endswith(".dist-info") and os.path.exists(record):
                package, _, version = name[: -len(".dist-info")].rpartition("-")
                packages.append((package.lower().replace("_", "-"), version, os.stat(record).st_mtime_ns))
    return {"programs": sorted(programs), "packages": sorted(packages)}


if __name__ == "__main__":
    import sys

    print(json.dumps(look(set(sys.argv[1:]))))
