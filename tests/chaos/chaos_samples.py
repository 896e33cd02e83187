"""Batches of real code whose verdicts are known."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

STDIO = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}, {"stdin": "9\n", "stdout": "81\n"}]}
FUNCTION = {
    "kind": "function",
    "entry_point": "f",
    "cases": [{"args": [n], "expected": n * n} for n in (2, 9)],
}

#: Code by the verdict that it earns; {s} is a pause in seconds.
PROGRAMS = {
    "passed": "import time; time.sleep({s})\nprint(int(input()) ** 2)",
    "wrong_answer": "import time; time.sleep({s})\nprint(int(input()) + 2)",
    "runtime_error": "import time; time.sleep({s})\nraise SystemExit(3)",
    "time_limit": "while True: pass",
}
FUNCTIONS = {
    "passed": "import time\ndef f(x):\n    time.sleep({s})\n    return x * x",
    "wrong_answer": "def f(x):\n    return x + 2",
    "runtime_error": "def f(x):\n    return x / 0",
}


@dataclass(frozen=True)
class Batch:
    """samples: as sent; expected: their verdicts, same order."""

    name: str
    samples: list[dict[str, Any]]
    expected: list[str]

    @property
    def body(self) -> dict[str, Any]:
        return {"samples": self.samples, "deadline_s": 240, "run": self.name}


def batch(dice: random.Random, name: str, count: int) -> Batch:
    """`count` samples, some of them twice."""
    samples: list[dict[str, Any]] = []
    expected = []
    for i in range(count):
        if samples and dice.random() < 0.1:
            at = dice.randrange(len(samples))
            samples.append({**samples[at], "id": f"{name}-{i}"})
            expected.append(expected[at])
            continue
        codes, tests = dice.choice([(PROGRAMS, STDIO), (FUNCTIONS, FUNCTION)])
        verdict = dice.choice([*codes, "passed"])
        if verdict == "time_limit" and dice.random() < 0.7:  # the dear ones are few
            verdict = "passed"
        code = codes[verdict].format(s=round(dice.uniform(0, 0.15), 3)) + f"\n# {name} {i}"
        sample = {"id": f"{name}-{i}", "completion": code, "tests": tests}
        samples.append({**sample, "limits": {"cpu_s": 0.3}} if verdict == "time_limit" else sample)
        expected.append(verdict)
    return Batch(name, samples, expected)
