"""Tests as a list of objects with `input` and `output`: LiveCodeBench, SYNTHETIC-1, DeepCoder.

A case is a call where it says so (`testtype: "functional"`, `type: "function_call"`) and else a program's run; the
two do not mix within a row.
"""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.inputs_outputs import read_lists
from proctor.judge.datasets.row import Path, RowFault, RowTests, expect, field, optional

_CALLS = frozenset({"functional", "function_call"})
_PROGRAMS = frozenset({"stdin", "stdin_stdout"})


def read_cases(
    cases: list[Any],
    path: Path,
    *,
    name: str | None = None,
    starter: str | None = None,
    problem: str | None = None,
) -> RowTests:
    """The tests that `cases`, found at `path`, describe; `name` is the function where the cases name none.

    Raises RowFault.
    """
    objects = [expect(case, dict, (*path, i)) for i, case in enumerate(cases)]
    if not objects:
        return RowTests(tests=None, cases=0, problem=problem)
    kinds = {_is_call(case, (*path, i)) for i, case in enumerate(objects)}
    if len(kinds) > 1:
        raise RowFault(path, "programs and calls in one row")
    data: dict[str, Any] = {
        "inputs": [field(case, "input", (str, list), (*path, i)) for i, case in enumerate(objects)],
        "outputs": [_output(case, (*path, i)) for i, case in enumerate(objects)],
    }
    if kinds == {True}:
        data["fn_name"] = _name(objects[0], path) or name
        if not data["fn_name"]:
            raise RowFault((*path, 0), "a call without the name of its function")
    return _placed(data, path, starter, problem)


def _placed(data: dict[str, Any], path: Path, starter: str | None, problem: str | None) -> RowTests:
    """As `read_lists`, its faults pointing to the case's own field."""
    try:
        return read_lists(data, (), starter=starter, problem=problem)
    except RowFault as fault:
        if len(fault.path) >= 2 and fault.path[0] in ("inputs", "outputs"):
            place = (*path, fault.path[1], str(fault.path[0])[:-1], *fault.path[2:])
            raise RowFault(place, fault.detail) from None
        raise RowFault((*path, *fault.path), fault.detail) from None


def _is_call(case: dict[str, Any], path: Path) -> bool:
    kind = optional(case, "testtype", str, path) or optional(case, "type", str, path)
    if kind is None:
        return _name(case, path[:-1]) is not None
    if kind not in _CALLS | _PROGRAMS:
        raise RowFault((*path, "testtype" if "testtype" in case else "type"), f"unknown type of test {kind[:40]!a}")
    return kind in _CALLS


def _name(case: dict[str, Any], path: Path) -> str | None:
    metadata = optional(case, "metadata", dict, path) or {}
    name: str | None = optional(case, "fn_name", str, path) or optional(metadata, "func_name", str, path)
    return name


def _output(case: dict[str, Any], path: Path) -> Any:
    if "output" not in case:
        raise RowFault((*path, "output"), "this field is missing")
    return case["output"]
