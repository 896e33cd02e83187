"""Programs with 50 cases each, against one bare subprocess per case."""

from __future__ import annotations

import statistics
import time

from proctor.bench.bare import PARALLEL, subprocesses_per_s
from proctor.bench.problems import all_passed
from proctor.bench.row import Options, Row, at_least
from proctor.bench.service import Service, serve

CASES, ROUNDS = 50, 3
PROGRAM = "n = int(input())\nprint(sum(int(x) ** 2 for x in input().split()) + n)\n"


def measure(options: Options) -> list[Row]:
    """Cases per second, ours and theirs in turn."""
    count = 4 if options.quick else 12
    stdin = [f"{i}\n{i} {i + 1} {i + 2}\n" for i in range(CASES)]
    stdout = [f"{sum(x * x for x in (i, i + 1, i + 2)) + i}\n" for i in range(CASES)]
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        _cases_per_s(service, "warm", 2, stdin, stdout)
        pairs = [
            (
                _cases_per_s(service, str(i), count, stdin, stdout),
                subprocesses_per_s([PROGRAM] * (CASES * count // 2), stdin * (count // 2)),
            )
            for i in range(ROUNDS)
        ]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    return [
        Row("cases/s over HTTP", ", ".join(f"{ours:.0f}" for ours, _ in pairs)),
        Row("one bare subprocess per case, cases/s", ", ".join(f"{bare:.0f}" for _, bare in pairs)),
        at_least("ratio", ratio, 4),
    ]


def _cases_per_s(service: Service, salt: str, count: int, stdin: list[str], stdout: list[str]) -> float:
    cases = [{"stdin": i, "stdout": o} for i, o in zip(stdin, stdout, strict=True)]
    batch = [{"completion": f"{PROGRAM}# {salt} {i}\n", "tests": "sums"} for i in range(count)]
    started = time.perf_counter()
    answer = service.score(batch, tests={"sums": {"kind": "stdio", "cases": cases}})
    taken = time.perf_counter() - started
    all_passed(answer)
    return count * CASES / taken
