"""MBPP as verl reads it: the tests in `reward_model.ground_truth` as JSON, the problem in `extra_info`.

python data.py          # writes data/train.parquet and data/test.parquet
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ASK = "{text}\nYour code should pass this test:\n{test}\nAnswer with one fenced block of Python."


def row(item: dict[str, Any], index: int) -> dict[str, Any]:
    """A row for verl."""
    problem = ASK.format(text=item["text"], test=item["test_list"][0])
    tests = {"kind": "dataset", "format": "mbpp", "row": {k: item[k] for k in ("test_list", "test_setup_code")}}
    return {
        "data_source": "mbpp",
        "prompt": [{"role": "user", "content": problem}],
        "ability": "code",
        "reward_model": {"style": "rule", "ground_truth": json.dumps(tests)},
        "extra_info": {"index": index, "problem": problem},
    }


def main() -> None:
    """Write the files."""
    from datasets import load_dataset

    Path("data").mkdir(exist_ok=True)
    for split in ("train", "test"):
        rows = load_dataset("google-research-datasets/mbpp", "full", split=split)
        rows.map(row, with_indices=True, remove_columns=rows.column_names).to_parquet(f"data/{split}.parquet")


if __name__ == "__main__":
    main()
