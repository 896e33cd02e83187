"""Printed output against the expected one."""

from __future__ import annotations

import time

import pytest

from proctor.judge.compare import as_bytes, difference
from proctor.wire import Compare

TOKENS, LINES, EXACT = (Compare(mode=m) for m in ("tokens", "lines", "exact"))


@pytest.mark.parametrize(
    ("expected", "got", "tokens", "lines", "exact"),
    [
        ("1 2\n", "1 2\n", True, True, True),
        ("1 2\n", "1 2", True, True, False),
        ("1 2\n", "1 2\n\n\n", True, True, False),
        ("1 2\n", "1 2  \r\n", True, True, False),
        ("1 2\n", "1  2\n", True, False, False),
        ("1 2\n", " 1 2\n", True, False, False),
        ("1\n2\n", "1 2\n", True, False, False),
        ("1\n2\n", "1\n\n2\n", True, False, False),
        ("1\n2\n", "1\n", False, False, False),  # a missing last line
        ("1\n2\n", "1\n2\n3\n", False, False, False),  # a line too many
        ("12\n", "1\n", False, False, False),  # a prefix
        ("1\n", "12\n", False, False, False),
        ("1\n", "", False, False, False),
        ("", "1\n", False, False, False),
        ("", "", True, True, True),
        ("", " \n", True, True, False),
        ("a\n", "A\n", False, False, False),
        ("1\n", "1.0\n", False, False, False),
        ("ä\n", "ä\n", True, True, True),
        ("a\u00a0b", "a b", False, False, False),  # a no-break space is no separator
        ("a\x00b", "a\x00b\n", True, True, False),
        ("\ud800", "\ud800\n", True, True, False),
    ],
)
def test_modes(expected: str, got: str, tokens: bool, lines: bool, exact: bool) -> None:
    want, have = as_bytes(expected), as_bytes(got)
    assert [difference(want, have, c) is None for c in (TOKENS, LINES, EXACT)] == [tokens, lines, exact]


@pytest.mark.parametrize("compare", [TOKENS, LINES, EXACT])
def test_ignore_case(compare: Compare) -> None:
    folding = compare.model_copy(update={"ignore_case": True})
    assert difference(b"Yes \xc3\x84\n", b"yES \xc3\xa4\n", folding) is None
    assert difference(b"Yes\n", b"No\n", folding) is not None
    assert difference(b"\xff\n", b"\xfe\n", folding) is not None


@pytest.mark.parametrize(
    ("expected", "got", "abs_tol", "rel_tol", "right"),
    [
        ("1", "1.01", 0.01, 0, True),  # in decimals, not in binary
        ("1", "1.0100001", 0.01, 0, False),
        ("3", "3.0", 1e-9, 0, True),
        ("1000000", "1000001", 0, 1e-6, True),
        ("1000000", "1000002", 0, 1e-6, False),
        ("-1", "1", 0.5, 0.5, False),
        ("0", "1e-7", 1e-6, 0, True),
        ("1e3", "1000", 0, 1e-9, True),
        ("1000000000000000000001", "1000000000000000000002", 1e-9, 0, False),
        ("nan", "nan", 1, 1, True),
        ("nan", "1", 1, 1, False),
        ("1", "nan", 1, 1, False),
        ("1", "inf", 1, 1, False),
        ("1", "1_0", 100, 0, False),
        ("1", "0x1", 100, 0, False),
        ("1", "١", 100, 0, False),
        ("x", "y", 100, 0, False),
        ("1 x", "1.5 x", 1, 0, True),
        ("1 x", "1.5", 1, 0, False),
        ("1", "9" * 500, 1, 0, False),
        ("1", "1e9999", 1, 1, False),
        ("1", "1e99999999", 1, 1, False),
    ],
)
def test_tolerance(expected: str, got: str, abs_tol: float, rel_tol: float, right: bool) -> None:
    for mode in ("tokens", "lines"):
        compare = Compare(mode=mode, abs_tol=abs_tol, rel_tol=rel_tol)
        assert (difference(as_bytes(expected), as_bytes(got), compare) is None) is right
    assert difference(b"1", b"1.0", Compare(mode="exact", abs_tol=1)) is not None


@pytest.mark.parametrize(
    ("compare", "expected", "got", "detail"),
    [
        (TOKENS, "1 2 3", "1 5 3", "token 2: '5', '2' expected"),
        (TOKENS, "1 2 3", "1 2", "token 3: the output ends, '3' expected"),
        (TOKENS, "1", "1 2", "token 2: '2' is too much"),
        (LINES, "a\nb", "a\nc", "line 2: 'c', 'b' expected"),
        (EXACT, "abc", "abd", "byte 2: 'd', 'c' expected"),
        (EXACT, "abc", "ab", "byte 2: '', 'c' expected"),
        (EXACT, "ab", "ab\n", "byte 2: '\\n', '' expected"),
        (TOKENS, "1", "\x1b[31m\u202e", "token 1: '\\x1b[31m\\u202e', '1' expected"),
    ],
)
def test_the_difference_is_told_safely(compare: Compare, expected: str, got: str, detail: str) -> None:
    assert difference(as_bytes(expected), as_bytes(got), compare) == detail


@pytest.mark.parametrize("compare", [TOKENS, LINES, EXACT, Compare(abs_tol=1e-6), Compare(ignore_case=True)])
@pytest.mark.parametrize(
    "got",
    [b"\xff\xfe" * 100, b"\x00" * 1000, b" " * 2_000_000, b"a" * 2_000_000, b"9" * 2_000_000, b"1 " * 500_000],
    ids=lambda raw: repr(raw[:2]),
)
def test_any_bytes_are_compared_in_bounded_time_and_told_in_few_words(got: bytes, compare: Compare) -> None:
    start = time.process_time()
    detail = difference(got[:-1] + b"x\n", got, compare)
    assert detail is not None
    assert len(detail) < 300
    assert detail.isprintable()
    assert time.process_time() - start < 5
