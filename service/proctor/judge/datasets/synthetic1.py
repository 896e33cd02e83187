"""SYNTHETIC-1 (PrimeIntellect): `verification_info`, JSON of `{"language", "test_cases": [{type, input, output}]}`.

`type` is `stdin_stdout` or `function_call`, the latter with `fn_name`.
"""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.case_lists import read_cases
from proctor.judge.datasets.row import RowTests, embedded_json, expect, field, optional


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    path = ("verification_info",)
    info = field(row, "verification_info", (str, dict))
    info = expect(embedded_json(info, path) if isinstance(info, str) else info, dict, path)
    cases = field(info, "test_cases", (list, str), path)
    inner = (*path, "test_cases")
    cases = expect(embedded_json(cases, inner) if isinstance(cases, str) else cases, list, inner)
    return read_cases(cases, inner, problem=optional(row, "prompt", str))
