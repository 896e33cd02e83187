"""Rows of public data sets, as published, read as tests of ours: one format a module.

A malformed row raises `RowFault`, which points into the row. A row without a test case has
`cases == 0`: the planner makes that `tests_invalid`, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proctor.judge.datasets import (
    apps,
    code_contests,
    codeforces,
    deepcoder,
    eurus,
    evalplus,
    humaneval,
    kodcode,
    livecodebench,
    mbpp,
    nemo,
    synthetic1,
)
from proctor.judge.datasets.row import RowFault, RowTests, RunnableTests

READERS: dict[str, Callable[[dict[str, Any]], RowTests]] = {
    "apps": apps.read,
    "code_contests": code_contests.read,
    "codeforces": codeforces.read,
    "deepcoder": deepcoder.read,
    "eurus": eurus.read,
    "evalplus": evalplus.read,
    "humaneval": humaneval.read,
    "kodcode": kodcode.read,
    "livecodebench": livecodebench.read,
    "mbpp": mbpp.read,
    "nemo": nemo.read,
    "synthetic1": synthetic1.read,
    "taco": apps.read,
}


def read_row(format: str, row: dict[str, Any]) -> RowTests:
    """The tests that `row` of data set `format` describes. Raises RowFault."""
    return READERS[format](row)


__all__ = ["READERS", "RowFault", "RowTests", "RunnableTests", "read_row"]
