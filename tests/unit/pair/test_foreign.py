"""Values between Python's test process and drivers of other languages."""

from __future__ import annotations

import math
from typing import Any

import pytest

from proctor_supervisor.pair import compare
from proctor_supervisor.pair.foreign import DEPTH_MAX, Malformed, Opaque, check, decode, encode


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -7, 2**53, 2**53 + 1, -(2**200), 1.5, "é\ud800", [], [[1], "a"], {"k": [None]}, {1: "a"}, {1, 2}],
    ids=repr,
)
def test_values_cross_and_come_back(value: Any) -> None:
    assert compare.equal(decode(encode(value)), value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_lacks(value: float) -> None:
    assert compare.equal(decode(encode(value)), value)


def test_zero_keeps_its_sign() -> None:
    assert math.copysign(1, decode(encode(-0.0))) == -1


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": 1, "b": 2},
        {"no": 1},
        {"n": "1"},
        {"b": "1e9"},
        {"b": 5},
        {"o": [["k"]]},
        {"o": 3},
        {"s": None},
        {"a": []},
        {"d": "now"},
        {"n": []},
    ],
    ids=repr,
)
def test_what_is_no_value_is_refused(data: Any) -> None:
    with pytest.raises(Malformed):
        decode(data)


def test_depth_is_bounded() -> None:
    data: Any = 1
    for _ in range(DEPTH_MAX + 2):
        data = [data]
    assert isinstance(decode(data), Opaque)


@pytest.mark.parametrize("data", [{"r": [1, "i", "X"]}, {"e": ["Error", "no", 1]}, {"x": ["a", ""]}], ids=repr)
def test_what_is_no_data_equals_nothing(data: Any) -> None:
    found = decode(data)
    assert isinstance(found, Opaque)
    assert not compare.equal(found, decode(data))


def test_a_date_is_as_json_has_it() -> None:
    assert decode({"d": 0}) == "1970-01-01T00:00:00.000Z"


def test_tests_that_other_languages_cannot_take() -> None:
    assert check({"cases": [{"args": [1], "kwargs": {"k": 1}}]})
    assert check({"cases": [{"args": [{"$py": "1j"}]}]})
    assert check({"cases": [{"args": [[1, {"a": None}]]}]}) is None
