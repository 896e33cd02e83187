"""Printed output against the expected one. Bytes in, a difference out; no byte sequence is an error.

tokens   runs of anything but ASCII white space must be equal, in number and order. A prefix of the expected
         output, a further line or a missing last one is wrong.
lines    lines (ended by \\n) must be equal once white space at their ends (so \\r too) and empty lines at the
         end of the output are dropped; white space at their starts counts.
exact    byte for byte.

ignore_case folds case as Unicode has it. A tolerance > 0 lets two numbers differ: |got - expected| ≤
max(abs_tol, rel_tol·|expected|), in decimal arithmetic, so that 1.01 is within 0.01 of 1. A number is a decimal
literal (digits, point, exponent of up to four digits, at most 400 characters); anything else, NaN and inf
too, must be equal as text. In mode `lines` a tolerance compares the tokens of a line; in `exact` it has no say.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Iterator
from itertools import zip_longest

from proctor.judge.excerpt import quoted
from proctor.wire import Compare

_TOKEN = re.compile(rb"[^ \t\n\r\v\f]+")
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_NUMBER_MOST = 400
_LINE = re.compile(rb"[^\n]*\n?")
_BLOCK = 65536
_SPACE = b" \t\n\r\v\f"
_ARITHMETIC = decimal.Context(prec=2 * _NUMBER_MOST, Emax=999_999, Emin=-999_999, traps=[])


def difference(expected: bytes, got: bytes, compare: Compare) -> str | None:
    """The first difference, in a few words; None where `got` is right. Time is linear, memory a few tokens."""
    if expected == got:
        return None
    if compare.ignore_case:
        expected, got = _folded(expected), _folded(got)
    if compare.mode == "exact":
        return None if expected == got else _first_byte(expected, got)
    if compare.mode == "lines":
        return _first_of("line", _lines(expected), _lines(got), compare, _line_equal)
    return _first_of("token", _tokens(expected), _tokens(got), compare, _token_equal)


def as_bytes(text: str) -> bytes:
    """Text of a test as the bytes it stands for: UTF-8; a lone surrogate as Python's `surrogatepass` has it."""
    return text.encode("utf-8", "surrogatepass")


def number_close(expected: bytes, got: bytes, *, abs_tol: float, rel_tol: float) -> bool:
    """Whether two tokens are numbers within tolerance of each other."""
    if not (_is_number(expected) and _is_number(got)):
        return False
    want, have = (decimal.Decimal(token.decode("ascii")) for token in (expected, got))
    with decimal.localcontext(_ARITHMETIC):
        allowed = max(decimal.Decimal(repr(abs_tol)), decimal.Decimal(repr(rel_tol)) * abs(want))
        return abs(have - want) <= allowed


def _tokens(data: bytes) -> Iterator[bytes]:
    return (found[0] for found in _TOKEN.finditer(data))


def _lines(data: bytes) -> Iterator[bytes]:
    return (found[0].rstrip(_SPACE) for found in _LINE.finditer(data.rstrip(_SPACE)) if found[0])


def _token_equal(expected: bytes, got: bytes, compare: Compare) -> bool:
    if expected == got:
        return True
    if not (compare.abs_tol or compare.rel_tol):
        return False
    return number_close(expected, got, abs_tol=compare.abs_tol, rel_tol=compare.rel_tol)


def _line_equal(expected: bytes, got: bytes, compare: Compare) -> bool:
    if expected == got:
        return True
    if not (compare.abs_tol or compare.rel_tol):
        return False
    pairs = zip_longest(_tokens(expected), _tokens(got))
    return all(e is not None and g is not None and _token_equal(e, g, compare) for e, g in pairs)


def _first_of(
    name: str,
    expected: Iterator[bytes],
    got: Iterator[bytes],
    compare: Compare,
    equal: Callable[[bytes, bytes, Compare], bool],
) -> str | None:
    for number, (want, have) in enumerate(zip_longest(expected, got), start=1):
        if want is None:
            return f"{name} {number}: {quoted(have)} is too much"
        if have is None:
            return f"{name} {number}: the output ends, {quoted(want)} expected"
        if not equal(want, have, compare):
            return f"{name} {number}: {quoted(have)}, {quoted(want)} expected"
    return None


def _first_byte(expected: bytes, got: bytes) -> str:
    at = next(i for i in range(0, len(expected) + 1, _BLOCK) if expected[i : i + _BLOCK] != got[i : i + _BLOCK])
    while expected[at : at + 1] == got[at : at + 1]:
        at += 1
    return f"byte {at}: {quoted(got[at : at + 20])}, {quoted(expected[at : at + 20])} expected"


def _folded(data: bytes) -> bytes:
    return data.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")


def _is_number(token: bytes) -> bool:
    return len(token) <= _NUMBER_MOST and _NUMBER.fullmatch(token) is not None
