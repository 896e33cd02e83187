"""KodCode-V1: `test`, the source of a pytest file that imports from `solution`; `test_info[].function_name`."""

from __future__ import annotations

import re
from typing import Any

from proctor.judge.datasets.row import RowTests, expect, field, optional
from proctor.wire import PytestTests

_TEST = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+test", re.MULTILINE)


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    source = field(row, "test", str)
    info = optional(row, "test_info", list) or []
    first = expect(info[0], dict, ("test_info", 0)) if info else {}
    return RowTests(
        tests=PytestTests(kind="pytest", files={"test_solution.py": source}),
        cases=len(_TEST.findall(source)),
        entry_point=optional(first, "function_name", str, ("test_info", 0)),
        problem=optional(row, "question", str),
    )
