"""open-r1/codeforces: `official_tests` of `{"input", "output"}`, `generated_checker`, `time_limit`, `memory_limit`.

- `time_limit` is in seconds and becomes the CPU limit of a case, `memory_limit` in MiB; null means unknown.
- `generated_checker` is Python and called as the set's evaluator calls it (huggingface/open-r1,
  utils/competitive_programming/cf_scoring.py): see `drivers/codeforces.py`. Without one, tokens are compared.
- `official_tests` leaves out tests that the site shows truncated (`official_tests_complete` says so); more may come
  as a list in `generated_tests`, which the set itself publishes apart, and here as their number.
- Two kinds of problem cannot be judged by input and output alone: interactive ones (`interaction_format`) and those
  that read and write files (`input_mode` "file"). Their tests are invalid, whatever the code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proctor.judge.datasets.drivers import source
from proctor.judge.datasets.inputs_outputs import stdio_tests
from proctor.judge.datasets.row import Path, RowFault, RowTests, contest_limits, expect, field, optional
from proctor.wire import Checker, StdioTests

_TEXT = ("description", "input_format", "output_format", "note")


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    cases = _cases(field(row, "official_tests", (list, type(None))), ("official_tests",))
    generated = row.get("generated_tests")
    if isinstance(generated, list):
        cases += _cases(generated, ("generated_tests",))
    read = stdio_tests([i for i, _ in cases], [o for _, o in cases], problem=_problem(row))
    checker = optional(row, "generated_checker", str)
    if checker and checker.strip() and isinstance(read.tests, StdioTests):
        read = replace(read, tests=read.tests.model_copy(update={"checker": _checker(checker)}))
    limits, fields = contest_limits(_time_limit(row), _memory_mib(row), memory_field="memory_limit")
    return replace(read, limits=limits, limit_fields=fields, invalid=_invalid(row))


def _cases(value: list[Any] | None, path: Path) -> list[tuple[str, str]]:
    objects = [expect(case, dict, (*path, i)) for i, case in enumerate(value or [])]
    return [(field(c, "input", str, (*path, i)), field(c, "output", str, (*path, i))) for i, c in enumerate(objects)]


def _checker(code: str) -> Checker:
    call = f"\n\nsys.exit(judge({code!r}, *sys.argv[1:4]))\n"
    return Checker(language="python", code=source("codeforces") + call)


def _invalid(row: dict[str, Any]) -> str | None:
    if (optional(row, "interaction_format", str) or "").strip():
        return "an interactive problem: input and output alone cannot judge it"
    mode = optional(row, "input_mode", str) or "stdio"
    if mode == "file":
        return "the program is to read and write files, which is not supported: input_mode 'file'"
    if mode != "stdio":
        raise RowFault(("input_mode",), f"this must be 'stdio' or 'file', not {mode[:40]!a}")
    return None


def _time_limit(row: dict[str, Any]) -> float:
    seconds = float(optional(row, "time_limit", (int, float)) or 0)
    if not 0 <= seconds < 1e9:
        raise RowFault(("time_limit",), "this must be a number of seconds")
    return seconds


def _memory_mib(row: dict[str, Any]) -> int:
    mib = float(optional(row, "memory_limit", (int, float)) or 0)
    if not 0 <= mib < 1e9:
        raise RowFault(("memory_limit",), "this must be a number of MiB")
    return -(-int(mib * 1024) // 1024)


def _problem(row: dict[str, Any]) -> str | None:
    parts = [optional(row, name, str) for name in _TEXT]
    return "\n\n".join(part for part in parts if part) or None
