"""DeepCoder-Preview-Dataset (agentica-org): `tests`, JSON of one of its three sources' formats.

LiveCodeBench's list (`testtype`, `metadata.func_name` in each case), SYNTHETIC-1's list (`type`, `fn_name`) or
TACO's object of `inputs` and `outputs`.
"""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.case_lists import read_cases
from proctor.judge.datasets.inputs_outputs import read_lists
from proctor.judge.datasets.row import RowTests, embedded_json, expect, field, optional


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    tests = field(row, "tests", (str, list, dict))
    data = embedded_json(tests, ("tests",)) if isinstance(tests, str) else tests
    problem, starter = optional(row, "problem", str), optional(row, "starter_code", str)
    if isinstance(data, dict):
        return read_lists(data, ("tests",), starter=starter, problem=problem)
    cases = expect(data, (list, dict), ("tests",))
    metadata = optional(row, "metadata", dict) or {}
    name = optional(metadata, "func_name", str, ("metadata",))
    return read_cases(cases, ("tests",), name=name, starter=starter, problem=problem)
