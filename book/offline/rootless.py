"""An engine that an ordinary user runs, in a user namespace. The user exists only for that engine, and only there."""

from __future__ import annotations

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..places import HOME, ROOT
from ..progress import Step
from . import daemon, debian, second, way
from .namespace import Namespace
from .second import Launch

_PACKAGES = ("rootlesskit", "slirp4netns", "libslirp0", "uidmap")  # from the system's own suite: they use its C library
_HOME = HOME / "rootless"
_USER = 59_876  # one of the last that a system gives to its users, as a tool in a chapter may expect of the reader
_SUBORDINATE = 1_900_000_000  # far from the ids that a system reserves for containers
_NAME = "docker-recipes"
_MTU = 1400  # as in the network namespace around it
_AS = ("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups")
_NAMESPACES = ("unshare", "--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child")

# What an ordinary user needs and this machine may not give: a /run, names and ids of a user, devices, and a way to files that
# are in a folder of root. All of it is mounted in the namespace of this engine, so nothing of the machine changes.
# Its last line is no `exec`: process 1 must stay root's, because Linux forgets to kill it with its parent if it changes its user.
_AS_USER = f"""{way.SCRIPT}
mount --make-rshared /
mount --bind "$1" "$2/run"
mount -t tmpfs -o "mode=755,uid=$5,gid=$5" tmpfs /run
mkdir "$1"
mount --bind "$2/run" "$1"
umount "$2/run"
mount -t tmpfs -o mode=755 tmpfs "$1/devices"
mknod -m 666 "$1/devices/tun" c 10 200
mknod -m 666 "$1/devices/fuse" c 10 229
for device in net/tun fuse; do
  if [ -e "/dev/$device" ]; then mount --bind "$1/devices/${{device##*/}}" "/dev/$device"; fi
done
for file in passwd group subuid subgid; do mount --bind "$1/etc/$file" "/etc/$file"; done
mount --bind "$2/user" "$1/data"
mount --bind "$3" "$1/engine"
mount --bind "$4" "$1/tools"
open_ways "$1/aside" $7
mkdir -p "$6"
mount --bind "$1/data/book" "$6"
shift 7
"$@"
"""

# The same for a command of that user. Its clone is a copy that the user owns, with this clone's packages and programs.
_INSIDE = f"""{way.SCRIPT}
for file in passwd group; do mount --bind "$1/etc/$file" "/etc/$file"; done
mount --bind "$2/user" "$1/data"
copy="$1/data/book"
for part in .venv .engine; do
  if [ -d "$3/$part" ]; then mount --bind "$3/$part" "$copy/$part"; fi
done
for folder in config steps; do
  mkdir -p "$copy/.engine/$folder"
  mount --bind "$1/data/$folder" "$copy/.engine/$folder"
done
mount --rbind "$copy" "$1/clone"
open_ways "$1/aside" $4
mkdir -p "$3"
mount --rbind "$1/clone" "$3"
cd "$3"
shift 4
exec "$@"
"""
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".engine", "_build", "__pycache__", ".*_cache")


def possible() -> str | None:
    """None if this engine can be started here, else the reason why not."""
    if not ctypes.util.find_library("glib-2.0"):
        return "slirp4netns needs GLib: apt-get install libglib2.0-0"
    if not all(Path("/etc", file).exists() for file in ("subuid", "subgid")):
        return "/etc/subuid or /etc/subgid is missing: create it as an empty file"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is missing, and an engine without root needs it for its network"
    return None


def fetch(step: Step) -> None:
    """Download its programs into this clone, if they are not there.

    Raises:
        NoEngine: if they are not available.
    """
    if daemon.program("rootlesskit", _HOME / "root").exists():
        return
    try:
        debian.fetch(_PACKAGES, _HOME, bar=step)
    except debian.NoPackages as problem:
        raise daemon.NoEngine(str(problem)) from problem


def launch(own: Namespace, home: Path) -> Launch:
    """Start the engine in a network namespace, and do not wait for it."""
    _prepare(own.folder, home)
    with open(second.log(home), "ab") as log:
        process = subprocess.Popen(
            command(own, home), env=environment(own.folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    return Launch(process, own.folder / "user/docker.sock", inside(own.folder, home))


def command(own: Namespace, home: Path) -> list[str]:
    """The command that starts the engine.

    Args:
        own: the network namespace.
        home: the folder for its images and its settings.
    """
    folder = own.folder
    network = ["--net=slirp4netns", f"--mtu={_MTU}", "--disable-host-loopback", "--port-driver=builtin"]
    kit = ["rootlesskit", f"--state-dir={folder / 'user/kit'}", *network, "--copy-up=/etc", "--propagation=rslave"]
    dockerd = [
        "dockerd",
        "--rootless",
        f"--host=unix://{folder / 'user/docker.sock'}",
        f"--config-file={folder / 'data/daemon.json'}",
        f"--data-root={folder / 'data/images'}",
        f"--pidfile={folder / 'user/dockerd.pid'}",
        f"--userland-proxy-path={folder / 'engine/sbin/docker-proxy'}",
        f"--init-path={folder / 'engine/bin/tini-static'}",
    ]
    sources = [str(folder), str(home), str(HOME / "root/usr"), str(_HOME / "root/usr")]
    return [*own.network, *_NAMESPACES, "sh", "-ec", _AS_USER, "sh", *sources, str(_USER), str(ROOT), _closed(), *_AS, *kit, *dockerd]


def inside(folder: Path, home: Path) -> tuple[str, ...]:
    """The start of a command that the engine's user is to run; its temporary files are where the engine finds them.

    Args:
        folder: of the network namespace.
        home: the folder for the engine's images and its settings.
    """
    data = folder / "data"
    variables = [f"HOME={data}", f"USER={_NAME}", f"LOGNAME={_NAME}", f"XDG_RUNTIME_DIR={folder / 'user'}", f"TMPDIR={data / 'temporary'}"]
    return ("sh", "-ec", _INSIDE, "sh", str(folder), str(home), str(ROOT), _closed(), *_AS, "env", *variables)


def environment(folder: Path) -> dict[str, str]:
    """The variables of the engine: those of this process, and its user's own folders and programs.

    Args:
        folder: of the network namespace.
    """
    tools = folder / "tools"
    programs = (tools / "bin", folder / "engine/sbin", folder / "engine/bin")
    return {
        **{name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")},
        "HOME": str(folder / "data"),
        "USER": _NAME,
        "XDG_RUNTIME_DIR": str(folder / "user"),
        "PATH": ":".join([*map(str, programs), "/usr/sbin:/usr/bin:/sbin:/bin"]),
        "LD_LIBRARY_PATH": ":".join(str(tools / path.relative_to(_HOME / "root/usr")) for path in _libraries()),
    }


def identity(passwd: str, group: str) -> dict[str, str]:
    """The files below /etc that make the user known, with the users of this machine.

    Args:
        passwd: the machine's /etc/passwd.
        group: the machine's /etc/group.
    """
    ids = f"{_NAME}:{_SUBORDINATE}:65536\n"
    return {
        "passwd": f"{passwd}{_NAME}:x:{_USER}:{_USER}::/nonexistent:/usr/sbin/nologin\n",
        "group": f"{group}{_NAME}:x:{_USER}:\n",
        "subuid": ids,
        "subgid": ids,
    }


def _prepare(folder: Path, home: Path) -> None:
    """Make the folders that the engine's namespace mounts and its user owns."""
    folder.chmod(0o711)  # its user must get to the socket
    for name in ("aside", "clone", "devices", "etc", "data", "engine", "tools", "user"):
        (folder / name).mkdir()
    for file, text in identity(Path("/etc/passwd").read_text(), Path("/etc/group").read_text()).items():
        (folder / "etc" / file).write_text(text)
    own = [home / "user", *(home / "user" / name for name in ("config", "steps", "temporary"))]
    for made in (home / "run", *own):
        made.mkdir()
    (home / "user/daemon.json").write_text(json.dumps(daemon.settings("overlay2")))
    copy = shutil.copytree(ROOT, home / "user/book", symlinks=True, ignore=_LEFT_OUT)
    for part in (".venv", HOME.name, "_build"):
        (copy / part).mkdir()
    for made in (copy, *copy.rglob("*")):
        os.chown(made, _USER, _USER, follow_symlinks=False)
    _give(folder / "user", *own)


def _closed() -> str:
    """The folders that are closed to its user, each with the one in it that is needed, as words for the scripts."""
    return " ".join(f"{one.closed} {one.needed}" for one in way.ways([Path(sys.base_prefix).resolve(), ROOT]))


def _give(*folders: Path) -> None:
    for folder in folders:
        folder.chmod(0o700)
        os.chown(folder, _USER, _USER)


def _libraries() -> Sequence[Path]:
    return sorted(_HOME.glob("root/usr/lib/*-linux-gnu*"))
