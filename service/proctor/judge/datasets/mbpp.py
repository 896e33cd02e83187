"""MBPP (google-research/google-research, mbpp/mbpp.jsonl; sanitized-mbpp.json beside it).

`text` (sanitized: `prompt`), `test_list` of asserts, `test_setup_code` (sanitized: `test_imports`). The setup
runs AFTER the solution, so it belongs to the tests; it may use what the solution defines. Each assert is
one case. `challenge_test_list` is not part of the benchmark's own evaluation and is left out.
"""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.row import RowTests, expect, field, optional
from proctor.wire import ScriptTests


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    asserts = [expect(t, str, ("test_list", i)) for i, t in enumerate(field(row, "test_list", list))]
    imports = [expect(t, str, ("test_imports", i)) for i, t in enumerate(optional(row, "test_imports", list) or [])]
    setup = optional(row, "test_setup_code", str) or ""
    code = "\n".join(part for part in (*imports, setup, *asserts) if part.strip())
    return RowTests(
        tests=ScriptTests(kind="script", code=code + "\n"),
        cases=len([a for a in asserts if a.strip()]),
        problem=optional(row, "text", str) or optional(row, "prompt", str),
    )
