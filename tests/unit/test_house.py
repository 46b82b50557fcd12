"""The picture of the code in CONTRIBUTING.md is the code: each line of it, and nothing is missing."""

import re
import tomllib
from pathlib import Path

import pytest

from book.places import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TREE, LAYERS = re.findall(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[:2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def named() -> list[Path]:
    """Every path that the picture names, relative to the root."""
    found, folders = [], [Path()]
    for line in TREE.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in re.split(r"\s{2,}", line.strip())[0].split(" "):
            found.append(folders[depth] / name)
            if name.endswith("/"):
                folders[depth + 1 :] = [found[-1]]
    return found


NAMED = named()
SHOWN = sorted({path.parent for path in NAMED} - {Path()})  # folders of which the picture shows what is in them


@pytest.mark.parametrize("path", NAMED, ids=str)
def test_a_named_module_or_folder_exists(path):
    assert (ROOT / path).exists(), f"CONTRIBUTING.md names {path}, which does not exist: remove or correct its line"


@pytest.mark.parametrize("folder", SHOWN, ids=str)
def test_every_module_and_folder_at_a_shown_depth_is_named(folder):
    there = {path.relative_to(ROOT) for path in (ROOT / folder).iterdir() if counts(path)}
    assert there - set(NAMED) == set(), "CONTRIBUTING.md does not name these: add a line for each"


def counts(path: Path) -> bool:
    """Whether a path is a module, or a folder of modules."""
    return any(path.glob("*.py")) if path.is_dir() else path.suffix == ".py" and not re.match("__init__|test_|conftest", path.name)


def test_nothing_is_named_twice():
    assert len(NAMED) == len(set(NAMED))


def test_the_layers_are_those_of_the_contract():
    (layers,) = [contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"]
    assert LAYERS.splitlines() == layers


@pytest.mark.parametrize("name", [contract["name"] for contract in CONTRACTS])
def test_every_contract_is_described(name):
    assert f"- **{name}**: " in TEXT


def test_the_readme_has_a_row_for_every_make_target():
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
    rows = re.findall(r"^\| `make ([\w-]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(targets)
