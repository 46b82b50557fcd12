"""Leave in /image only the files that the server opens.

It starts the server, and sends one request.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

trace = [
    "strace",
    "--follow-forks",
    "--trace=open,openat,execve",
    "--output=/opened",
]
inside = [
    "chroot",
    "/image",
    "/venv/bin/gunicorn",
    "--chdir=/app",
    "--pid=/tmp/pid",
    "--no-control-socket",
    "echo:app",
]
# A running container has these, and a folder does not: the path of the
# program, and random numbers.
Path("/image/proc/self").mkdir(parents=True)
Path("/image/proc/self/exe").symlink_to("/usr/local/bin/python3")
Path("/image/dev").mkdir()
subprocess.run(["cp", "-a", "/dev/urandom", "/image/dev/"], check=True)
server = subprocess.Popen([*trace, *inside])
for _ in range(300):
    try:
        urllib.request.urlopen("http://127.0.0.1:8000/word").read()
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("The server did not answer.")
# To the server itself: strace does not pass this signal on.
os.kill(int(Path("/image/tmp/pid").read_text()), signal.SIGTERM)
server.wait()
for folder in ("/image/proc", "/image/dev"):
    shutil.rmtree(folder)

call = r'^\d+ +(?:open|execve)[^"]*"([^"]+)".* = \d'
opened = re.findall(call, Path("/opened").read_text(), re.MULTILINE)
os.chroot("/image")
os.chdir("/")
# The kernel opens these two itself.
opened += ["/venv/bin/python", *Path("/").rglob("ld-*.so.*")]
# Python looks for its library in the folder of this file.
opened += Path("/usr/local/lib").glob("python3*/os.pyc")
kept = {Path(path).resolve() for path in opened}
for file in Path("/").rglob("*"):
    if file.is_file() and not file.is_symlink() and file not in kept:
        file.unlink()
