"""What the service itself costs: CPU time of API, Redis and workers per sample, and Redis commands.

The sandbox's part is in other processes and not counted. CPU time hardly depends on what else the machine does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proctor.bench.bare import PARALLEL
from proctor.bench.problems import all_passed, functions, samples
from proctor.bench.row import Options, Row, at_most
from proctor.bench.service import Service, serve

ROUNDS = 5
SETTLE_S = 0.3  # what is still written after the answer belongs to the batch


@dataclass(frozen=True)
class Cost:
    """Of one sample: milliseconds of CPU by role, Redis commands (those inside scripts included)."""

    ms: dict[str, float]
    commands: float

    @property
    def total_ms(self) -> float:
        """Of API, Redis and workers together."""
        return sum(self.ms.values())


def cost_of(service: Service, batch: list[dict[str, Any]], **body: Any) -> Cost:
    """The cost of a sample of `batch`, scored once."""
    return cost(service, len(batch), lambda: all_passed(service.score(batch, **body)))


def cost(service: Service, count: int, work: Callable[[], object]) -> Cost:
    """The cost of a sample, `count` of which `work` has judged."""
    roles = service.roles()
    seconds, commands = roles.seconds(), service.commands()["all"]
    work()
    time.sleep(SETTLE_S)
    after = roles.seconds()
    ms = {role: (after[role] - seconds[role]) / count * 1000 for role in after}
    return Cost(ms, (service.commands()["all"] - commands) / count)


def measure(options: Options) -> list[Row]:
    """Batches of 64 and 256: function samples, and HumanEval."""
    kinds: dict[str, Callable[[str, int], list[dict[str, Any]]]] = {
        "function": functions,
        "HumanEval": lambda salt, count: samples(salt, count, options.data),
    }
    rounds = 2 if options.quick else ROUNDS
    rows = []
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        for kind, make in kinds.items():
            cost_of(service, make("warm", 128))
            for size in (64, 256):
                costs = [cost_of(service, make(f"{size} {i}", size)) for i in range(rounds)]
                rows += _rows(f"{kind}, batches of {size}", costs)
    return rows


def _rows(what: str, costs: list[Cost]) -> list[Row]:
    middle = sorted(costs, key=lambda c: c.total_ms)[len(costs) // 2]
    parts = ", ".join(f"{role} {ms:.2f}" for role, ms in middle.ms.items())
    commands = statistics.median(c.commands for c in costs)
    return [
        at_most(f"{what}: CPU per sample", middle.total_ms, 1.0, "ms", f" ({parts})"),
        at_most(f"{what}: Redis commands per sample", commands, 8, "commands"),
    ]
