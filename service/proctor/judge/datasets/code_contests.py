"""CodeContests (deepmind/code_contests): `public_tests`, `private_tests`, `generated_tests`, and the limits.

Each is `{"input": […], "output": […]}` (Hugging Face) or a list of `{"input", "output"}` (the protocol buffer as
JSON). `time_limit` is `{"seconds", "nanos"}` or a number of seconds and becomes the CPU limit of a case;
`memory_limit_bytes` its memory. Zero means unknown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proctor.judge.datasets.inputs_outputs import stdio_tests
from proctor.judge.datasets.row import Path, RowFault, RowTests, contest_limits, expect, field, optional

FIELDS = ("public_tests", "private_tests", "generated_tests")


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    if not any(name in row for name in FIELDS):
        raise RowFault((FIELDS[0],), "this field is missing")
    pairs = [pair for name in FIELDS for pair in _pairs(row.get(name), (name,))]
    tests = stdio_tests([i for i, _ in pairs], [o for _, o in pairs], problem=optional(row, "description", str))
    memory = optional(row, "memory_limit_bytes", int) or 0
    limits, fields = contest_limits(
        _seconds(optional(row, "time_limit", (dict, int, float))), -(-memory >> 20), memory_field="memory_limit_bytes"
    )
    return replace(tests, limits=limits, limit_fields=fields)


def _pairs(value: Any, path: Path) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, dict):
        inputs, outputs = field(value, "input", list, path), field(value, "output", list, path)
        if len(inputs) != len(outputs):
            raise RowFault((*path, "output"), f"{len(outputs)} outputs for {len(inputs)} inputs")
        return [
            (expect(i, str, (*path, "input", n)), expect(o, str, (*path, "output", n)))
            for n, (i, o) in enumerate(zip(inputs, outputs, strict=True))
        ]
    cases = [expect(case, dict, (*path, n)) for n, case in enumerate(expect(value, (list, dict), path))]
    return [(field(c, "input", str, (*path, n)), field(c, "output", str, (*path, n))) for n, c in enumerate(cases)]


def _seconds(value: dict[str, Any] | float | None) -> float:
    if isinstance(value, dict):
        path = ("time_limit",)
        seconds = optional(value, "seconds", int, path) or 0
        return float(seconds) + (optional(value, "nanos", int, path) or 0) / 1e9
    number = float(value or 0)
    if not 0 <= number < 1e9:
        raise RowFault(("time_limit",), "this must be a number of seconds")
    return number
