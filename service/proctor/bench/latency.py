"""One sample on an idle service: latency, start, memory at rest."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import httpx

from proctor.bench import cpu
from proctor.bench.bare import PARALLEL
from proctor.bench.problems import all_passed, functions, samples
from proctor.bench.row import Options, Row, at_most
from proctor.bench.service import Service, serve

GOALS_MS = (20.0, 60.0)  # p50, p99


def measure(options: Options) -> list[Row]:
    """Requests of one sample, one after another, over one connection."""
    count = 100 if options.quick else 300
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        time.sleep(2)
        rest = pss_mib([*cpu.tree(service.pid), service.redis_pid])
        rows = [
            Row("start to ready", f"{service.ready_s:.2f} s"),
            Row(f"memory at rest, all processes, {PARALLEL} workers", f"{rest:.0f} MiB PSS"),
        ]
        for what, batch in (
            ("function", functions("latency", count + 10)),
            ("HumanEval", samples("latency", count + 10, options.data)),
        ):
            taken = latencies_ms(service, batch)
            p99 = taken[int(len(taken) * 0.99) - 1]
            rows += [
                at_most(f"one {what} sample, p50", statistics.median(taken), GOALS_MS[0], "ms"),
                at_most(f"one {what} sample, p99", p99, GOALS_MS[1], "ms"),
            ]
    return rows


def latencies_ms(service: Service, batch: list[dict[str, Any]]) -> list[float]:
    """Wall time of a request for each sample, sorted; the first ten are left out."""
    taken = []
    with httpx.Client(base_url=service.base, timeout=60) as client:
        for sample in batch:
            started = time.perf_counter()
            answer = client.post("/v1/rewards", json={"samples": [sample]}).json()
            taken.append((time.perf_counter() - started) * 1000)
            all_passed(answer)
    return sorted(taken[10:])


def pss_mib(pids: list[int]) -> float:
    """Proportional set size of the processes together, MiB."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024
