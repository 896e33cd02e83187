"""EvalPlus (evalplus/evalplus): HumanEval+ and MBPP+, as its releases and its Hugging Face sets publish them.

A row with `test` (Hugging Face) brings inputs and expected values in that script. A row of a release has
`base_input`, `plus_input`, `canonical_solution` and `atol`: the expected values are then what the canonical solution
yields in the test process, fixed before the candidate is called, with deep copies of the arguments. Values are
compared as `evalplus.evaluate` does: equal, or numbers within `atol` (1e-6 where the expected value is a float and
the row says 0), element by element. `contract` describes valid inputs and has no part in judging.
"""

from __future__ import annotations

import json
from typing import Any

from proctor.judge.datasets.humaneval import helpers
from proctor.judge.datasets.row import RowTests, expect, field, optional
from proctor.wire import ScriptTests

_DRIVER = """\
import copy as _copy
import json as _json
import math as _math

_reference = {{}}
exec({reference}, _reference)
_inputs = _json.loads({inputs})
_atol = {atol}


def _close(got, want):
    if isinstance(want, float) or isinstance(got, float):
        if isinstance(got, bool) or not isinstance(got, (int, float)) or not isinstance(want, (int, float)):
            return False
        if _math.isnan(want) or _math.isnan(got):
            return _math.isnan(want) and _math.isnan(got)
        return got == want or abs(got - want) <= (_atol or 1e-6) + 1e-7 * abs(want)
    if isinstance(want, (list, tuple)):
        return (
            isinstance(got, (list, tuple)) and len(got) == len(want) and all(_close(g, w) for g, w in zip(got, want))
        )
    if isinstance(want, dict):
        return isinstance(got, dict) and got.keys() == want.keys() and all(_close(got[k], want[k]) for k in want)
    return got == want


def check(candidate):
    for _args in _inputs:
        _want = _reference[{name}](*_copy.deepcopy(_args))
        _got = candidate(*_copy.deepcopy(_args))
        assert _close(_got, _want)
"""


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
    code = _DRIVER.format(
        reference=repr(prompt + solution),
        inputs=repr(json.dumps(inputs)),
        atol=float(optional(row, "atol", (int, float)) or 0),
        name=repr(entry_point),
    )
    return RowTests(
        tests=ScriptTests(kind="script", code=code, entry_point=entry_point),
        cases=1 if inputs else 0,
        prelude=prompt if f"def {entry_point}" in prompt else None,
        entry_point=entry_point,
        problem=prompt or None,
    )


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
