"""Files of rows: the forms they come in, and what is wrong in them."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from proctor.datasets import files

ROWS: list[dict[str, Any]] = [
    {"a": 10**60, "b": float("inf"), "c": "\ud800\u2028"},
    {"nested": [{"x": "]"}, "}{", '"']},
    {},
]


def write(file: Path, text: str) -> Path:
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return file


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", ["lines", "list", "list.gz", "lines.gz"])
def test_lines_and_lists_plain_and_packed(tmp_path: Path, form: str, indent: int | None) -> None:
    text = json.dumps(ROWS, indent=indent) if "list" in form else "\n".join(map(json.dumps, ROWS)) + "\n"
    data = text.encode("ascii")
    file = tmp_path / "rows.json"
    file.write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    assert [row.data for row in files.read(file)] == ROWS
    assert [row.number for row in files.read(file)] == [1, 2, 3]


def test_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", '\ufeff{"a": 1}\r\n\n  \n{"a": 2}')
    assert [(row.number, row.data) for row in files.read(file)] == [(1, {"a": 1}), (4, {"a": 2})]


def test_a_bad_line_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", '{"a": 1\n[1]\n{"a": 2}\n' + "[" * 100_000 + "\n")
    rows = list(files.read(file))
    assert [row.data for row in rows] == [None, None, {"a": 2}, None]
    assert "not JSON" in str(rows[0].fault)
    assert "an object, not list" in str(rows[1].fault)


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"[{}, {", "element 2"), (b"[{}, nope]", "element 2"), (b'{"a": "\xff"}', "UTF-8"), (b"\x1f\x8bjunk", "a.jsonl")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, data: bytes, told: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(data)
    with pytest.raises(files.DatasetError, match=told):
        list(files.read(file))


def test_an_empty_file_holds_no_rows(tmp_path: Path) -> None:
    assert list(files.read(write(tmp_path / "a.jsonl", ""))) == []
    assert list(files.read(write(tmp_path / "b.jsonl", "[]"))) == []


@pytest.mark.parametrize("form", ["lines", "list"])
def test_memory_follows_the_largest_row_and_not_the_file(tmp_path: Path, form: str) -> None:
    row = json.dumps({"text": "x" * 100_000})
    file = tmp_path / "a.json"
    file.write_text("[" + ",".join([row] * 300) + "]" if form == "list" else "\n".join([row] * 300))
    tracemalloc.start()
    try:
        deque(files.read(file), maxlen=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < file.stat().st_size / 4


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", "old")

    def broken() -> None:
        with files.replacing(file) as lines:
            lines.write("new")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert file.read_text() == "old"
    with files.replacing(file) as lines:
        lines.write("new")
    assert file.read_text() == "new"
    assert [f.name for f in tmp_path.iterdir()] == ["a.jsonl"]


def test_names_beside_a_file(tmp_path: Path) -> None:
    assert files.beside(tmp_path / "rows.v2.jsonl.gz", ".clean.jsonl") == tmp_path / "rows.v2.clean.jsonl"
    assert files.beside(Path("rows"), ".html") == Path("rows.html")
    tmp_path.chmod(0o555)
    assert files.beside(tmp_path / "rows.jsonl", ".html") == Path("rows.html"), "the folder is read-only"
    tmp_path.chmod(0o755)


def test_a_target_that_cannot_be_written_is_told() -> None:
    with pytest.raises(files.DatasetError, match="cannot be written"), files.replacing(Path("/proc/none/x.jsonl")):
        pass
