"""Rows of no published format: tests as text, as a list of asserts, or as a list of cases.

    "tests": "def check(candidate): …", "entry_point": "f"          test code
    "tests": ["assert f(1) == 2", …], "test_setup": "…"             asserts
    "tests": [{"input": "1\\n", "output": "2\\n"}, …]               a program's input and output
    "checker": {"type": "tokens_float", "tolerance": 1e-6}          how the latter are compared

`time_limit` (seconds) and `memory_limit` (MiB) count where they are numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proctor.judge.datasets import RowFault, RowTests, mbpp
from proctor.judge.datasets.inputs_outputs import stdio_tests
from proctor.judge.datasets.row import contest_limits, expect, field, optional
from proctor.wire import Compare, ScriptTests, StdioTests

_INPUT, _OUTPUT = ("input", "stdin"), ("output", "stdout", "expected_output")


def read(row: dict[str, Any]) -> RowTests:
    """The tests of a plain row. Raises RowFault."""
    problem = next(
        (row[n] for n in ("prompt", "question", "problem", "description") if isinstance(row.get(n), str)), None
    )
    tests = field(row, "tests", (str, list))
    if isinstance(tests, str):
        return _code(row, tests, problem)
    if tests and isinstance(tests[0], str):
        setup = optional(row, "test_setup", str) or optional(row, "test_setup_code", str)
        return replace(mbpp.read({"test_list": tests, "test_setup_code": setup}), problem=problem)
    return _programs(row, tests, problem)


def _code(row: dict[str, Any], tests: str, problem: str | None) -> RowTests:
    entry_point = optional(row, "entry_point", str)
    setup = optional(row, "test_setup", str) or ""
    code = f"{setup.rstrip()}\n\n{tests}" if setup.strip() else tests
    return RowTests(
        tests=ScriptTests(kind="script", code=code, entry_point=entry_point),
        cases=1 if tests.strip() else 0,
        prelude=problem if entry_point and problem and f"def {entry_point}" in problem else None,
        entry_point=entry_point,
        problem=problem,
    )


def _programs(row: dict[str, Any], tests: list[Any], problem: str | None) -> RowTests:
    cases = [expect(case, dict, ("tests", i)) for i, case in enumerate(tests)]
    stdin = [_text(case, _INPUT, i) for i, case in enumerate(cases)]
    stdout = [_text(case, _OUTPUT, i) for i, case in enumerate(cases)]
    read = stdio_tests(stdin, stdout, problem=problem)
    checker = optional(row, "checker", dict)
    if checker is not None and isinstance(read.tests, StdioTests):
        tolerance = float(optional(checker, "tolerance", (int, float), ("checker",)) or 0)
        compare = Compare(abs_tol=tolerance, rel_tol=tolerance, ignore_case=checker.get("ignore_case") is True)
        read = replace(read, tests=read.tests.model_copy(update={"compare": compare}))
    seconds, mib = (row[n] if isinstance(row.get(n), int | float) else 0 for n in ("time_limit", "memory_limit"))
    limits, fields = contest_limits(float(seconds), int(mib), memory_field="memory_limit")
    return replace(read, limits=limits, limit_fields=fields)


def _text(case: dict[str, Any], names: tuple[str, ...], number: int) -> str:
    for name in names:
        if name in case:
            return str(expect(case[name], str, ("tests", number, name)))
    raise RowFault(("tests", number, names[0]), "this field is missing")
