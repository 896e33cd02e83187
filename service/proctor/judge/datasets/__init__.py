"""Rows of public data sets, as published, read as tests of ours: one format a module.

A malformed row raises `RowFault`, which points into the row. A row without a test case has
`cases == 0`: the planner makes that `tests_invalid`, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proctor.judge.datasets import humaneval, mbpp
from proctor.judge.datasets.row import RowFault, RowTests, RunnableTests

READERS: dict[str, Callable[[dict[str, Any]], RowTests]] = {
    "humaneval": humaneval.read,
    "mbpp": mbpp.read,
}


def read_row(format: str, row: dict[str, Any]) -> RowTests:
    """The tests that `row` of data set `format` describes. Raises RowFault."""
    reader = READERS.get(format)
    if reader is None:
        raise RowFault((), f"rows of {format} cannot be read yet; these can: {', '.join(sorted(READERS))}")
    return reader(row)


__all__ = ["READERS", "RowFault", "RowTests", "RunnableTests", "read_row"]
