"""Equality of a result with what was expected, decided by us on plain data (api.md, `compare.types`).

json (default): a tuple equals a list at any depth, 1 equals 1.0, a bool only a bool, keys of dicts as JSON strings,
NaN equals NaN. strict: exact built-in types; NaN equals NaN there too, since nothing could ever equal it.
Tolerances hold for numbers that are not both integers: |a - b| ≤ max(abs_tol, rel_tol · |expected|).
"""

from __future__ import annotations

import collections
import json
import math
import sys
from typing import Any

#: A result that is an empty list of nodes: tests write that as [] or as None.
NO_NODE = object()

_NUMBERS = (int, float, complex)


def equal(result: Any, expected: Any, *, types: str = "json", abs_tol: float = 0.0, rel_tol: float = 0.0) -> bool:
    """Whether `result` is the expected value. Both must be decoded plain data; anything else is unequal."""
    return _Comparison(types == "strict", abs_tol, rel_tol).equal(_numpy_free(result, types), expected)


class _Comparison:
    def __init__(self, strict: bool, abs_tol: float, rel_tol: float) -> None:
        self.strict = strict
        self.abs_tol = abs_tol
        self.rel_tol = rel_tol
        self._within: set[tuple[int, int]] = set()

    def equal(self, a: Any, b: Any) -> bool:
        if a is NO_NODE:
            return b is None or (type(b) is list and not b)
        if self.strict and type(a) is not type(b):
            return False
        if type(a) is bool or type(b) is bool:
            return type(a) is type(b) and a == b
        if type(a) in _NUMBERS and type(b) in _NUMBERS:
            return self._numbers(a, b)
        if isinstance(a, list | tuple) and isinstance(b, list | tuple):
            return self._nested(a, b, lambda: len(a) == len(b) and all(map(self.equal, a, b)))
        if isinstance(a, dict) and isinstance(b, dict):
            return self._nested(a, b, lambda: self._mappings(a, b))
        if isinstance(a, collections.deque) and isinstance(b, collections.deque):
            return self._nested(a, b, lambda: len(a) == len(b) and all(map(self.equal, a, b)))
        if isinstance(a, set | frozenset) and isinstance(b, set | frozenset):
            return self._sets(a, b)
        return type(a) is type(b) and type(a).__module__ in _PLAIN_MODULES and bool(a == b)

    def _numbers(self, a: Any, b: Any) -> bool:
        if a == b or (a != a and b != b):
            return True
        if type(a) is int and type(b) is int:
            return False
        try:
            return math.isfinite(abs(a - b)) and abs(a - b) <= max(self.abs_tol, self.rel_tol * abs(b))
        except (OverflowError, ValueError):
            return False

    def _nested(self, a: Any, b: Any, compare: Any) -> bool:
        """Compare containers; a pair that is being compared already is a cycle, and equal so far."""
        pair = (id(a), id(b))
        if pair in self._within:
            return True
        self._within.add(pair)
        try:
            return bool(compare())
        finally:
            self._within.discard(pair)

    def _mappings(self, a: dict, b: dict) -> bool:
        if self.strict:
            return len(a) == len(b) and all(k in b and self.equal(v, b[k]) for k, v in a.items())
        left, right = _as_json_keys(a), _as_json_keys(b)
        if len(left) != len(a) or len(left) != len(right):
            return False
        return all(k in right and self.equal(v, right[k]) for k, v in left.items())

    def _sets(self, a: Any, b: Any) -> bool:
        if a == b:
            return not self.strict or sorted(map(_kind, a)) == sorted(map(_kind, b))
        if len(a) != len(b) or not (self.abs_tol or self.rel_tol):
            return False
        try:
            return all(map(self.equal, sorted(a), sorted(b)))
        except TypeError:
            return False


_PLAIN_MODULES = {"builtins", "decimal", "fractions", "datetime", "uuid", "collections"}


def _kind(value: Any) -> str:
    return type(value).__name__


def _as_json_keys(mapping: dict) -> dict:
    return {_json_key(k): v for k, v in mapping.items()}


def _json_key(key: Any) -> Any:
    """The string that json.dumps makes of a key; other keys stay as they are."""
    if type(key) is str:
        return key
    if key is None or type(key) in (bool, int, float):
        try:
            return json.dumps(key)
        except ValueError:
            return key
    return key


def _numpy_free(value: Any, types: str) -> Any:
    """For `json`: numpy's scalars and arrays as Python's numbers and lists; what pandas lacks as None."""
    numpy = sys.modules.get("numpy")
    if numpy is None or types == "strict":
        return value
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if type(value) in (list, tuple):
        return type(value)(_numpy_free(v, types) for v in value)
    if type(value) is dict:
        return {_numpy_free(k, types): _numpy_free(v, types) for k, v in value.items()}
    return value
