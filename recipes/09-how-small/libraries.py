"""Copy the shared libraries that Python and the environment need to /image.

They keep their paths. The libraries are those of the system.
"""

import re
import shutil
import subprocess
from pathlib import Path

FOLDERS = (Path("/usr/local"), Path("/venv"))  # they are copied as a whole
(loader, *_) = [
    *Path("/lib").glob("ld-*.so.*"),
    *Path("/lib64").glob("ld-*.so.*"),
]

# No file names libgcc_s: glibc opens it when it has to break off a thread.
needed = {loader, *Path("/lib").glob("*/libgcc_s.so.1")}
programs = [Path("/usr/local/bin/python3")]
for folder in FOLDERS:
    programs += folder.rglob("*.so*")
for program in programs:
    command = [loader, "--list", program]  # as `ldd` does
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    needed |= {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}

for library in needed:
    place = Path("/image", *library.parts[1:])
    copied = any(library.is_relative_to(folder) for folder in FOLDERS)
    if place.exists() or copied:
        continue
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(library, place)
    # The same file under its other names.
    for name in library.parent.iterdir():
        link = place.parent / name.name
        if name.samefile(library) and not link.exists():
            link.symlink_to(place.name)
