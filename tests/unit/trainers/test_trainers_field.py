"""Tests as trainers carry them."""

from __future__ import annotations

import json

import pytest

from proctor.trainers.tests_field import as_tests, plain
from proctor.wire import DatasetTests, FunctionTests, ScriptTests, StdioTests, TestRef


def test_our_own_tests_as_object_and_as_text() -> None:
    own = {"kind": "function", "entry_point": "f", "cases": [{"args": [1], "expected": None}]}
    for value in (own, json.dumps(own), json.dumps(own).encode()):
        found = as_tests(value)
        assert isinstance(found, FunctionTests)
        assert found.cases[0].expected is None


def test_fields_that_arrow_filled_with_null_are_dropped() -> None:
    script = {"kind": "script", "code": "assert f() == 1", "entry_point": "f", "cases": None, "compare": None}
    assert isinstance(as_tests(script), ScriptTests)
    stdio = {"kind": "stdio", "cases": [{"stdin": "1", "stdout": "1", "args": None}], "compare": {"mode": None}}
    assert isinstance(as_tests(stdio), StdioTests)


def test_inputs_and_outputs() -> None:
    found = as_tests({"inputs": ["1\n", ["2", "3"]], "outputs": ["1\n", ["2", "3"]]})
    assert isinstance(found, StdioTests)
    assert [c.stdin for c in found.cases] == ["1\n", "2\n3"]
    lines = as_tests({"inputs": ["1\n2"], "outputs": ["3"], "fn_name": "add"})
    assert isinstance(lines, DatasetTests)
    assert lines.format == "nemo"
    lists = as_tests('{"inputs": [[1, 2]], "outputs": [3], "fn_name": "add"}')
    assert isinstance(lists, DatasetTests)
    assert lists.format == "taco"


def test_asserts() -> None:
    for value in (["assert f(1) == 2"], '["assert f(1) == 2"]', {"assert_case": ["assert f(1) == 2"]}):
        found = as_tests(value)
        assert isinstance(found, DatasetTests)
        assert found.row["test_list"] == ["assert f(1) == 2"]


def test_references() -> None:
    assert isinstance(as_tests({"ref": "0" * 64}), TestRef)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({"inputs": ["1"], "outputs": []}, "1 inputs and 0 outputs"),
        ({"input": "1"}, "kind"),
        ({"kind": "run", "stdin": ""}, "run"),
        ([], "list"),
        ([1], "list"),
        (None, "NoneType"),
        (3, "int"),
    ],
)
def test_anything_else_is_named(value: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        as_tests(value)


def test_arrays_become_lists() -> None:
    class Array:
        def tolist(self) -> list[int]:
            return [1, 2]

    assert plain({"a": Array(), "b": (Array(),)}) == {"a": [1, 2], "b": [[1, 2]]}
