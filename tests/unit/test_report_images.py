"""What a build sends to the builder, and which source file a report edits to see what a build does again."""

from pathlib import Path

import pytest

from book.files.config import BuildConfig, Configuration
from book.report.images import _sent, _source
from book.report.project import Build, Project


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
    build = Build("web", "Dockerfile", context, BuildConfig.read({"context": context}), ("web",))
    assert _sent(build) == (0, 0, "", ())
    assert _source(Path(context), "") is None


@pytest.mark.parametrize("context", ["https://example.invalid/shop.git#main", "git@example.invalid:shop.git"])
def test_a_build_from_an_address_is_called_as_it_is_written(tmp_path, context):
    (tmp_path / "shop").mkdir()
    config = {"services": {"web": {"build": {"context": context}}}}
    project = Project(tmp_path / "shop", ("compose.yaml",), (), config=Configuration.read(config))
    assert [(build.context, build.dockerfile) for build in project.builds] == [(context, f"{context}/Dockerfile")]
