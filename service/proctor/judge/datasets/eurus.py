"""Eurus-2-RL-Data (PRIME-RL): `reward_model.ground_truth`, JSON of `{"inputs", "outputs", "fn_name"?}`."""

from __future__ import annotations

from typing import Any

from proctor.judge.datasets.inputs_outputs import read_lists
from proctor.judge.datasets.row import RowTests, embedded_json, field


def read(row: dict[str, Any]) -> RowTests:
    """A row as published (`ability` code). Raises RowFault."""
    model = field(row, "reward_model", dict)
    truth = field(model, "ground_truth", (str, dict), ("reward_model",))
    path = ("reward_model", "ground_truth")
    return read_lists(embedded_json(truth, path) if isinstance(truth, str) else truth, path)
