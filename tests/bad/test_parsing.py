"""The parts that parse, with any input: they end, raise nothing but what they say, and let no markup out."""

import re
import string

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from book import notebook
from book.advice import advice, away
from book.files import compose, merge
from book.files.config import Configuration
from book.measure import build_output, builder, commands, image, knock, tool, up
from book.recipe import Recipe
from book.show import listing
from book.trouble import Trouble

ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
PIECES = [
    "FROM",
    "from",
    " AS ",
    "--platform=x",
    "a:1",
    "${X}",
    "\\\n",
    "\n",
    " ",
    "\t",
    "image:",
    "  image: b:2",
    "'",
    '"',
    "#",
    "`",
    "```",
    "\r\n",
    "\ufeff",
]
DOCKERISH = st.one_of(TEXT, st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
WORDS = [
    "failed to solve",
    "ERROR:",
    "------\n",
    "#1 0.5 x",
    " > [2/3] RUN y:",
    "\x1b[31m",
    " ---> 0123456789ab",
    "Step 1/2 : RUN x",
    "\n",
    "%s",
    "{0}",
    "exited (1)",
]
SAID = st.one_of(TEXT, st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@ANY
@given(text=DOCKERISH)
def test_bases_are_names_of_images(folder, text):
    (folder / "Dockerfile").write_bytes(text.encode())
    (folder / "compose.yaml").write_bytes(text.encode())
    for base in Recipe(folder).bases():
        assert ":" in base
        assert not re.search(r"[\s$]", base)


@ANY
@given(data=st.binary(max_size=300))
def test_any_bytes_are_text_or_a_trouble(folder, data):
    (folder / "Dockerfile").write_bytes(data)
    try:
        told = Recipe(folder).read("Dockerfile")
    except Trouble as trouble:
        told = str(trouble).partition(" is not text")[0]
        assert re.fullmatch(r"Dockerfile, line \d+,", told)
    assert isinstance(told, str)


@ANY
@given(
    text=st.one_of(DOCKERISH, st.text("`~\n #<>[](){}:", max_size=80)), name=st.text("`ab <>_*", min_size=1, max_size=9).filter(str.strip)
)
def test_a_listing_is_one_block_and_holds_the_file_as_it_is(folder, text, name):
    (folder / f"{name}.txt").write_bytes(text.encode())
    recipe = Recipe(folder)
    tokens = MarkdownIt().parse(listing(recipe, f"{name}.txt").data)
    assert [token.type for token in tokens] == ["html_block", "fence"]
    assert re.fullmatch(r'<div class="book-caption"><span class="book-file">[^<>]*</span></div>\n', tokens[0].content)
    assert tokens[-1].content.rstrip("\n") == recipe.read(f"{name}.txt").rstrip("\n").replace("\0", "\ufffd")


@ANY
@given(target=st.one_of(TEXT, st.from_regex(r"(http|postgres)?(://)?[\w.\[\]:%/@-]{0,30}", fullmatch=True)))
def test_a_target_is_split_or_refused(target):
    try:
        protocol, host, port, _ = knock.split(target)
    except ValueError:
        return
    assert protocol in ("name", "port", "http", "postgres")
    assert host
    assert 0 <= port <= 65535


@pytest.mark.parametrize("target", ["a..b", "a..b:80", "http://a..b/", f"{'ü' * 90}:80"])
def test_a_name_that_cannot_be_asked_for_is_no_such_name(target):
    assert knock.attempt(target, 1)["verdict"] == "no such name"


@ANY
@given(said=SAID, out=SAID)
def test_the_words_of_docker_are_few_and_hold_no_colours(folder, said, out):
    assert len(compose.words(said, folder, "p", out).splitlines()) <= 2 * compose._LAST_LINES + 100
    lines = build_output.lines(said)
    assert all(line.strip() and "\x1b[31m" not in line for line in lines)
    (folder / "Dockerfile").write_text(f"FROM x\n{said}", encoding="utf-8", errors="replace")
    line = builder.written_at(folder, "Dockerfile", lines[0] if lines else "") or build_output.failed_line(said, "Dockerfile")
    words = str(builder.refused("Dockerfile", build_output.ending(said) or lines[-8:], line, said + out))
    assert len(build_output.steps(said)) + len(build_output.running(said)) <= len(said.splitlines())
    assert words.startswith("Dockerfile does not build")
    assert all(len(line) <= builder._LONGEST for line in words.split("\n")[2:])
    assert isinstance(advice(said) + away(said), str)
    assert isinstance(image._instruction(said), str)


@ANY
@given(
    text=st.one_of(
        TEXT, st.lists(st.sampled_from(["&a ", "*a", "[", "]", ", ", "x: ", "\n", "  ", "- ", "{", "}"]), max_size=40).map("".join)
    )
)
def test_the_weight_of_any_text_is_a_number(text):
    assert compose._unfolded(text) >= 0


@ANY
@given(
    services=st.dictionaries(
        NAMES,
        st.fixed_dictionaries(
            {},
            optional={
                "image": NAMES,
                "build": st.just({"context": "."}),
                "ports": st.lists(
                    st.fixed_dictionaries({"target": st.integers(1, 65535), "protocol": st.sampled_from(["tcp", "udp"])}), max_size=3
                ),
            },
        ),
        max_size=4,
    ),
    networks=st.dictionaries(NAMES, st.fixed_dictionaries({}, optional={"external": st.booleans()}), max_size=3),
    label=TEXT,
)
def test_the_second_file_marks_all_that_is_made(services, networks, label):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))
    added = yaml.load(merge.override(Configuration.read({"services": services, "networks": networks}), "p", {"l": label}, True), Loader)
    assert added["services"].keys() == services.keys()
    assert all(service["labels"] == {"l": label} for service in added["services"].values())
    assert added["networks"].keys() == {name for name, network in networks.items() if not network.get("external")}
    for name, service in services.items():
        assert len(added["services"][name].get("ports", [])) == len(service.get("ports", []))
        assert all(port.startswith("127.0.0.1::") for port in added["services"][name].get("ports", []))


@ANY
@given(name=st.text(max_size=40))
def test_any_folder_gives_a_valid_project_and_tag(name):
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", up.name(name))
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", commands.tag(name))
    assert len(commands.tag(name)) <= 80


@ANY
@given(line=st.one_of(TEXT, st.from_regex(r"# ?needs [\w'\"();-]{0,20}", fullmatch=True)))
def test_only_a_plain_name_of_a_tool_reaches_the_code_of_a_cell(line):
    lines = notebook.without_tools([line])
    assert lines == [line] or re.fullmatch(r"notebook\.skip\('[\w-]+'\)\n", lines[1])


@ANY
@given(text=SAID)
def test_what_a_tool_said_is_shown_without_colours_and_folders(folder, text):
    shown = tool._plain(f"{text}\n{folder}/x", folder)
    assert "\x1b[31m" not in shown
    assert str(folder) not in shown
