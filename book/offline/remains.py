"""What a private engine leaves on a machine, and its removal. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..places import PRIVATE_SOCKET
from .owner import RUN, Owner, end, is_ours, lives, owner_of_engine

BRIDGE = "book0"
_BRIDGE_ADDRESS = "172.27.255.1/24"
_LOOPBACK_GUARD = "-A PREROUTING -d 127.0.0.1/32 ! -i lo "  # what Docker adds for each port published on 127.0.0.1


def stop() -> None:
    """End the private engine if it belongs to this clone, and remove everything that it put on the machine."""
    owner = owner_of_engine()
    if owner and is_ours(owner):
        end_and_remove(owner)


def end_and_remove(owner: Owner) -> None:
    """End the private engine of this owner, and remove everything that it put on the machine."""
    remove_remains(owner)
    restore_network(owner)
    shutil.rmtree(RUN, ignore_errors=True)


def as_it_was(killed: Owner | None) -> tuple[str, bool]:
    """What `stop` restores: `ip_forward`, and whether Docker had chains, both from before an engine that was killed."""
    if killed:
        return killed.ip_forward, killed.had_chains
    return _ip_forward().read_text().strip(), "-N DOCKER\n" in _iptables("-S")


def remove_remains(owner: Owner | None) -> None:
    """End the engine, and remove its pid file, shims, mounts and bridges. Other processes stay as they are."""
    if owner is None:
        return
    networks = _networks(owner)  # first: if its folder was removed, only the running engine still has them
    end(owner)
    (RUN / "dockerd.pid").unlink(missing_ok=True)
    end_shims(RUN / "exec")
    unmount_below(Path(owner.home), RUN)
    for bridge in _bridges(networks):
        subprocess.run(["ip", "link", "delete", bridge], capture_output=True)
    _forget_rules(owner)
    shutil.rmtree(RUN / "exec", ignore_errors=True)
    PRIVATE_SOCKET.unlink(missing_ok=True)


def end_shims(folder: Path) -> None:
    """Kill an engine's containerd and its shims, which outlive a killed engine.

    Args:
        folder: the engine's `--exec-root`.
    """
    for pid in _running_below(str(folder)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def unmount_below(*folders: Path) -> None:
    """Remove every mount below these folders."""
    # Deepest first: a mount can only be removed after those below it.
    for mount in sorted(_mounts_below(*map(str, folders)), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", mount], capture_output=True)


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


def _networks(owner: Owner) -> bytes:
    """The engine's database of networks, which contains their ids; empty if it no longer exists."""
    database = Path(owner.home, "data/network/files/local-kv.db")
    try:
        if database.exists() or not lives(owner):
            return database.read_bytes()
        opened = Path(f"/proc/{owner.pid}/fd").iterdir()
        return next((file.read_bytes() for file in opened if os.readlink(file) == f"{database} (deleted)"), b"")
    except OSError:
        return b""


def _bridges(networks: bytes) -> list[str]:
    """Bridges of that engine's networks: Docker names a bridge after the id of its network."""
    return [entry.name for entry in Path("/sys/class/net").glob("br-*") if entry.name.removeprefix("br-").encode() in networks]


def _forget_rules(owner: Owner) -> None:
    """Remove the iptables rules of that engine.

    Docker drops, in the table `raw`, what reaches a container's address through another bridge. The rules of a killed engine
    stay, and the next engine gives the same addresses to new containers: they would receive nothing.
    """

    def ours(rule: str) -> bool:
        bridges = re.findall(r"\bbr-[0-9a-f]{12}\b", rule)
        gone = any(not Path("/sys/class/net", bridge).exists() for bridge in bridges)  # no network that exists needs such a rule
        return gone or BRIDGE in rule or (not owner.had_chains and ("DOCKER" in rule or _LOOPBACK_GUARD in rule))

    for tables in filter(shutil.which, ("iptables", "ip6tables")):
        saved = subprocess.run([f"{tables}-save"], capture_output=True, text=True).stdout.splitlines()
        kept = [rule for rule in saved if not ours(rule)]
        if kept != saved:
            subprocess.run([f"{tables}-restore"], input="\n".join(kept) + "\n", text=True, capture_output=True)


def make_bridge() -> None:
    """Create the bridge of the private engine, if it does not exist."""
    *added, up = creation_of_bridge()
    exists = Path("/sys/class/net", BRIDGE).exists()
    for command in [up] if exists else [*added, up]:
        subprocess.run(command, check=True)


def creation_of_bridge(inside: Sequence[str] = ()) -> list[list[str]]:
    """The commands that create the bridge of an engine.

    Args:
        inside: the start of a command that runs in a network namespace; empty for this machine's own network.
    """
    return [
        [*inside, "ip", "link", "add", BRIDGE, "type", "bridge"],
        [*inside, "ip", "address", "add", _BRIDGE_ADDRESS, "dev", BRIDGE],
        [*inside, "ip", "link", "set", BRIDGE, "up"],
    ]


def restore_network(owner: Owner) -> None:
    """Remove the bridge, and set IP forwarding as it was."""
    subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True)
    if owner.ip_forward == "0":
        _ip_forward().write_text("0\n")


def _ip_forward() -> Path:
    return Path("/proc/sys/net/ipv4/ip_forward")


def _iptables(*arguments: str) -> str:
    return subprocess.run(["iptables", *arguments], capture_output=True, text=True).stdout
