"""Start to ready, memory at rest, one-sample latency."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import httpx

from benchmarks.service import Service, serve


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


def latencies_ms(service: Service, n: int) -> list[float]:
    """Wall time of `n` requests of one sample each, one after another, over one connection."""
    tests = {"kind": "function", "entry_point": "f", "cases": [{"args": [2], "expected": 4}]}
    taken = []
    with httpx.Client(base_url=service.base, timeout=60) as client:
        for i in range(n + 10):
            sample = {"completion": f"def f(x):\n    return x * x  # {i}", "tests": tests}
            started = time.perf_counter()
            answer = client.post("/v1/rewards", json={"samples": [sample]}).json()
            taken.append((time.perf_counter() - started) * 1000)
            assert answer["results"][0]["verdict"] == "passed", answer
    return sorted(taken[10:])


def measure(provider: str) -> list[tuple[str, str]]:
    """Rows of (what, figure)."""
    with serve("--workers", "2", "--sandbox", provider) as service:
        time.sleep(2)
        rest = pss_mib(service.descendants())
        taken = latencies_ms(service, 200)
    p99 = taken[int(len(taken) * 0.99) - 1]
    return [
        ("start to ready", f"{service.ready_s:.2f} s"),
        ("memory at rest, all processes, two workers", f"{rest:.0f} MiB PSS"),
        ("one function sample over HTTP, idle", f"p50 {statistics.median(taken):.1f} ms, p99 {p99:.1f} ms"),
    ]
