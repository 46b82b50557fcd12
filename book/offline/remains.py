"""What a private engine leaves on a machine, and its removal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from ..places import PRIVATE_SOCKET
from .owner import RUN, Owner, end

BRIDGE = "book0"
_BRIDGE_ADDRESS = "172.27.255.1/24"
_LOOPBACK_GUARD = "-A PREROUTING -d 127.0.0.1/32 ! -i lo "  # what Docker adds for each port published on 127.0.0.1


def as_it_was(killed: Owner | None) -> tuple[str, bool]:
    """What `stop` gives back: `ip_forward`, and whether there were chains of Docker, before the engine that was killed, too."""
    if killed:
        return killed.ip_forward, killed.had_chains
    return _ip_forward().read_text().strip(), "-N DOCKER\n" in _iptables("-S")


def remove_remains(owner: Owner | None) -> None:
    """Clear what a killed engine left: its pid file, shims, mounts and bridges. Nothing of another process is touched."""
    if owner is None:
        return
    end(owner)
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


def _bridges(owner: Owner) -> list[str]:
    """Bridges of that engine's networks: Docker names them after the network's id, and its database holds the ids."""
    database = Path(owner.home, "data/network/files/local-kv.db")
    ids = database.read_bytes() if database.exists() else b""
    return [entry.name for entry in Path("/sys/class/net").glob("br-*") if entry.name.removeprefix("br-").encode() in ids]


def _forget_rules(owner: Owner) -> None:
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


def make_bridge() -> None:
    """Create the bridge of the private engine, if it does not exist."""
    if not Path("/sys/class/net", BRIDGE).exists():
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
        subprocess.run(["ip", "address", "add", _BRIDGE_ADDRESS, "dev", BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)


def restore_network(owner: Owner) -> None:
    """Remove the bridge, and set IP forwarding as it was."""
    subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True)
    if owner.ip_forward == "0":
        _ip_forward().write_text("0\n")


def _ip_forward() -> Path:
    return Path("/proc/sys/net/ipv4/ip_forward")


def _iptables(*arguments: str) -> str:
    return subprocess.run(["iptables", *arguments], capture_output=True, text=True).stdout
