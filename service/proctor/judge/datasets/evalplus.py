"""EvalPlus (evalplus/evalplus): HumanEval+ and MBPP+, as its releases and its Hugging Face sets publish them.

A row with `test` (Hugging Face) brings inputs and expected values in that script. A row of a release has
`base_input`, `plus_input`, `canonical_solution` and `atol`: the expected values are then what the canonical solution
yields in the test process, fixed before the candidate is called, with deep copies of the arguments. Inputs get back
the types that JSON took from them, and values are compared as `evalplus.evaluate` does, its special cases included: see
`drivers/evalplus.py`. `contract` describes valid inputs and has no part in judging.
"""

from __future__ import annotations

import json
from typing import Any

from proctor.judge.datasets.drivers import source
from proctor.judge.datasets.humaneval import helpers
from proctor.judge.datasets.row import RowTests, expect, field, optional
from proctor.wire import ScriptTests


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    prompt = optional(row, "prompt", str) or ""
    if optional(row, "test", str):
        return _scripted(row, prompt)
    entry_point = field(row, "entry_point", str)
    inputs = [
        expect(args, list, (name, number))
        for name, rows in (
            ("base_input", field(row, "base_input", list)),
            ("plus_input", optional(row, "plus_input", list)),
        )
        for number, args in enumerate(rows or [])
    ]
    solution = field(row, "canonical_solution", str)
    return RowTests(
        tests=ScriptTests(
            kind="script", code=_script(row, entry_point, prompt + solution, inputs), entry_point=entry_point
        ),
        cases=1 if inputs else 0,
        prelude=prompt if f"def {entry_point}" in prompt else None,
        entry_point=entry_point,
        problem=prompt or None,
    )


def _script(row: dict[str, Any], entry_point: str, reference: str, inputs: list[Any]) -> str:
    atol = float(optional(row, "atol", (int, float)) or 0)
    task = optional(row, "task_id", str) or ""
    lines = [
        "import json",
        "_reference = {}",
        f"exec({reference!r}, _reference)",
        f"_inputs = json.loads({json.dumps(inputs)!r})",
        "",
        "",
        "def check(candidate):",
        f"    check_all(candidate, _reference[{entry_point!r}], _inputs, {task!r}, {entry_point!r}, {atol!r})",
    ]
    return source("evalplus") + "\n\n" + "\n".join(lines) + "\n"


def _scripted(row: dict[str, Any], prompt: str) -> RowTests:
    entry_point = optional(row, "entry_point", str)
    code = row["test"] if entry_point is None else helpers(prompt, entry_point) + row["test"]
    return RowTests(
        tests=ScriptTests(kind="script", code=code, entry_point=entry_point),
        cases=1,
        prelude=prompt if entry_point is not None and f"def {entry_point}" in prompt else None,
        entry_point=entry_point,
        problem=prompt or None,
    )
