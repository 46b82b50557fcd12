"""What a build sends to the builder, and which source file a report edits to see what a build does again."""

from pathlib import Path

import pytest

from book.report.images import _sent, _source
from book.report.project import Build


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


@pytest.mark.parametrize("context", ["https://github.com/them/shop.git#main:app", "git@github.com:them/shop.git"])
def test_of_a_context_that_the_builder_fetches_itself_nothing_is_sent_or_edited(context):
    build = Build("web", "Dockerfile", context, {"context": context}, ("web",))
    assert _sent(build) == (0, 0, "", ())
    assert _source(Path(context), "") is None
