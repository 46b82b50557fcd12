"""A private Docker engine, for a Debian or Ubuntu machine that has none.

One per machine, whichever clone started it: two engines would fight over the same iptables chains. Its socket,
pid file and state are in `RUN`; its programs, images and log are in the `.engine` folder of the clone that owns it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import docker

from ..engine import HOME, PRIVATE_SOCKET, address, forget_tools
from ..progress import Step
from . import debian

RUN = PRIVATE_SOCKET.parent
BRIDGE = "book0"
_BRIDGE_ADDRESS = "172.27.255.1/24"
# Room for thousands of networks; the default pool ends at about 28. In the file, not on the command line: an engine that
# reloads its settings forgets a pool that was given there.
SETTINGS = {
    "default-address-pools": [{"base": "172.28.0.0/14", "size": 26}],
    "builder": {"gc": {"enabled": True, "defaultKeepStorage": "10GB"}},  # what Compose's builds keep; by default a share of the disk
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "2"},  # of each container: one that prints without end fills no disk
}
_SUITE = "forky"  # the first Debian suite with Engine 28 and a buildx new enough for Compose 5
_ENGINE_PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini-static")
_TOOL_PACKAGES = ("docker-cli", "docker-buildx")  # of these, what a clone needs that did not start the engine
_SYSTEM_PACKAGES = ("runc", "iptables", "iproute2")  # the system's own: newer ones want a newer C library
_LOOPBACK_GUARD = "-A PREROUTING -d 127.0.0.1/32 ! -i lo "  # what Docker adds for each port published on 127.0.0.1
_START_SECONDS = 60
_STOP_SECONDS = 30


class NoEngine(Exception):
    """No private engine can be had here; the message says why."""


@dataclass(frozen=True)
class _Owner:
    """Who started the engine, and what the machine was like before."""

    home: str
    pid: int
    ip_forward: str
    had_chains: bool


def possible() -> str | None:
    """None where a private engine can be started here, else the reason why not."""
    if os.environ.get("BOOK_ENGINE") == "off":
        return "BOOK_ENGINE=off forbids a private engine"
    if debian.distribution() not in ("debian", "ubuntu"):
        return "a private engine is only started on Debian or Ubuntu"
    if os.geteuid() != 0:
        return "a private engine can only be started by root"
    return None


def start(step: Step) -> str:
    """Start the private engine, or find it running, and return its address.

    Raises:
        NoEngine: where it cannot be had; the message carries the end of the engine's own log.
    """
    reason = possible()
    if reason:
        raise NoEngine(reason)
    with _lock():
        if not answers():
            _fetch(step)
            killed = _owner()
            _bury(killed)  # only now: iptables may have come with what was fetched
            _launch(step, killed)
    return f"unix://{PRIVATE_SOCKET}"


def answers() -> bool:
    """Whether the private engine answers on its socket now."""
    if not PRIVATE_SOCKET.exists():
        return False
    try:
        client = docker.DockerClient(base_url=f"unix://{PRIVATE_SOCKET}", timeout=5)
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False


def in_use() -> bool:
    """Whether the engine in use is the private one, whichever clone started it."""
    return address() == f"unix://{PRIVATE_SOCKET}"


def fetch_tools(step: Step) -> None:
    """Fetch the tools beside the private engine into this clone, which found it running and has none of its programs.

    Raises:
        NoEngine: where they cannot be had.
    """
    _fetch_packages(_TOOL_PACKAGES, step)
    forget_tools()


def is_ours() -> bool:
    """Whether the private engine belongs to this clone, or to one whose folder is gone."""
    owner = _owner()
    return owner is not None and (owner.home == str(HOME) or not Path(owner.home).exists())


def stop() -> None:
    """End the engine of this clone by its pid, and take away all that it put on the machine."""
    owner = _owner()
    if owner is None or not is_ours():
        return
    with _lock():
        _end(owner)
        _bury(owner)
        _restore_network(owner)
        shutil.rmtree(RUN, ignore_errors=True)


def _fetch(step: Step) -> None:
    try:
        debian.install(_SYSTEM_PACKAGES, say=step.note)
    except debian.NoPackages as problem:
        raise NoEngine(str(problem)) from problem
    if not _program("dockerd").exists():
        _fetch_packages(_ENGINE_PACKAGES, step)


def _fetch_packages(names: Sequence[str], step: Step) -> None:
    try:
        debian.fetch(names, HOME, _SUITE if debian.distribution() == "debian" else None, bar=step)
    except debian.NoPackages as problem:
        raise NoEngine(str(problem)) from problem


def _program(name: str) -> Path:
    usr = HOME / "root/usr"
    return next((p for p in (usr / "sbin" / name, usr / "bin" / name) if p.exists()), usr / "bin" / name)


def _launch(step: Step, killed: _Owner | None) -> None:
    RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
    ip_forward, had_chains = _as_it_was(killed)
    _make_bridge()
    (HOME / "daemon.json").write_text(json.dumps(SETTINGS))  # and the machine's own /etc/docker/daemon.json stays out of it
    command = [
        str(_program("dockerd")),
        f"--host=unix://{PRIVATE_SOCKET}",
        f"--config-file={HOME / 'daemon.json'}",
        f"--data-root={HOME / 'data'}",
        f"--exec-root={RUN / 'exec'}",
        f"--pidfile={RUN / 'dockerd.pid'}",
        f"--bridge={BRIDGE}",
        "--ip-forward-no-drop",
        f"--userland-proxy-path={_program('docker-proxy')}",
        f"--init-path={_program('tini-static')}",
    ]
    path = f"{HOME / 'root/usr/sbin'}:{HOME / 'root/usr/bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
    with open(HOME / "dockerd.log", "ab") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in our terminal is not meant for the engine
        )
    owner = _Owner(str(HOME), process.pid, ip_forward, had_chains)
    (RUN / "owner.json").write_text(json.dumps(asdict(owner)))
    deadline = time.monotonic() + _START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            _end(owner)
            raise NoEngine(f"the private engine did not start; its log ends with:\n{_log_tail()}")
        step(min(step.seconds, 9), 10, "starting the engine")
        time.sleep(0.1)
    PRIVATE_SOCKET.chmod(0o600)


def _as_it_was(killed: _Owner | None) -> tuple[str, bool]:
    """What `stop` gives back: `ip_forward`, and whether there were chains of Docker, before the engine that was killed, too."""
    if killed:
        return killed.ip_forward, killed.had_chains
    return _ip_forward().read_text().strip(), "-N DOCKER\n" in _iptables("-S")


def _bury(owner: _Owner | None) -> None:
    """Clear what a killed engine left: its pid file, shims, mounts and bridges. Nothing of another process is touched."""
    if owner is None:
        return
    _end(owner)
    (RUN / "dockerd.pid").unlink(missing_ok=True)
    for pid in _running_below(str(RUN / "exec")):
        os.kill(pid, signal.SIGKILL)
    # Deepest first; a mount can only go once those below it are gone.
    for mount in sorted(_mounts_below(owner.home, str(RUN)), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", mount], capture_output=True)
    for bridge in _bridges(owner):
        subprocess.run(["ip", "link", "delete", bridge], capture_output=True)
    _forget_rules(owner)
    shutil.rmtree(RUN / "exec", ignore_errors=True)
    PRIVATE_SOCKET.unlink(missing_ok=True)


def _running_below(folder: str) -> list[int]:
    """Processes (containerd and its shims) that were started with a path below `folder` on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(argument.startswith(folder + "/") for argument in arguments):
            found.append(int(entry.name))
    return found


def _mounts_below(*folders: str) -> list[str]:
    mounts = (line.split()[1].replace("\\040", " ") for line in Path("/proc/mounts").read_text().splitlines())
    return [mount for mount in mounts if mount.startswith(tuple(f"{folder}/" for folder in folders))]


def _bridges(owner: _Owner) -> list[str]:
    """Bridges of that engine's networks: Docker names them after the network's id, and its database holds the ids."""
    database = Path(owner.home, "data/network/files/local-kv.db")
    ids = database.read_bytes() if database.exists() else b""
    return [entry.name for entry in Path("/sys/class/net").glob("br-*") if entry.name.removeprefix("br-").encode() in ids]


def _forget_rules(owner: _Owner) -> None:
    """Remove the iptables rules of that engine.

    Docker drops, in the table `raw`, what reaches a container's address by another bridge than its own. The rules of a killed
    engine stay, and its successor gives the same addresses to new containers: they would be deaf.
    """

    def ours(rule: str) -> bool:
        bridges = re.findall(r"\bbr-[0-9a-f]{12}\b", rule)
        gone = any(not Path("/sys/class/net", bridge).exists() for bridge in bridges)  # no living network needs such a rule
        return gone or BRIDGE in rule or (not owner.had_chains and ("DOCKER" in rule or _LOOPBACK_GUARD in rule))

    for tables in filter(shutil.which, ("iptables", "ip6tables")):
        saved = subprocess.run([f"{tables}-save"], capture_output=True, text=True).stdout.splitlines()
        kept = [rule for rule in saved if not ours(rule)]
        if kept != saved:
            subprocess.run([f"{tables}-restore"], input="\n".join(kept) + "\n", text=True, capture_output=True)


def _make_bridge() -> None:
    if not Path("/sys/class/net", BRIDGE).exists():
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
        subprocess.run(["ip", "address", "add", _BRIDGE_ADDRESS, "dev", BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)


def _restore_network(owner: _Owner) -> None:
    subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True)
    if owner.ip_forward == "0":
        _ip_forward().write_text("0\n")


def _ip_forward() -> Path:
    return Path("/proc/sys/net/ipv4/ip_forward")


def _iptables(*arguments: str) -> str:
    return subprocess.run(["iptables", *arguments], capture_output=True, text=True).stdout


def _owner() -> _Owner | None:
    try:
        return _Owner(**json.loads((RUN / "owner.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _lives(owner: _Owner) -> bool:
    """Whether its pid still is that dockerd: after a crash the number may be a zombie's, or another program's."""
    try:
        return os.readlink(f"/proc/{owner.pid}/exe").startswith(owner.home + "/")
    except OSError:
        return False


def _end(owner: _Owner) -> None:
    if not _lives(owner):
        return
    os.kill(owner.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _lives(owner) and time.monotonic() < deadline:
        time.sleep(0.1)
    if _lives(owner):
        os.kill(owner.pid, signal.SIGKILL)


def _log_tail() -> str:
    return "\n".join((HOME / "dockerd.log").read_text(errors="replace").splitlines()[-8:])


@contextmanager
def _lock() -> Iterator[None]:
    """One command at a time starts or ends the engine."""
    with open(f"{RUN}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
