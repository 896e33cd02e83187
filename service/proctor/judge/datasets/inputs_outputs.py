"""Tests as two lists, `inputs` and `outputs`, with or without `fn_name`: APPS, TACO, Eurus-2, DeepCoder, NeMo.

The quirks, as the sets' own evaluators have them (hendrycks/apps, eval/testing_util.py; TACO, PRIME and verl's
prime_code descend from it):

- Without `fn_name` a test is a program's input and output; a list of lines is joined with newlines.
- With it, an input is a list of arguments, or a string with one JSON value a line.
- Beside argument lists an expected value may be wrapped in a list of one. The row decides for all its tests: wrapped
  if every output is a list of exactly one element, unless the starter code's return type is nested that deeply.
- JSON made the keys of dicts strings: a first argument whose keys are all integers has integer keys.
- Outputs are compared as tokens. Where the row's expected outputs hold decimal fractions, numbers may differ as
  in `numpy.allclose` (1e-8 + 1e-5 of the expected one), which is what those evaluators do to all numbers; a row
  without fractions is compared exactly.
"""

from __future__ import annotations

import re
from typing import Any

from proctor.judge.datasets.row import Path, RowFault, RowTests, embedded_json, expect, field, optional
from proctor.wire import Case, Compare, FunctionCase, FunctionCompare, FunctionTests, StdioTests

ABS_TOL, REL_TOL = 1e-8, 1e-5

_FRACTION = re.compile(r"(?<![\w.])[+-]?[0-9]*\.[0-9]+(?![\w.])")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_RETURNS = re.compile(r"->\s*([^\n]*?)\s*:\s*(?:#[^\n]*)?(?:\n|$)")


def read_lists(data: Any, path: Path, *, starter: str | None = None, problem: str | None = None) -> RowTests:
    """`{"inputs", "outputs", "fn_name"?}`, found at `path` of the row. Raises RowFault."""
    expect(data, dict, path)
    inputs, outputs = field(data, "inputs", list, path), field(data, "outputs", list, path)
    if len(inputs) != len(outputs):
        raise RowFault((*path, "outputs"), f"{len(outputs)} outputs for {len(inputs)} inputs")
    name = optional(data, "fn_name", str, path)
    if name:
        calls = [_arguments(given, (*path, "inputs", i)) for i, given in enumerate(inputs)]
        if any(isinstance(given, str) for given in inputs):
            values = [_value(v, (*path, "outputs", i)) for i, v in enumerate(outputs)]
        else:
            values = [v[0] for v in outputs] if wrapped(outputs, starter) else outputs
        return function_tests(name, calls, values, problem=problem)
    stdin = [_text(given, (*path, "inputs", i)) for i, given in enumerate(inputs)]
    stdout = [_text(wanted, (*path, "outputs", i)) for i, wanted in enumerate(outputs)]
    return stdio_tests(stdin, stdout, problem=problem)


def stdio_tests(stdin: list[str], stdout: list[str], *, problem: str | None = None) -> RowTests:
    """Program tests, compared as tokens, with tolerance where the outputs hold fractions."""
    cases = [Case(stdin=given, stdout=wanted) for given, wanted in zip(stdin, stdout, strict=True)]
    tolerant = any(_FRACTION.search(wanted) for wanted in stdout)
    compare = Compare(abs_tol=ABS_TOL, rel_tol=REL_TOL) if tolerant else Compare()
    return RowTests(tests=StdioTests(kind="stdio", cases=cases, compare=compare), cases=len(cases), problem=problem)


def function_tests(name: str, calls: list[list[Any]], values: list[Any], *, problem: str | None = None) -> RowTests:
    """Call tests, floats with tolerance where the values hold any."""
    cases = [FunctionCase(args=args, expected=value) for args, value in zip(calls, values, strict=True)]
    compare = FunctionCompare(abs_tol=ABS_TOL, rel_tol=REL_TOL) if any(map(_has_fraction, values)) else None
    tests = FunctionTests(kind="function", entry_point=name, cases=cases, compare=compare or FunctionCompare())
    return RowTests(tests=tests, cases=len(cases), entry_point=name, problem=problem)


def wrapped(values: list[Any], starter: str | None) -> bool:
    """Whether expected values stand in a list of one each, as APPS has most of them."""
    if not values or not all(isinstance(v, list) and len(v) == 1 for v in values):
        return False
    declared = _declared_depth(starter)
    return declared is None or max(map(_depth, values)) > declared


def _declared_depth(starter: str | None) -> int | None:
    """How deeply lists are nested in the starter code's last return type; None where it declares none."""
    types = _RETURNS.findall(starter or "")
    return len(re.findall(r"\b[Ll]ist\b", types[-1])) if types else None


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [inner for v in level if isinstance(v, list) for inner in (v or [None])]:
        depth += 1
    return depth


def _arguments(given: Any, path: Path) -> list[Any]:
    """The arguments of a call: a list, or JSON values, one a line."""
    if isinstance(given, str):
        lines = given.split("\n")
        while lines and not lines[-1].strip():
            lines.pop()
        return [embedded_json(line, path) for line in lines]
    args = list(expect(given, (list, str), path))
    if args and isinstance(args[0], dict):
        args[0] = _integer_keys(args[0])
    return args


def _value(wanted: Any, path: Path) -> Any:
    """The expected value of a call whose arguments were text: JSON too, and never wrapped."""
    return embedded_json(wanted, path) if isinstance(wanted, str) else wanted


def _integer_keys(value: dict[str, Any]) -> dict[str, Any]:
    if not value or not all(_INTEGER.fullmatch(key) for key in value):
        return value
    return {"$py": repr({int(key): inner for key, inner in value.items()})}


def _text(lines: Any, path: Path) -> str:
    if isinstance(lines, list):
        return "\n".join(expect(line, str, (*path, i)) for i, line in enumerate(lines))
    text: str = expect(lines, (str, list), path)
    return text


def _has_fraction(value: Any) -> bool:
    level = [value]
    while level:
        if any(isinstance(v, float) for v in level):
            return True
        level = [inner for v in level if isinstance(v, list | dict) for inner in _inner(v)]
    return False


def _inner(value: list[Any] | dict[str, Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
