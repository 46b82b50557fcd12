"""Which ports the report tries to connect to: no engine needed."""

from types import SimpleNamespace

from book.files.config import Configuration
from book.report import running
from book.report.project import Project
from book.report.running import Runner


def test_a_udp_port_is_never_one_that_a_connection_can_be_made_to(tmp_path, monkeypatch):
    config = Configuration.read(
        {"services": {"dns": {"image": "dns:1", "ports": [{"target": 53, "protocol": "udp"}], "expose": ["54/udp"]}}}
    )
    runner = Runner(Project(tmp_path, ("compose.yaml",), (), config=config), (), tmp_path, 1.0, 1.0)
    attributes = {"Config": {"ExposedPorts": {"53/udp": {}, "853/tcp": {}, "5000/sctp": {}}}}
    engine = SimpleNamespace(api=SimpleNamespace(inspect_container=lambda _: attributes))
    monkeypatch.setattr(running, "connect", lambda: engine)
    service = SimpleNamespace(name="dns", container="dns-1")
    stack = SimpleNamespace(services=lambda: (service,), service=lambda _: service)
    assert runner._all("dns", stack) == {853}
