"""The threat model and SECURITY.md name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| threat")]
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
SHOWN = [row.rstrip(" |").rsplit(" | ", 1)[1] for row in ROWS]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_whole(row: str) -> None:
    cells = [cell.strip() for cell in row.strip("| ").split(" | ")]
    assert len(cells) == 4
    assert all(cells)


def _named() -> list[str]:
    names = {name for shown in SHOWN for name in re.findall(r"`([^`]+)`", shown)}
    return sorted(names | set(re.findall(r"`(\w+/[\w/]+\.py(?:::\w+)?)`", SECURITY)))


@pytest.mark.parametrize("name", _named())
def test_every_test_exists(name: str) -> None:
    path, _, test = name.partition("::")
    file = ROOT / path if path.startswith(".") else ROOT / "tests" / path
    assert file.is_file() or (not test and file.is_dir())
    assert not test or re.search(rf"^(async )?def {test}\(", file.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("group", sorted({word for shown in SHOWN for word in re.findall(r"\b[A-Z]{5,}\b", shown)}))
def test_every_group_of_hacks_exists(group: str) -> None:
    hacks = (ROOT / "tests" / "adversarial" / "hacks.py").read_text("utf-8")
    assert re.search(rf"^{group}\b", hacks, re.MULTILINE)


def test_what_is_not_promised_is_said() -> None:
    assert "## What is not promised" in SECURITY


def test_every_promise_names_a_test() -> None:
    promised = SECURITY.partition("## What is promised")[2].partition("Check your own")[0]
    promises = [re.sub(r"\s+", " ", item) for item in promised.split("\n- ")[1:]]
    assert len(promises) == 5
    assert [item for item in promises if ".py" not in item] == []
