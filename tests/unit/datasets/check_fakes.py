"""A service that knows how each program ends, for tests of `check-dataset`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from proctor.datasets import files
from proctor.datasets.check import Checker, Options, Refused
from proctor.datasets.findings import Checked
from proctor.datasets.probes import Bounds
from proctor.datasets.problem import problem_of
from proctor.judge.compare import as_bytes, difference
from proctor.wire import Compare, Limits, LimitsOverride, SampleResult

MOST = Limits(cpu_s=300, wall_s=900, memory_mib=8192, output_kib=65536, sample_wall_s=1800, compile_s=300)


class Service:
    """Judges stdio samples whose program is `print(…)` of a literal, or says its end: `# ends: time_limit below 25`.

    `# ends: flaky` passes every other time, `# uses: 6` is CPU time. Tests of another kind are passed by what holds
    `return x`.
    """

    def __init__(self) -> None:
        self.samples: list[dict[str, Any]] = []

    def ask(self, samples: list[dict[str, Any]], stop: str) -> Sequence[SampleResult]:
        if any("refuse me" in sample["completion"] for sample in samples):
            raise Refused("too deep")
        self.samples += samples
        return [self._judged(i, sample) for i, sample in enumerate(samples)]

    def _judged(self, index: int, sample: dict[str, Any]) -> SampleResult:
        code, tests = sample["completion"], sample["tests"]
        if found := re.search(r"# ends: (\w+)(?: below (\d+))?", code):
            end, below = found[1], float(found[2] or 1e9)
            if end == "flaky":
                return result(index, "passed" if len(self.samples) % 2 ^ index % 2 else "wrong_answer", tests)
            limits = sample["limits"]
            ended = "passed" if limits["cpu_s"] >= below else end
            if end == "busy":  # every other run gets no processor for long
                ended = "passed" if len(self.samples) % 2 ^ index % 2 else "time_limit"
            return result(index, ended, tests, cpu_s=limits["cpu_s"] * (ended == "time_limit" and end != "busy"))
        if tests["kind"] != "stdio":
            return result(index, "passed" if "return x" in code else "runtime_error", tests)
        printed = re.search(r"print\('([^']*)'\)", code)
        output = as_bytes(printed[1] if printed else "")
        compare = Compare(**tests.get("compare", {}))
        wrong = [difference(as_bytes(case["stdout"]), output, compare) for case in tests.get("cases", [])]
        uses = re.search(r"# uses: (\d+)", code)
        return result(
            index, next(("wrong_answer" for w in wrong if w), "passed"), tests, wrong, float(uses[1]) if uses else 0.1
        )


def result(
    index: int, verdict: str, tests: dict[str, Any], details: Sequence[str | None] = (), cpu_s: float = 0.1
) -> SampleResult:
    details = details or [None if verdict == "passed" else verdict]
    cases = [{"verdict": verdict if d else "passed", "detail": d, "cpu_s": cpu_s, "memory_mib": 9.0} for d in details]
    error = {"code": "sandbox_unavailable", "message": "none"} if verdict == "invalid" else None
    return SampleResult.model_validate(
        {
            "index": index,
            "verdict": verdict,
            "reward": None if error else float(verdict == "passed"),
            "components": {"format": None, "outcome": None, "thinking": None, "gate": None},
            "tests": {"passed": sum(d is None for d in details), "total": len(cases), "cases": cases},
            "timing": {"cpu_s": cpu_s},
            "error": error,
        }
    )


def check(*rows: dict[str, Any] | None, service: Service | None = None, **options: Any) -> list[Checked]:
    """Check rows against the fake service."""
    bounds = Bounds(Limits(), MOST, LimitsOverride())
    checker = Checker((service or Service()).ask, bounds, ("python",), Options(**options))
    problems = (problem_of(files.Row(i, row, None if row is not None else "no JSON")) for i, row in enumerate(rows, 1))
    return [checked for _, checked in checker.check(problems)]


def program(answer: str, *references: str, **fields: Any) -> dict[str, Any]:
    """A plain row: one test that expects `answer`."""
    tests = [{"input": "1\n", "output": answer}]
    return {"prompt": "Q", "tests": tests, "solutions": list(references), **fields}
