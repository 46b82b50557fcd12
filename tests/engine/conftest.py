import pytest

from book import engine, run


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Whatever a test makes is gone afterwards; what others make on the same engine at the same time is not looked at."""
    yield
    client, ours = engine.connect(), {"label": f"{run.LABEL}={run.RUN}"}
    run.reap(client, only=run.RUN)
    left = [*client.containers.list(all=True, filters=ours), *client.images.list(all=True, filters=ours)]
    left += [*client.networks.list(filters=ours), *client.volumes.list(filters=ours)]
    assert left == []
