"""Copy the system's shared libraries that Python, its modules and the environment need into /image, at the same places."""

import re
import shutil
import subprocess
from pathlib import Path

FOLDERS = (Path("/usr/local"), Path("/venv"))  # they are copied as a whole
(loader, *_) = [*Path("/lib").glob("ld-*.so.*"), *Path("/lib64").glob("ld-*.so.*")]

# No file names libgcc_s: glibc opens it when it has to break off a thread.
needed = {loader, *Path("/lib").glob("*/libgcc_s.so.1")}
for program in [Path("/usr/local/bin/python3"), *(file for folder in FOLDERS for file in folder.rglob("*.so*"))]:
    listed = subprocess.run([loader, "--list", program], capture_output=True, text=True).stdout  # as `ldd` does
    needed |= {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}

for library in needed:
    place = Path("/image", *library.parts[1:])
    if place.exists() or any(library.is_relative_to(folder) for folder in FOLDERS):
        continue
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(library, place)
    for name in library.parent.iterdir():  # the same file under its other names
        if name.samefile(library) and not (place.parent / name.name).exists():
            (place.parent / name.name).symlink_to(place.name)
