"""The iptables rules of a killed engine, on a machine that has iptables."""

import os
import shutil
import subprocess

import pytest

from book.offline import owner, remains

pytestmark = pytest.mark.alone  # it looks at the rules of the whole machine


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("iptables"), reason="only root can create rules, and only with iptables")
def test_rules_of_its_networks_are_removed_and_no_others(tmp_path, monkeypatch):
    """A rule for a bridge that no longer exists drops what the next engine sends to the same address."""
    gone, other = "br-b00c7e57b00c", "br-00000000beef"
    for module in (owner, remains):  # each has its own name for it: with one left out, this would end the engine in use
        monkeypatch.setattr(module, "RUN", tmp_path / "run")
    monkeypatch.setattr(remains, "PRIVATE_SOCKET", tmp_path / "run/docker.sock")
    monkeypatch.setattr(remains, "BRIDGE", "book-test0")  # the rules of another engine that runs during the test stay
    process = subprocess.Popen(["true"])
    process.wait()
    rules = {name: ["PREROUTING", "-d", "192.0.2.77/32", "!", "-i", name, "-j", "DROP"] for name in (gone, other)}
    subprocess.run(["ip", "link", "add", other, "type", "bridge"], check=True)
    for rule in rules.values():
        subprocess.run(["iptables", "-t", "raw", "-A", *rule], check=True)
    try:
        remains.remove_remains(owner.Owner(str(tmp_path / "home"), process.pid, "1", True))
        there = {
            name: subprocess.run(["iptables", "-t", "raw", "-C", *rule], capture_output=True).returncode == 0
            for name, rule in rules.items()
        }
        assert there == {gone: False, other: True}
    finally:
        for rule in rules.values():
            subprocess.run(["iptables", "-t", "raw", "-D", *rule], capture_output=True)
        subprocess.run(["ip", "link", "delete", other], check=True)
