"""Equality as api.md's `compare.types` says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor_supervisor.pair.compare import equal

NAN, INF = float("nan"), float("inf")
EQUAL_AS_JSON: list[tuple[Any, Any]] = [
    ((1, 2), [1, 2]),
    ([(1, (2,))], [[1, [2]]]),
    (1, 1.0),
    (NAN, NAN),
    ([NAN, INF], [NAN, INF]),
    ({1: "a"}, {"1": "a"}),
    ({None: 1, True: 2, 1.5: 3}, {"null": 1, "true": 2, "1.5": 3}),
    ({1, 2}, {2, 1}),
    (frozenset({1}), {1}),
    (10**400, 10**400),
    ("\ud800", "\ud800"),
]
UNEQUAL_AS_JSON: list[tuple[Any, Any]] = [
    (True, 1),
    (0, False),
    ([1, 2], [1]),
    ([1], [1, 2]),
    ("1", 1),
    (None, False),
    (None, 0),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({1: 1, "1": 1}, {"1": 1}),
    ([1, 2], {1, 2}),
    (1.0000001, 1),
    (INF, -INF),
    (INF, 1e308),
    (10**400, INF),
    (b"a", "a"),
    (object(), object()),
]


@pytest.mark.parametrize(("result", "expected"), EQUAL_AS_JSON)
def test_equal_as_json(result: Any, expected: Any) -> None:
    assert equal(result, expected)


@pytest.mark.parametrize(("result", "expected"), UNEQUAL_AS_JSON)
def test_unequal_as_json(result: Any, expected: Any) -> None:
    assert not equal(result, expected)
    assert not equal([result], [expected])


@pytest.mark.parametrize(
    ("result", "expected"), [((1,), [1]), (1, 1.0), ({1: 1}, {"1": 1}), (True, 1), (frozenset({1}), {1}), ([True], [1])]
)
def test_strict_keeps_types_apart(result: Any, expected: Any) -> None:
    assert not equal(result, expected, types="strict")
    assert equal(result, result, types="strict")


def test_tolerances() -> None:
    assert equal(1.01, 1, abs_tol=0.02)
    assert not equal(1.03, 1, abs_tol=0.02)
    assert equal([100.5], [100], rel_tol=0.01)
    assert not equal([102.0], [100], rel_tol=0.01)
    assert not equal(2, 1, abs_tol=5), "integers are exact"
    assert not equal(INF, 1, abs_tol=INF)
    assert not equal(NAN, 1, abs_tol=1e9)
    assert equal({1.001}, {1.0}, abs_tol=0.01)


class Agreeable:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class AgreeableInt(int):
    __eq__ = Agreeable.__eq__  # type: ignore[assignment]
    __hash__ = int.__hash__


@pytest.mark.parametrize("types", ["json", "strict"])
@pytest.mark.parametrize("value", [Agreeable(), AgreeableInt(7)])
def test_no_class_of_the_candidates_decides(value: Any, types: str) -> None:
    assert not equal(value, 3, types=types)
    assert not equal([value], [3], types=types)
    assert not equal({"a": value}, {"a": 3}, types=types)


def test_cycles_end() -> None:
    a: list[Any] = [1]
    a.append(a)
    b: list[Any] = [1]
    b.append(b)
    assert equal(a, b)
    assert not equal(a, [1, [1, 2]])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_everything_equals_itself(value: Any) -> None:
    assert equal(value, value)
    assert equal(value, value, types="strict")
    assert not equal(value, [value, Decimal(1)])
