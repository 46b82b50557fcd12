"""Which source file a report edits to see what a build does again."""

import pytest

from book.report.images import _source


@pytest.mark.parametrize("link", ["app.py", "app"])
def test_what_a_link_leads_out_to_is_not_edited(tmp_path, link):
    context, elsewhere = tmp_path / "context", tmp_path / "elsewhere"
    (context / "own/deeper").mkdir(parents=True)
    (elsewhere / "app").mkdir(parents=True)
    (context / "own/deeper/own.py").touch()
    (elsewhere / "app.py").touch()
    (elsewhere / "app/theirs.py").touch()
    (context / link).symlink_to(elsewhere / link)
    assert _source(context, "") == context / "own/deeper/own.py"
