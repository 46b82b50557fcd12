"""The report knows a reloader when it sees one."""

import pytest
import yaml

from book.places import ROOT
from book.report import reload

SERVICES = yaml.safe_load((ROOT / "recipes/07-reload-any-code/methods.compose.yaml").read_text())["services"]


@pytest.mark.parametrize("command", [service["command"] for service in SERVICES.values() if "command" in service])
def test_each_reloader_of_chapter_7_is_known(command):
    assert reload._RELOADS.search(command)


@pytest.mark.parametrize(
    "command", ["python echo.py", "flask --app echo run", "nodemon app.js", "/sbin/docker-init -- gunicorn reloaded:app"]
)
def test_what_does_not_reload_is_none(command):
    assert not reload._RELOADS.search(command)
