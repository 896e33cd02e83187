"""HumanEval (openai/human-eval, data/HumanEval.jsonl.gz): `prompt`, `test`, `entry_point`.

- `test` defines `check(candidate)`; it is called with the entry point.
- A base model's completion is the body that continues `prompt`: the prompt is then put before it.
- Helpers that the tests use (problems 32, 38, 50) stand in the prompt, before the entry point's `def`.
  They come from the row and not from the candidate, who could define them otherwise.
"""

from __future__ import annotations

import re
from typing import Any

from proctor.judge.datasets.row import RowTests, field
from proctor.wire import ScriptTests


def read(row: dict[str, Any]) -> RowTests:
    """A row as published. Raises RowFault."""
    prompt = field(row, "prompt", str)
    entry_point = field(row, "entry_point", str)
    test = field(row, "test", str)
    code = helpers(prompt, entry_point) + test
    return RowTests(
        tests=ScriptTests(kind="script", code=code, entry_point=entry_point),
        cases=1 if test.strip() else 0,
        prelude=prompt,
        entry_point=entry_point,
        problem=prompt,
    )


def helpers(prompt: str, entry_point: str) -> str:
    """What stands in `prompt` before the `def` of `entry_point`: imports and helper functions."""
    found = re.search(rf"^def[ \t]+{re.escape(entry_point)}\b", prompt, re.MULTILINE)
    text = prompt[: found.start()] if found else ""
    return text.rstrip() + "\n\n" if text.strip() else ""
