"""The shapes in which published rows hold tests, taken apart and written again.

`take` reads what the tests themselves do not say into a layout, small JSON; `write` makes the field's value of tests
and a layout. A value that `write` does not reproduce is no fault: the converter keeps such a field word for word.
"""

from __future__ import annotations

import json
from typing import Any

from proctor.wire import FunctionTests, StdioTests

Tests = StdioTests | FunctionTests
Layout = dict[str, Any]


class CannotHold(Exception):
    """The format has no words for these tests."""


# two lists: {"inputs": […], "outputs": […], "fn_name"?}


def take_lists(data: dict[str, Any]) -> Layout:
    """The layout of `{"inputs", "outputs", "fn_name"?}`: order of its keys, other keys, how calls are written."""
    inputs, outputs = data["inputs"], data["outputs"]
    layout: Layout = {"keys": list(data), "other": {k: v for k, v in data.items() if k not in _LISTS}}
    if data.get("fn_name"):
        layout["lines"] = any(isinstance(given, str) for given in inputs)
        layout["wrapped"] = bool(outputs) and all(isinstance(v, list) and len(v) == 1 for v in outputs)
    return layout


def write_lists(tests: Tests, layout: Layout) -> dict[str, Any]:
    """`{"inputs", "outputs", "fn_name"?}` of tests. Raises CannotHold."""
    if isinstance(tests, StdioTests):
        data: dict[str, Any] = {"inputs": [c.stdin for c in tests.cases], "outputs": [c.stdout for c in tests.cases]}
    else:
        lines = layout.get("lines", False)
        wrapped = layout.get("wrapped", not lines)
        data = {
            "fn_name": tests.entry_point,
            "inputs": [argument_lines(c.args) if lines else c.args for c in tests.cases],
            "outputs": [_expected(c.expected, lines, wrapped) for c in tests.cases],
        }
        _only_plain_calls(tests)
    data |= layout.get("other", {})
    keys = [k for k in layout.get("keys", []) if k in data]
    return {k: data[k] for k in (*keys, *(k for k in data if k not in keys))}


def _expected(value: Any, lines: bool, wrapped: bool) -> Any:
    if lines:
        return json.dumps(value)
    return [value] if wrapped else value


def argument_lines(args: list[Any]) -> str:
    """Arguments as text, a JSON value a line."""
    return "\n".join(json.dumps(arg) for arg in args)


def _only_plain_calls(tests: FunctionTests) -> None:
    if any(case.kwargs or case.result != "return" for case in tests.cases):
        raise CannotHold("keyword arguments, or results other than what the call returns")
    if '"$py"' in json.dumps([[case.args, case.expected] for case in tests.cases]):
        raise CannotHold('values that are no JSON: {"$py": …}')


_LISTS = ("inputs", "outputs", "fn_name")


# a list of objects: [{"input": …, "output": …, …}, …]


def take_objects(cases: list[dict[str, Any]]) -> Layout:
    """The layout of a list of cases: the first one's keys, and its fields beside input and output."""
    first = cases[0] if cases else {}
    calls = bool(first) and not isinstance(first.get("input"), str)
    return {
        "keys": list(first),
        "other": {k: v for k, v in first.items() if k not in ("input", "output")},
        "lists": calls,
        "wrapped": calls and all(isinstance(c.get("output"), list) and len(c["output"]) == 1 for c in cases),
    }


def write_objects(tests: Tests, layout: Layout, default: dict[str, Any]) -> list[dict[str, Any]]:
    """A list of cases; `default` are a case's further fields where the layout has none. Raises CannotHold."""
    other = layout.get("other") or default
    if isinstance(tests, StdioTests):
        pairs: list[tuple[Any, Any]] = [(c.stdin, c.stdout) for c in tests.cases]
    else:
        _only_plain_calls(tests)
        pairs = [(_given(c.args, layout), _yields(c.expected, layout)) for c in tests.cases]
    keys = layout.get("keys") or ["input", "output", *other]
    return [{k: found[k] for k in keys} for i, o in pairs for found in ({**other, "input": i, "output": o},)]


def _given(args: list[Any], layout: Layout) -> Any:
    return args if layout.get("lists") else argument_lines(args)


def _yields(value: Any, layout: Layout) -> Any:
    if not layout.get("lists"):
        return json.dumps(value)
    return [value] if layout.get("wrapped") else value
