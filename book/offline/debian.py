"""Debian packages, downloaded with a check of their signatures and unpacked into a folder of the book."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..trouble import Trouble

Bar = Callable[[float, float, str], None]

_RELEASE = Path("/etc/os-release")


class NoPackages(Trouble):
    """Debian's packages are not available here; the message says why."""


def distribution() -> str:
    """The `ID` of this system from os-release (`debian`, `ubuntu`, …), or "" if there is none.

    Source: os-release(5).
    """
    if not _RELEASE.exists():
        return ""
    pairs = (line.partition("=") for line in _RELEASE.read_text().splitlines())
    return next((value.strip('"') for key, _, value in pairs if key == "ID"), "")


def fetch(packages: Sequence[str], into: Path, suite: str | None = None, bar: Bar | None = None) -> dict[str, str]:
    """Download packages with a private apt configuration and unpack them below `into`/root.

    The system's package lists, cache and status do not change; signatures are checked against
    the keys that the system trusts.

    Args:
        packages: names of binary packages.
        into: the folder; created if it does not exist.
        suite: a Debian suite to take them from; None uses the system's own sources.
        bar: called during the download with the bytes so far, the bytes in total and a text.

    Returns:
        The version of each package that was unpacked.

    Raises:
        NoPackages: if there is no apt, the index cannot be read, or a package is missing.
    """
    if not shutil.which("apt-get"):
        raise NoPackages("apt-get is not on this system, so Debian's packages cannot be downloaded")
    environment = _private_apt(into, suite)
    _update(environment)
    downloads = into / "packages"
    downloads.mkdir(exist_ok=True)
    _download(packages, environment, downloads, bar)
    versions = {}
    for deb in sorted(downloads.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(deb), str(into / "root")], check=True)
        name, version, _ = deb.name.split("_")
        versions[name] = version.replace("%3a", ":")
        deb.unlink()
    return versions


def install(packages: Sequence[str], say: Callable[[str], None] = lambda text: None) -> None:
    """Install packages into the system with its own apt; does nothing if all are installed.

    Args:
        packages: names of binary packages.
        say: called once with a text, before the system changes.

    Raises:
        NoPackages: if this process is not root, or apt fails.
    """
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise NoPackages(f"{', '.join(missing)} can only be installed by root: apt-get install {' '.join(missing)}")
    say(f"installing from Debian: {', '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _apt(["update", "-qq"], environment)
    _apt(["install", "-y", "-qq", "--no-install-recommends", *missing], environment)


def _installed(package: str) -> bool:
    shown = subprocess.run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], capture_output=True, text=True)
    return shown.stdout == "installed"


def _private_apt(into: Path, suite: str | None) -> dict[str, str]:
    apt = into / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    lines = [f'Dir::State "{apt}/state";', f'Dir::Cache "{apt}/cache";', 'APT::Sandbox::User "root";']
    lines += ['Acquire::Languages "none";', 'Dir::State::status "/dev/null";']
    if suite:
        (apt / "sources.list").write_text(f"deb [signed-by={keyring()}] {mirror()} {suite} main\n")
        lines += [f'Dir::Etc::sourcelist "{apt}/sources.list";', 'Dir::Etc::sourceparts "-";']
    (apt / "apt.conf").write_text("\n".join(lines) + "\n")
    return {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}


def _update(environment: dict[str, str]) -> None:
    try:
        _apt(["update", "-qq"], environment)
    except NoPackages as problem:
        if "expired" not in str(problem):
            raise
        # A mirror that is behind serves an index past its date. The signature is still checked, the date is not.
        _apt(["-o", "Acquire::Check-Valid-Until=false", "update", "-qq"], environment)


def _download(packages: Sequence[str], environment: dict[str, str], into: Path, bar: Bar | None) -> None:
    listed = subprocess.run(["apt-get", "download", "--print-uris", *packages], env=environment, cwd=into, capture_output=True, text=True)
    sizes = [int(line.split()[2]) for line in listed.stdout.splitlines() if line.startswith("'")]
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(_apt, ["download", *packages], environment, into)
        while bar and not job.done():
            have = sum(file.stat().st_size for file in into.glob("*.deb"))
            bar(have, sum(sizes), f"{have / 1e6:.0f} of {sum(sizes) / 1e6:.0f} MB")
            time.sleep(0.2)
        job.result()


def mirror() -> str:
    """The Debian mirror that the system itself uses.

    Raises:
        NoPackages: if it uses none.
    """
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    words = " ".join(file.read_text() for file in files if file.is_file() and file.suffix in (".list", ".sources")).split()
    for word in words:
        if word.startswith(("http://", "https://")) and word.rstrip("/").endswith("/debian"):
            return word
    raise NoPackages("no Debian mirror is named in /etc/apt/sources.list or sources.list.d")


def keyring() -> Path:
    """The file with the keys of Debian's archive.

    Raises:
        NoPackages: if it is not on this system.
    """
    keys = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    if not keys.exists():
        raise NoPackages("the keys of Debian's archive are missing: apt-get install debian-archive-keyring")
    return keys


def _apt(arguments: Sequence[str], environment: dict[str, str], cwd: Path | None = None) -> None:
    done = subprocess.run(["apt-get", *arguments], env=environment, cwd=cwd, capture_output=True, text=True, timeout=600)
    trouble = [line for line in done.stderr.splitlines() if line.startswith("E:")]
    if done.returncode or trouble:
        raise NoPackages(f"apt-get {arguments[0]} failed: {' '.join(trouble)[:300] or done.stderr[-300:]}")
