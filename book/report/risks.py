"""What a project asks for that reaches beyond its own containers: it is not run before the reader has allowed it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..files.config import ServiceConfig
from ..places import PRIVATE_SOCKET
from .kinds import KINDS
from .project import Project

_CAPABILITIES = {"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_ADMIN", "DAC_READ_SEARCH", "BPF"}
_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock")
_RUN = Path("/var/run").resolve()
_USUAL_SOCKETS = (_RUN / "docker.sock", _RUN / "containerd/containerd.sock", _RUN / "podman/podman.sock", PRIVATE_SOCKET)


@dataclass(frozen=True)
class Risk:
    """One thing that a service asks for: its kind, what is written there, and where."""

    kind: str
    service: str
    what: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.service} asks for {self.what} ({KINDS[self.kind]})"


def risks(project: Project) -> tuple[Risk, ...]:
    """What the services that would run ask for, in the order of the file.

    Args:
        project: the project as it is in the folder in which it would be run.
    """
    return tuple(
        Risk(kind, service.name, what, *project.line("services", service.name, key))
        for service in project.services
        for kind, what, key in _of(service, project.folder)
    )


def _of(service: ServiceConfig, folder: Path) -> Iterator[tuple[str, str, str]]:
    raw = service.raw  # most of what follows is read nowhere else
    if raw.get("privileged"):
        yield "privileged", "privileged: true", "privileged"
    for key in ("post_start", "pre_stop"):
        if any(hook.get("privileged") for hook in raw.get(key) or ()):
            yield "privileged", "a privileged hook", key
    build = raw.get("build") or {}
    if build.get("privileged") or build.get("entitlements"):
        yield "privileged", "a privileged build", "build"
    if provider := (raw.get("provider") or {}).get("type"):
        yield "provider", f"the program {provider}", "provider"
    for key in ("network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup"):
        if (shared := str(raw.get(key) or "")) == "host":
            yield "host", f"{key}: host", key
        elif shared.startswith("container:"):
            yield "outside", f"{key}: {shared}", key
    for name in raw.get("volumes_from") or ():
        if name.startswith("container:"):
            yield "outside", f"the volumes of {name}", "volumes_from"
    if raw.get("use_api_socket"):
        yield "socket", "use_api_socket: true", "use_api_socket"
    if build.get("network") == "host":
        yield "host", "a build on the network of this machine", "build"
    for name in raw.get("cap_add") or ():
        if name.upper().removeprefix("CAP_") in _CAPABILITIES:
            yield "capabilities", f"cap_add: {name}", "cap_add"
    for option in raw.get("security_opt") or ():
        if option.replace("=", ":").endswith((":unconfined", ":disable")):
            yield "capabilities", f"security_opt: {option}", "security_opt"
    for device in raw.get("devices") or ():
        yield "devices", f"the device {device.get('source', device) if isinstance(device, Mapping) else device}", "devices"
    for allowed in raw.get("device_cgroup_rules") or ():
        yield "devices", f"the devices {allowed}", "device_cgroup_rules"
    reserved = ((raw.get("deploy") or {}).get("resources") or {}).get("reservations") or {}
    if raw.get("gpus") or reserved.get("devices"):
        yield "devices", "a graphics card, or the like", "gpus" if raw.get("gpus") else "deploy"
    yield from _mounts(service, folder)


def _mounts(service: ServiceConfig, folder: Path) -> Iterator[tuple[str, str, str]]:
    for mount in service.mounts:
        if not mount.is_bind:
            continue
        real = Path(mount.source).resolve()  # the engine follows a link, too
        if mount.source.endswith(_SOCKETS) or real.name.endswith(_SOCKETS):
            yield "socket", f"the socket {mount.source}", "volumes"
            continue
        if any(socket.is_relative_to(real) for socket in _USUAL_SOCKETS):  # a socket can be used even if it is mounted read-only
            yield "socket", f"the folder {mount.source}, which contains the engine's socket", "volumes"
        if not real.is_relative_to(folder.resolve()) and not mount.read_only:
            yield "outside", f"the folder {_shown(mount.source, folder)}", "volumes"


def _shown(source: str, folder: Path) -> str:
    """A path as a reader knows it: the place of the copy, which lies as deep as the project, says nothing to them."""
    near = Path(os.path.commonpath([source, folder])) not in (Path(folder.anchor), Path(tempfile.gettempdir()).resolve())
    return Path(os.path.relpath(source, folder)).as_posix() if near else source
