"""HumanEval over HTTP end to end, against bare subprocesses at equal parallelism and one `docker run` per sample."""

from __future__ import annotations

import statistics
import time

from proctor.bench.bare import PARALLEL, docker_runs_per_s, subprocesses_per_s
from proctor.bench.problems import all_passed, problems, samples
from proctor.bench.row import Options, Row, at_least
from proctor.bench.service import Service, serve

ROUNDS, REPEAT = 3, 3


def measure(options: Options) -> list[Row]:
    """Rounds of ours and theirs in turn; the median of the rounds' ratios."""
    found = problems(options.data)
    count = len(found) if options.quick else REPEAT * len(found)
    programs = [found[i % len(found)].program for i in range(max(count, 40))]
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        _per_s(service, options, "warm", len(found))
        docker = docker_runs_per_s(programs[: 4 if options.quick else 12])
        pairs = [
            (_per_s(service, options, str(i), max(count, 40)), subprocesses_per_s(programs)) for i in range(ROUNDS)
        ]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    rows = [
        Row("over HTTP, samples/s", ", ".join(f"{ours:.0f}" for ours, _ in pairs)),
        Row("bare `subprocess.run([python, file])`, programs/s", ", ".join(f"{bare:.0f}" for _, bare in pairs)),
        at_least(f"ratio to bare subprocesses, {PARALLEL} at a time each", ratio, 2.0),
    ]
    if docker is not None:
        ours = statistics.median(ours for ours, _ in pairs)
        rows += [
            Row("one `docker run` per sample, samples/s", f"{docker:.1f}"),
            at_least("ratio to one `docker run` per sample", ours / docker, 40),
        ]
    return rows


def _per_s(service: Service, options: Options, salt: str, count: int) -> float:
    batch = samples(salt, count, options.data)
    started = time.perf_counter()
    answer = service.score(batch)
    taken = time.perf_counter() - started
    all_passed(answer)
    return count / taken
