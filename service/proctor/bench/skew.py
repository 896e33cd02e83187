"""A batch in which some samples run to their time limit: nobody may idle while samples wait."""

from __future__ import annotations

import os
import time

from proctor.bench.bare import PARALLEL
from proctor.bench.problems import functions
from proctor.bench.row import Options, Row, at_most
from proctor.bench.service import serve

SHARE, LIMIT_S = 20, 5.0  # one sample in 20 runs to its limit
LOOP = "def f(x):\n    while True:\n        x += 1  # {i}\n"


def measure(options: Options) -> list[Row]:
    """Wall time of the batch against its CPU work divided by the cores."""
    count = 40 if options.quick else 200
    batch = functions("skew", count)
    for i in range(0, count, SHARE):
        batch[i] = {**batch[i], "completion": LOOP.format(i=i)}
    limits = {"cpu_s": LIMIT_S, "wall_s": 4 * LIMIT_S}
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        service.score(functions("warm", 32))
        before = _busy_s()
        started = time.perf_counter()
        results = service.score(batch, limits=limits)["results"]
        wall_s = time.perf_counter() - started
        work_s = _busy_s() - before
    verdicts = [r["verdict"] for r in results]
    if verdicts.count("time_limit") != count // SHARE or verdicts.count("passed") != count - count // SHARE:
        raise RuntimeError(f"other verdicts than expected: {set(verdicts)}")
    sandbox_s = sum(r["timing"]["cpu_s"] for r in results)
    cores = min(PARALLEL, os.cpu_count() or 1)
    return [
        Row(f"{count} samples, {count // SHARE} of them to their limit of {LIMIT_S:g} s", f"{wall_s:.1f} s"),
        Row("CPU time of the judged code ÷ cores", f"{sandbox_s / cores:.1f} s"),
        Row("CPU time of the whole machine ÷ cores", f"{work_s / cores:.1f} s"),
        at_most("wall time ÷ ideal (work of the judged code ÷ cores)", wall_s * cores / sandbox_s, 1.2, "×"),
    ]


def _busy_s() -> float:
    """CPU seconds that the machine has spent on anything."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, *_ = map(int, stat.readline().split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
