"""Reading a row of a data set: fields by path, faults that point into the row.

A row is untrusted as data, but it is the trainer's, not the policy's: it never holds anything
that a candidate wrote.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proctor.wire import FunctionTests, Limits, LimitsOverride, PytestTests, ScriptTests, StdioTests

RunnableTests = StdioTests | FunctionTests | ScriptTests | PytestTests
Path = tuple[str | int, ...]


class RowFault(Exception):
    """A row that is not as its format publishes it. `path` leads from the row to the fault."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(detail)
        self.path = path
        self.detail = detail


@dataclass(frozen=True, slots=True)
class RowTests:
    """What a row says, in our own terms.

    cases: number of test cases, where it is known before they run; 0 makes the row `tests_invalid`.
    limits: the row's own limits; None without any. limit_fields: the row's field for each of them.
    prelude: put before a completion that is only the body of `entry_point`; None where the format has no such.
    entry_point: the name that the code must define; None for programs.
    problem: the problem's text, for the thinking model.
    invalid: why the row's tests cannot be run; None where they can.
    """

    tests: RunnableTests | None
    cases: int
    limits: LimitsOverride | None = None
    limit_fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    prelude: str | None = None
    entry_point: str | None = None
    problem: str | None = None
    invalid: str | None = None


def field(row: dict[str, Any], name: str, kind: type | tuple[type, ...], path: Path = ()) -> Any:
    """`row[name]`, which must be there and of `kind`. Raises RowFault."""
    if name not in row:
        raise RowFault((*path, name), "this field is missing")
    return expect(row[name], kind, (*path, name))


def optional(row: dict[str, Any], name: str, kind: type | tuple[type, ...], path: Path = ()) -> Any:
    """`row[name]` if it is there and not null. Raises RowFault where it is of another kind."""
    value = row.get(name)
    return None if value is None else expect(value, kind, (*path, name))


def expect(value: Any, kind: type | tuple[type, ...], path: Path) -> Any:
    """`value`, if it is of `kind` (a bool is no number). Raises RowFault."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        names = " or ".join(_NAMES.get(k, k.__name__) for k in kinds)
        raise RowFault(path, f"this must be {names}, not {_NAMES.get(type(value), type(value).__name__)}")
    return value


def embedded_json(text: str, path: Path) -> Any:
    """JSON within a string of the row. Integers keep their size, NaN and lone surrogates survive. Raises RowFault."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowFault(path, f"this is not JSON: {error}") from None


def contest_limits(
    seconds: float, memory_mib: int, *, memory_field: str
) -> tuple[LimitsOverride | None, dict[str, str]]:
    """A contest's limits as ours, None without any, and the row's field for each; 0 or less means unknown.

    A time limit bounds the CPU time of a case. The wall clock follows where its default might not do.
    """
    limits: dict[str, Any] = {}
    if seconds > 0:
        limits["cpu_s"] = seconds
        if _WALL_SHARE * seconds > Limits().wall_s:
            limits["wall_s"] = _WALL_SHARE * seconds
    if memory_mib > 0:
        limits["memory_mib"] = max(_LEAST_MIB, memory_mib)
    fields = {"cpu_s": "time_limit", "wall_s": "time_limit", "memory_mib": memory_field}
    return (LimitsOverride(**limits) if limits else None), fields


_WALL_SHARE = 3.0  # wall clock of a case, in CPU seconds
_LEAST_MIB = 16  # of memory: less is refused
_NAMES: dict[type, str] = {
    str: "a string",
    list: "a list",
    dict: "an object",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}
