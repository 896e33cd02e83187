"""What the measurements run: HumanEval's references where the file is at hand, else the problems of the demo."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

#: Where a checkout of the project finds the shared data: beside itself.
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "humaneval.jsonl"
FUNCTION = {"kind": "function", "entry_point": "f", "cases": [{"args": [2], "expected": 4}]}


@dataclass(frozen=True)
class Problem:
    """A right solution, its tests, and both as a program of its own that exits with 0."""

    solution: str
    tests: dict[str, Any]
    program: str


@cache
def problems(file: Path | None = None) -> tuple[Problem, ...]:
    """The problems of a file in HumanEval's shape (`task`, `tests`, `entry_point`, `reference_solution`)."""
    file = file or (SHARED if SHARED.exists() else None)
    return tuple(map(_humaneval, _rows(file.read_text("utf-8")))) if file else _bundled()


def samples(salt: str, count: int, file: Path | None = None) -> list[dict[str, Any]]:
    """`count` samples that pass; `salt` and their number make each of them another unit."""
    found = problems(file)
    return [
        {"completion": f"{p.solution}\n# {salt} {i}\n", "tests": p.tests}
        for i, p in ((i, found[i % len(found)]) for i in range(count))
    ]


def functions(salt: str, count: int) -> list[dict[str, Any]]:
    """`count` samples of one call each, the least that can be judged; all differ."""
    return [{"completion": f"def f(x):\n    return x * x  # {salt} {i}\n", "tests": FUNCTION} for i in range(count)]


def all_passed(answer: dict[str, Any]) -> None:
    """Raises RuntimeError where a sample of an answer did not pass: then there is nothing to measure."""
    odd = [r for r in answer["results"] if r["verdict"] != "passed"]
    if odd:
        raise RuntimeError(f"{len(odd)} of {len(answer['results'])} samples did not pass, such as {odd[0]}")


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _humaneval(row: dict[str, Any]) -> Problem:
    solution, entry_point = row["reference_solution"], row["entry_point"]
    return Problem(
        solution,
        {"kind": "script", "code": row["tests"], "entry_point": entry_point},
        f"{solution}\n{row['tests']}\ncheck({entry_point})\n",
    )


def _bundled() -> tuple[Problem, ...]:
    found = []
    for row in _rows((resources.files("proctor.demo") / "problems.jsonl").read_text("utf-8")):
        tests = row["sample"]["tests"]
        code = row["sample"]["completion"]
        if row["expect"] == "passed" and tests["kind"] == "script" and "```" not in code:
            found.append(Problem(code, tests, f"{code}\n{tests['code']}\n"))
    if found:
        return tuple(found)
    code, tests = "def f(x):\n    return x * x\n", "assert f(2) == 4\n"
    return (Problem(code, {"kind": "script", "code": tests, "entry_point": "f"}, f"{code}\n{tests}"),)
