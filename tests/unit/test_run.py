"""What the builder's log names, and whose it is."""

from types import SimpleNamespace

import pytest

from book.engine import leftovers


@pytest.mark.parametrize(
    ("tags", "digests", "gone"),
    [
        ([], [], True),
        ([], ["<none>@sha256:12"], True),
        (["python:3.13-slim"], [], False),
        ([], ["python@sha256:12"], False),
    ],
)
def test_a_step_goes_and_a_base_stays(tags, digests, gone):
    removed, images = leftovers.Removed(), []
    found = SimpleNamespace(tags=tags, attrs={"RepoDigests": digests})
    client = SimpleNamespace(images=SimpleNamespace(get=lambda image: found, remove=images.append))
    assert leftovers._remove_untagged(client, "sha256:12", removed)
    assert images == removed.images == (["sha256:12"] if gone else [])
