"""The shape of a GRPO step: 64 prompts × 16 completions over shared tests, half of the completions repeated."""

from __future__ import annotations

import statistics
import time
from typing import Any

from proctor.bench.bare import PARALLEL
from proctor.bench.problems import all_passed, problems
from proctor.bench.row import Options, Row, at_least, at_most
from proctor.bench.service import Service, serve

PROMPTS, EACH, ROUNDS = 64, 16, 3


def step(salt: str, prompts: int, *, repeated: bool, options: Options) -> dict[str, Any]:
    """A request's body. repeated: each completion comes twice within its group, else all differ."""
    found = problems(options.data)
    samples = [
        {
            "group": f"p{p}",
            "tests": f"p{p}",
            "completion": f"{found[p % len(found)].solution}\n# {salt} {p} {c // 2 if repeated else c}\n",
        }
        for p in range(prompts)
        for c in range(EACH)
    ]
    tests = {f"p{p}": found[p % len(found)].tests for p in range(prompts)}
    return {"samples": samples, "tests": tests}


def measure(options: Options) -> list[Row]:
    """The same step with and without repetition, in turn."""
    prompts = 16 if options.quick else PROMPTS
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        _seconds(service, step("warm", 8, repeated=True, options=options))
        before = service.redis.info("commandstats").get("cmdstat_set", {}).get("usec", 0)
        pairs = [_round(service, i, prompts, options) for i in range(1 if options.quick else ROUNDS)]
        del before
        sent = _stored_test_sets(service)
    ratio = statistics.median(distinct / repeated for repeated, distinct in pairs)
    return [
        Row(f"{prompts} × {EACH}, half repeated, s", ", ".join(f"{r:.2f}" for r, _ in pairs)),
        Row(f"{prompts} × {EACH}, all distinct, s", ", ".join(f"{d:.2f}" for _, d in pairs)),
        at_least("repeated completions make it faster by", ratio, 1.8),
        at_most("times that a test set is kept in Redis", sent / min(prompts, len(problems(options.data))), 1, "times"),
    ]


def _round(service: Service, number: int, prompts: int, options: Options) -> tuple[float, float]:
    return (
        _seconds(service, step(f"r{number}", prompts, repeated=True, options=options)),
        _seconds(service, step(f"d{number}", prompts, repeated=False, options=options)),
    )


def _seconds(service: Service, body: dict[str, Any]) -> float:
    started = time.perf_counter()
    all_passed(service.score(**body))
    return time.perf_counter() - started


def _stored_test_sets(service: Service) -> int:
    return sum(1 for _ in service.redis.scan_iter("proctor:t:*", count=1000))
