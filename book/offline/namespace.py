"""A network namespace for a further engine: in the network of the first one, it would flush the first one's iptables chains."""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..engine import labels
from ..trouble import Trouble
from . import remains
from .owner import lives, owner_of_engine

_RUN = Path("/run")
_PREFIX = "docker-recipes-second-"
_RANGES = ("198.18.0.0/15", "10.213.0.0/16", "192.168.0.0/16")  # the first is for benchmarks (RFC 2544): it is rarely in use
_MTU = 1400  # room for the headers of a tunnel, if this machine's own way out is one
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")

# `ip netns exec` also shows the namespace's own /sys, but without cgroups, and no engine starts without them.
_OWN_SYS = 'mount --rbind /sys/fs/cgroup "$0"; mount -t sysfs sysfs /sys; mount --rbind "$0" /sys/fs/cgroup; umount --lazy "$0"; exec "$@"'


class NoNamespace(Trouble):
    """A network namespace cannot be made here; the message says why and what to do."""


@dataclass(frozen=True)
class Namespace:
    """A network namespace, with a way out through this machine.

    Attributes:
        process: the name of the process that made it, as `labels.process_name` gives it.
    """

    process: str

    @property
    def name(self) -> str:
        """Its name for `ip netns`, and the name of the link to it. Linux allows 15 characters for a link."""
        return f"book-{self.process.partition('-')[0]}"

    @property
    def folder(self) -> Path:
        """A folder for the sockets of what runs in it; removed with it. A short path: that of a socket may have 107 bytes."""
        return _RUN / f"{_PREFIX}{self.process}"

    @property
    def network(self) -> tuple[str, ...]:
        """The start of a command that is to run in the namespace, with the mounts of this machine."""
        return ("nsenter", f"--net=/run/netns/{self.name}")

    @property
    def inside(self) -> tuple[str, ...]:
        """The start of a command that is to run in the namespace, with a /sys that shows the links in it."""
        return (*self.network, "unshare", "--mount", "--propagation=slave", "sh", "-ec", _OWN_SYS, str(self.folder / "sys"))


@contextmanager
def made() -> Iterator[Namespace]:
    """Make a network namespace of this process, with a bridge for an engine; remove it at the end.

    Raises:
        NoNamespace: if it cannot be made.
    """
    namespace = Namespace(labels.PROCESS)
    if namespace.folder.exists():
        raise NoNamespace(f"This process has a namespace already, in {namespace.folder}: end that one first.")
    try:
        _make(namespace)
        yield namespace
    finally:
        remove(namespace)


def dead() -> list[Namespace]:
    """The namespaces that processes of this user left when they were killed."""
    folders = [folder for folder in _RUN.glob(f"{_PREFIX}*") if os.access(folder, os.W_OK)]
    found = [Namespace(folder.name.removeprefix(_PREFIX)) for folder in folders]
    return [one for one in found if not labels.lives(one.process)]


def remove(namespace: Namespace) -> None:
    """Remove a namespace and what was added to this machine for it; what runs in it must have ended."""
    for command in removal(namespace.name, _rules()):
        subprocess.run(command, capture_output=True)
    _restore_forwarding(namespace)
    shutil.rmtree(namespace.folder, ignore_errors=True)


def free_range(taken: Iterable[str], first: int) -> ipaddress.IPv4Network:
    """Choose four addresses that this machine does not use.

    Args:
        taken: networks that it uses, as `ip` writes them.
        first: where in a range to begin; two processes that choose at the same time must not begin at the same place.

    Raises:
        NoNamespace: if all ranges are in use.
    """
    used = [ipaddress.IPv4Network(network, strict=False) for network in taken]
    for whole in map(ipaddress.IPv4Network, _RANGES):
        near = [network for network in used if network.overlaps(whole)]
        parts = whole.num_addresses // 4
        for number in (0,) if any(whole.subnet_of(network) for network in near) else range(parts):
            part = ipaddress.IPv4Network((int(whole.network_address) + (first + number) % parts * 4, 30))
            if not any(part.overlaps(network) for network in near):
                return part
    raise NoNamespace(f"This machine uses all of {', '.join(_RANGES)}: remove a route that is not needed (`ip route`), and run this again.")


def creation(namespace: Namespace, network: ipaddress.IPv4Network) -> list[list[str]]:
    """The commands that make a namespace.

    Args:
        namespace: the namespace.
        network: its four addresses: the second is this machine's, the third the namespace's.
    """
    name, outside, inside = namespace.name, *map(str, network.hosts())
    within = ["ip", "-netns", name]
    return [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", name, "mtu", str(_MTU), "type", "veth", "peer", "name", "out", "mtu", str(_MTU), "netns", name],
        ["ip", "address", "add", f"{outside}/30", "dev", name],
        ["ip", "link", "set", name, "up"],
        [*within, "link", "set", "lo", "up"],
        [*within, "address", "add", f"{inside}/30", "dev", "out"],
        [*within, "link", "set", "out", "up"],
        [*within, "route", "add", "default", "via", outside],
        [*namespace.network, "sh", "-c", f"echo 1 > {_FORWARDING}"],
        *remains.creation_of_bridge(namespace.network),
        # First in the chain: on a machine with Docker, its policy is to drop. Each rule names the link, so that it is found again.
        ["iptables", "--wait", "-I", "FORWARD", "-i", name, "-j", "ACCEPT"],
        ["iptables", "--wait", "-I", "FORWARD", "-o", name, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"],
        ["iptables", "--wait", "-t", "nat", "-A", "POSTROUTING", "-s", str(network), "!", "-o", name, "-j", "MASQUERADE"],
    ]


def removal(name: str, rules: str) -> list[list[str]]:
    """The commands that remove a namespace.

    Args:
        name: of the namespace and its link.
        rules: what `iptables-save` prints; its rules for this link are removed, and no others.
    """
    commands: list[list[str]] = []
    table = ""
    for line in rules.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A ") and name in shlex.split(line):
            commands.append(["iptables", "--wait", "-t", table, "-D", *shlex.split(line)[1:]])
    return [*commands, ["ip", "link", "delete", name], ["ip", "netns", "delete", name]]


def _make(namespace: Namespace) -> None:
    try:
        namespace.folder.mkdir(mode=0o700)
        (namespace.folder / "sys").mkdir()
        (namespace.folder / "ip_forward").write_text(_FORWARDING.read_text())
        _FORWARDING.write_text("1\n")
        for command in creation(namespace, free_range(_taken(), int(namespace.name.partition("-")[2]))):
            subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as problem:
        raise NoNamespace(f"{problem.filename} is missing: install iproute2, iptables and util-linux, and run this again.") from None
    except OSError as problem:
        raise NoNamespace(f"A network namespace cannot be made here: {problem}. Run this as root.") from None
    except subprocess.CalledProcessError as problem:
        failed, reason = shlex.join(problem.cmd), problem.stderr.strip()
        raise NoNamespace(f"A network namespace cannot be made here: `{failed}` failed with: {reason}. Run this as root.") from None


def _taken() -> list[str]:
    """The IPv4 networks that this machine has an address in or a route to."""
    routes = json.loads(_output("ip", "-json", "-4", "route", "show", "table", "all") or "[]")
    links = json.loads(_output("ip", "-json", "-4", "address") or "[]")
    addresses = [f"{address['local']}/{address['prefixlen']}" for link in links for address in link.get("addr_info", ())]
    return [*addresses, *(route["dst"] for route in routes if route["dst"] != "default")]


def _rules() -> str:
    return _output("iptables-save") if shutil.which("iptables-save") else ""


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def _restore_forwarding(namespace: Namespace) -> None:
    """Set IP forwarding as it was before, unless something else of ours needs it now."""
    with suppress(OSError):
        owner = owner_of_engine()
        others = [folder for folder in _RUN.glob(f"{_PREFIX}*") if folder != namespace.folder]
        if (namespace.folder / "ip_forward").read_text().strip() == "0" and not others and not (owner and lives(owner)):
            _FORWARDING.write_text("0\n")
