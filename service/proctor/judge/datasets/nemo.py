"""NeMo-Gym's code_gen rows: `verifier_metadata.unit_tests` of `{"inputs", "outputs", "fn_name"}`."""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.inputs_outputs import read_lists
from proctor.judge.datasets.row import RowTests, embedded_json, field


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    metadata = field(row, "verifier_metadata", dict)
    tests = field(metadata, "unit_tests", (dict, str), ("verifier_metadata",))
    path = ("verifier_metadata", "unit_tests")
    return read_lists(embedded_json(tests, path) if isinstance(tests, str) else tests, path)
