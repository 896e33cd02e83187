"""The cleaned row: as it was, but for what can be mended without a guess.

Repeated tests go, the first of each stays. Rows of ours also get the comparison and the limits under which their
references passed. A published row is written again in its own format; where that cannot hold the change, it stays.
"""

from __future__ import annotations

import json
from typing import Any

from proctor.datasets.convert import from_ours, to_ours
from proctor.datasets.findings import Checked, Kind
from proctor.datasets.guess import OURS, PLAIN, tests_of
from proctor.datasets.probes import SCALES, Bounds
from proctor.datasets.problem import Problem
from proctor.datasets.scan import second_ones
from proctor.datasets.shapes import CannotHold
from proctor.judge.datasets import RowFault
from proctor.wire import FunctionTests, StdioTests

_MENDED_IN_OURS = frozenset({Kind.NEEDS_COMPARATOR, Kind.LIMITS_TOO_TIGHT})


def cleaned(problem: Problem, checked: Checked, bounds: Bounds, *, strict: bool = False) -> dict[str, Any] | None:
    """The row to keep; None where it is to go. strict: only rows go on whose reference solution passed."""
    row = problem.row
    if row is None or (strict and not checked.checked):
        return None
    kinds = {finding.kind for finding in checked.findings}
    faults = {finding.kind for finding in checked.findings if finding.is_fault}
    if faults - (_MENDED_IN_OURS if _is_ours(problem) else frozenset()):
        return None
    changes = _changes(faults, checked, problem, bounds)
    if Kind.DUPLICATE_TESTS in kinds:
        row = _without_repeats(problem, row)
    return _changed(row, changes) if changes else row


def _changes(faults: set[Kind], checked: Checked, problem: Problem, bounds: Bounds) -> dict[str, Any]:
    """What mends the faults of a row of ours: its comparison, its limits."""
    changes: dict[str, Any] = {}
    if Kind.NEEDS_COMPARATOR in faults and checked.suggestion is not None:
        changes["compare"] = checked.suggestion.compare
    if Kind.LIMITS_TOO_TIGHT in faults:
        scale = next(s for s in SCALES if any(r.all_pass(s) for r in checked.runs))
        changes["limits"] = bounds.of(problem, scale).model_dump()
    return changes


def _changed(row: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    row = dict(row)
    if "limits" in changes:
        row["limits"] = changes["limits"]
    if "compare" in changes:
        row = _with_tests(row, {**tests_of(row), "compare": changes["compare"]})
    return row


def _with_tests(row: dict[str, Any], tests: dict[str, Any]) -> dict[str, Any]:
    """A row of ours with other tests, in a string where they stood in one."""
    return {**row, "tests": json.dumps(tests) if isinstance(row["tests"], str) else tests}


def _is_ours(problem: Problem) -> bool:
    assert problem.row is not None
    return problem.format == OURS and tests_of(problem.row).get("kind") != "dataset"


def _without_repeats(problem: Problem, row: dict[str, Any]) -> dict[str, Any]:
    tests = problem.read.tests
    if not isinstance(tests, StdioTests | FunctionTests) or problem.format == PLAIN:
        return row
    again = set(second_ones([json.dumps(case.model_dump()) for case in tests.cases]))
    if problem.format == OURS:
        return _dropped(row, again) if _is_ours(problem) else row
    ours = to_ours(problem.format, row)
    if ours["tests"]["kind"] == "dataset":
        return row
    try:
        return from_ours(problem.format, _dropped(ours, again))
    except (CannotHold, RowFault):
        return row


def _dropped(ours: dict[str, Any], again: set[int]) -> dict[str, Any]:
    tests = tests_of(ours)
    kept = [case for number, case in enumerate(tests["cases"]) if number not in again]
    return _with_tests(ours, {**tests, "cases": kept})
