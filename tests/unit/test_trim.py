"""The stylesheet and the archives that the site is given."""

import zipfile

from book.recipe import Recipe
from book.show import style
from book.site import archives, trim


def test_a_rule_that_matches_nothing_is_left_out():
    css = ".used,.unused{color:red}.unused p{color:blue}@media print{.unused{a:b}}@font-face{font-family:x}#here>p{margin:0}"
    kept = trim.used_only(css, {"used", "here"})
    assert kept.replace(" ", "") == ".used{color:red}\n#here>p{margin:0}"


def test_a_licence_stays_and_the_icon_font_is_removed():
    kept = trim.used_only("/*! MIT */.fa-list:before{content:'x'}/* no */p{a:b}", {"fa-list"})
    assert kept == "/*! MIT */\np{a:b}"


def test_what_is_in_brackets_removes_no_rule():
    assert trim.used_only("p:not(.gone){a:b}", set()) == "p:not(.gone){a:b}"


def test_dark_works_without_a_script():
    css = 'html[data-theme="dark"] p{a:b}html[data-theme=light] p{a:c}'
    assert style.without_script(css) == "@media (prefers-color-scheme: dark) {\nhtml[data-theme] p{a:b}\n}"


def test_an_archive_is_the_same_each_time_and_stores_what_can_be_run(tmp_path):
    folder = tmp_path / "05-x"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "wait.sh").write_text("#!/bin/sh\n")
    (folder / "wait.sh").chmod(0o755)
    archives.write(tmp_path / "one", [Recipe(folder)])
    (folder / "Dockerfile").touch()
    archives.write(tmp_path / "two", [Recipe(folder)])
    assert (tmp_path / "one/05-x.zip").read_bytes() == (tmp_path / "two/05-x.zip").read_bytes()
    modes = {info.filename: info.external_attr >> 16 for info in zipfile.ZipFile(tmp_path / "one/05-x.zip").infolist()}
    assert modes == {"05-x/Dockerfile": 0o644, "05-x/wait.sh": 0o755}
