"""From a hundred to ten thousand samples in one batch: cost per sample, and memory of the API."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from pathlib import Path
from typing import Any

import httpx

from proctor.bench.bare import PARALLEL
from proctor.bench.overhead import Cost, cost, cost_of
from proctor.bench.problems import all_passed, functions
from proctor.bench.row import Options, Row, at_most
from proctor.bench.service import Service, serve

SETS, SET_BYTES, MOST_MIB = 100, 1 << 20, 200


def measure(options: Options) -> list[Row]:
    """Batches of 100, 1,000 and 10,000; then 10,000 samples that refer to 100 test sets of 1 MB."""
    sizes = (100, 1000) if options.quick else (100, 1000, 10_000)
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        cost_of(service, functions("warm", 200))
        found = {size: _median(service, size) for size in sizes}
        grown = memory_growth_mib(service, 1000 if options.quick else 10_000)
    rows = [
        Row(f"{size:,} samples", f"{1000 / per_s:.2f} ms of wall, {c.total_ms:.2f} ms of the service's CPU per sample")
        for size, (c, per_s) in found.items()
    ]
    small, large = found[sizes[0]], found[sizes[-1]]
    change = max(abs(found[s][0].total_ms / found[1000][0].total_ms - 1) for s in sizes) * 100
    slower = (small[1] / large[1] - 1) * 100
    return [
        *rows,
        Row("wall time per sample, largest against smallest", f"{slower:+.0f} %", "± 10 %", abs(slower) <= 10),
        Row("CPU per sample, largest difference to 1,000 samples", f"{change:.0f} %"),
        at_most(f"memory of the API, samples that refer to {SETS} test sets of 1 MB", grown, MOST_MIB, "MiB"),
    ]


def _median(service: Service, size: int) -> tuple[Cost, float]:
    """Cost of a sample and samples per second; small batches are repeated, for the median."""
    costs, speeds = [], []
    for i in range(5 if size <= 100 else 1):
        batch = functions(f"{size} {i}", size)

        def work(batch: list[dict[str, Any]] = batch) -> None:
            started = time.perf_counter()
            answer = service.score(batch)
            speeds.append(len(batch) / (time.perf_counter() - started))
            all_passed(answer)

        costs.append(cost(service, size, work))
    return sorted(costs, key=lambda c: c.total_ms)[len(costs) // 2], statistics.median(speeds)


def memory_growth_mib(service: Service, count: int) -> float:
    """How far the API's resident memory rose at its highest, MiB: `SETS` uploads, then a batch that refers to them.

    The samples of a test set are alike, so that the sandboxes have little to do: admission is what takes memory.
    """
    (pid,) = service.roles().api
    before = _memory_kib(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the high-water mark starts again
    shas = [_upload(service, i) for i in range(SETS)]
    batch = [{"completion": "print(len(input()))", "tests": {"ref": shas[i % SETS]}} for i in range(count)]
    all_passed(service.score(batch))
    return (_memory_kib(pid, "VmHWM") - before) / 1024


def _upload(service: Service, number: int) -> str:
    cases = [{"stdin": "x" * (SET_BYTES // 8 - number) + "\n", "stdout": f"{SET_BYTES // 8 - number}\n"}] * 8
    body = json.dumps({"kind": "stdio", "cases": cases}).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    httpx.put(f"{service.base}/v1/test-sets/{sha256}", content=body, timeout=60).raise_for_status()
    return sha256


def _memory_kib(pid: int, what: str) -> int:
    lines: Any = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what + ":"))
