"""HumanEval end to end over HTTP against bare subprocesses of the same programs, in turn, at equal parallelism."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.service import Service, humaneval, rows, serve

SYSTEM_PYTHON = "/usr/bin/python3"
ROUNDS, REPEAT = 3, 4


def write_programs(folder: Path) -> list[Path]:
    """Solution, tests and the call of check, a file each."""
    files = []
    for i, row in enumerate(rows("humaneval")):
        file = folder / f"{i}.py"
        file.write_text(f"{row['reference_solution']}\n{row['tests']}\ncheck({row['entry_point']})\n")
        files.append(file)
    return files


def bare_per_s(programs: list[Path]) -> float:
    """Programs per second as subprocesses, one per core at a time."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        started = time.perf_counter()
        codes = list(pool.map(lambda f: subprocess.run([SYSTEM_PYTHON, f], capture_output=True).returncode, programs))
    assert not any(codes)
    return len(codes) / (time.perf_counter() - started)


def ours_per_s(service: Service, salt: str) -> float:
    """Samples per second through the service, none of them folded."""
    samples = [s for k in range(REPEAT) for s in humaneval(f"{salt} {k}")]
    started = time.perf_counter()
    results = service.score(samples)["results"]
    taken = time.perf_counter() - started
    assert all(r["verdict"] == "passed" for r in results), [r for r in results if r["verdict"] != "passed"][:3]
    return len(results) / taken


def measure(provider: str) -> list[tuple[str, str]]:
    """Rows of (what, figure): the median of the rounds' ratios."""
    with tempfile.TemporaryDirectory() as folder, serve("--sandbox", provider) as service:
        programs = write_programs(Path(folder)) * REPEAT
        ours_per_s(service, "warm")
        pairs = [(ours_per_s(service, str(i)), bare_per_s(programs)) for i in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    return [
        ("HumanEval over HTTP", ", ".join(f"{a:.0f}" for a, _ in pairs) + " samples/s"),
        ("bare subprocesses of the same", ", ".join(f"{b:.0f}" for _, b in pairs) + " samples/s"),
        ("ratio", f"{ratio:.2f}"),
    ]
