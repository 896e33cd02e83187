"""APPS (hendrycks/apps) and TACO (FlagOpen/TACO): `input_output`, JSON of `{"inputs", "outputs", "fn_name"?}`.

An empty `input_output` is a problem without tests. TACO's `time_limit` and `memory_limit` are sentences that its own
evaluator does not read; neither do we.
"""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.inputs_outputs import read_lists
from proctor.judge.datasets.row import RowTests, embedded_json, optional


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    problem = optional(row, "question", str)
    text = optional(row, "input_output", (str, dict))
    if text is None or (isinstance(text, str) and not text.strip()):
        return RowTests(tests=None, cases=0, problem=problem)
    data = embedded_json(text, ("input_output",)) if isinstance(text, str) else text
    return read_lists(data, ("input_output",), starter=optional(row, "starter_code", str), problem=problem)
