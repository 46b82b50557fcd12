"""Podman's Docker API: an engine of another make, without BuildKit."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..places import HOME
from ..progress import Step
from . import daemon, debian, second
from .namespace import Namespace
from .second import Launch

_SUITE = "sid"  # Podman 5.8
_PACKAGES = ("podman", "runc", "netavark", "aardvark-dns", "nftables", "iptables", "iproute2", "procps", "catatonit", "ca-certificates")
_SYSTEM = HOME / "podman/root"  # a whole system: its programs need a newer C library than this machine has
_FETCH_SECONDS = 1200
_SUBNETS = [{"base": "172.28.0.0/14", "size": 24}]
_NAMESPACES = ("unshare", "--cgroup", "--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child")

# Into control groups of its own, as what it makes is below them: they become the root of its control group namespace.
_GROUPED = """
for kind in /sys/fs/cgroup/*/; do
  if [ -e "$kind/cgroup.clone_children" ]; then
    mkdir "$kind/$0"
    if [ -e "$kind/cpuset.cpus" ]; then
      cat "$kind/cpuset.cpus" > "$kind/$0/cpuset.cpus"
      cat "$kind/cpuset.mems" > "$kind/$0/cpuset.mems"
    fi
    echo $$ > "$kind/$0/cgroup.procs"
  fi
done
exec "$@"
"""

# The programs and settings of the other system, over this one's: the folders of recipes stay where they are. Control groups
# without the unified hierarchy that is beside the others: runc takes that for the only one. And health checks, each second and
# not at their own interval: Podman has systemd run them, and no systemd runs here. One that fails must not end the loop.
_IN_SYSTEM = """
mount --bind "$1" "$2/run"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir "$1"
mount --move "$2/run" "$1"
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
while IFS=: read -r number kind path; do
  if [ -n "$kind" ]; then
    options=$kind name=${kind#name=}
    if [ "$name" != "$kind" ]; then options=none,$kind; fi
    mkdir "/sys/fs/cgroup/$name"
    mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$name"
  fi
done < /proc/self/cgroup
mount -t overlay -o "lowerdir=/var,upperdir=$2/upper,workdir=$2/work" overlay /var
mount -t overlay -o "lowerdir=/etc:$3/etc" overlay /etc
mount --bind "$3/usr" /usr
while sleep 1; do
  if [ -S "$1/docker.sock" ]; then
    podman ps --quiet --filter health=starting --filter health=healthy --filter health=unhealthy |
      while read -r container; do podman healthcheck run "$container" < /dev/null || :; done || :
  fi
done > /dev/null 2>&1 &
shift 3
exec "$@"
"""


def possible() -> str | None:
    """None if Podman can be started here, else the reason why not."""
    if debian.distribution() != "debian":
        return f"the packages of Debian {_SUITE} are only used on Debian"
    if not _SYSTEM.exists() and not shutil.which("mmdebstrap"):
        return "mmdebstrap is missing, and Podman needs a newer system: apt-get install mmdebstrap"
    if not Path("/lib").is_symlink():
        return "the folders /lib and /usr/lib differ on this machine: apt-get install usrmerge"
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return "Podman is started only on a machine with control groups of version 1, and this one has version 2"
    return None


def fetch(step: Step) -> None:
    """Download a system with Podman into this clone, if it is not there.

    Raises:
        NoEngine: if it is not available.
    """
    if _SYSTEM.exists():
        return
    unfinished = _SYSTEM.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _SYSTEM.parent.mkdir(parents=True, exist_ok=True)
    step(0, 10, "downloading a system with Podman, which takes minutes")
    try:
        done = _install(unfinished)
        if "expired" in done.stderr or "not valid anymore" in done.stderr:
            # A mirror that is behind serves an index past its date. The signature is still checked, the date is not.
            shutil.rmtree(unfinished, ignore_errors=True)
            done = _install(unfinished, "--aptopt=Acquire::Check-Valid-Until false")
    except debian.NoPackages as problem:
        raise daemon.NoEngine(str(problem)) from problem
    if done.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise daemon.NoEngine(f"a system with Podman cannot be made here; mmdebstrap printed:\n{done.stderr[-600:]}")
    unfinished.rename(_SYSTEM)


def launch(own: Namespace, home: Path) -> Launch:
    """Start Podman's API in a network namespace, and do not wait for it."""
    for name in ("run", "upper", "work", "temporary", "networks"):
        (home / name).mkdir()
    (home / "containers.conf").write_text(settings(home, _limits()))
    (home / "storage.conf").write_text(storage(home))
    with open(second.log(home), "ab") as log:
        process = subprocess.Popen(
            command(own, home), env=environment(home), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    return Launch(process, own.folder / "docker.sock")


def command(own: Namespace, home: Path) -> list[str]:
    """The command that starts Podman's API.

    Args:
        own: the network namespace.
        home: the folder for its images and its settings.
    """
    grouped = ["sh", "-ec", _GROUPED, own.folder.name]
    system = ["sh", "-ec", _IN_SYSTEM, "sh", str(own.folder), str(home), str(_SYSTEM)]
    service = ["podman", "system", "service", "--time=0", f"unix://{own.folder / 'docker.sock'}"]
    return [*own.network, *grouped, *_NAMESPACES, *system, *service]


def environment(home: Path) -> dict[str, str]:
    """The variables of Podman: those of this process, and the places of its settings."""
    return {
        **os.environ,
        "CONTAINERS_CONF": str(home / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "TMPDIR": str(home / "temporary"),
    }


def settings(home: Path, limits: Mapping[str, int]) -> str:
    """The text of containers.conf.

    Args:
        home: the folder for its networks.
        limits: how many files and processes this process may have: Podman may be able to allow a container no more.
    """
    return f"""[containers]
default_ulimits = {json.dumps([f"{name}={most}:{most}" for name, most in limits.items()])}
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = {json.dumps(str(home / "networks"))}
firewall_driver = "iptables"
default_subnet_pools = [{", ".join(f'{{"base" = "{pool["base"]}", "size" = {pool["size"]}}}' for pool in _SUBNETS)}]
"""


def storage(home: Path) -> str:
    """The text of storage.conf.

    Args:
        home: the folder for its images.
    """
    return f"""[storage]
driver = "overlay"
graphroot = {json.dumps(str(home / "data"))}
runroot = "/run/containers/storage"
"""


def _limits() -> dict[str, int]:
    kinds = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
    return {name: resource.getrlimit(kind)[1] for name, kind in kinds.items()}


def _install(into: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", f"--keyring={debian.keyring()}", *options]
    return subprocess.run([*command, _SUITE, str(into), debian.mirror()], capture_output=True, text=True, timeout=_FETCH_SECONDS)
