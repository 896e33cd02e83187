"""Where the API, one Redis and the workers saturate, by simulation with what was measured here.

    python benchmarks/scale_model.py --measure     measure here with 1, 2 and 4 workers, into scale_model.json
    python benchmarks/scale_model.py               simulate from scale_model.json, and write scale_model.md

A worker takes shards and judges unit after unit; each takes a time drawn from those measured. Redis and each API
process are servers of one thread with a queue: every sample costs them the CPU time that was measured per sample, in
portions as they come (an admission of a batch, a take, a report and its finishing). On a machine with fewer cores than
busy threads all are slowed down alike, and so they are where two cores share what one has (measured: a loop alone, and
as many at once as there are cores). What is not in it: network latency, and the trainers' side.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from proctor.bench.overhead import cost
from proctor.bench.problems import all_passed, samples
from proctor.bench.row import commit, hardware
from proctor.bench.service import serve

HERE = Path(__file__).resolve().parent
INPUT, PAGE = HERE / "scale_model.json", HERE / "scale_model.md"
TAKE, BATCH = 32, 1024
CHECKED = (1, 2, 4)
ASKED = (10, 100, 1000)


@dataclass(frozen=True)
class Measured:
    """What was measured. Seconds, per sample where nothing else is said.

    unit_cpu_s: of sandbox and worker together, one entry per sample. wait_s: of a unit, wall clock without CPU.
    api_s, redis_s: CPU. commands: Redis commands. throughput: workers → samples/s here. cores: of the machine.
    load: cores that were busy just before, 0 where the machine was idle. shared: how much longer work of the CPU takes
    while all cores are busy.
    """

    where: str
    cores: int
    unit_cpu_s: list[float]
    wait_s: float
    api_s: float
    redis_s: float
    commands: float
    throughput: dict[str, float]
    load: float
    shared: float


def measure(count: int) -> Measured:
    """Run `count` HumanEval samples with each of `CHECKED` workers; the costs are those of the run with one."""
    throughput: dict[str, float] = {}
    load = _busy_cores()
    found: Measured | None = None
    for workers in CHECKED:
        with serve("--workers", str(workers), "--sandbox", "namespace") as service:
            all_passed(service.score(samples("warm", 164)))
            results: list[dict[str, float]] = []
            started = time.perf_counter()

            def work(service=service, results=results, workers=workers) -> None:  # type: ignore[no-untyped-def]
                answer = service.score(samples(f"model {workers}", count))
                all_passed(answer)
                results += [r["timing"] for r in answer["results"]]

            each = cost(service, count, work)
            throughput[str(workers)] = count / (time.perf_counter() - started - 0.3)
            if found is None:
                own = each.ms["worker"] / 1000
                cpu = [t["cpu_s"] + own for t in results]
                wait = statistics.median(max(0.0, t["run_s"] - t["cpu_s"]) for t in results)
                found = Measured(
                    f"{commit()}, {hardware()}", os.cpu_count() or 1, cpu, wait,
                    each.ms["api"] / 1000, each.ms["redis"] / 1000, each.commands, throughput, load, _shared(),
                )  # fmt: skip
    assert found is not None
    # What the sandbox spends outside the account of the code (forks, mounts, wiping) shows in the run with one worker.
    alone = 1 / throughput["1"] - found.api_s - found.redis_s
    missing = max(0.0, alone - found.wait_s - statistics.mean(found.unit_cpu_s))
    return Measured(**{**asdict(found), "unit_cpu_s": [c + missing for c in found.unit_cpu_s]})


def _busy_cores(seconds: float = 3.0) -> float:
    """How many cores are busy with whatever runs, over some seconds in which nothing of ours does. proc(5), stat."""

    def busy_s() -> float:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    before = busy_s()
    time.sleep(seconds)
    return (busy_s() - before) / seconds


def _shared() -> float:
    """How much longer a loop takes when every core runs one than alone; the median of some tries in turn."""
    tries = []
    for _ in range(5):
        alone, together = _loops(1), _loops(os.cpu_count() or 1)
        tries.append(together / alone)
    return max(1.0, statistics.median(tries))


def _loops(count: int) -> float:
    """CPU seconds of a loop, the mean of `count` at once."""
    text = "import time\nfor i in range(3_000_000): pass\nprint(time.process_time())"
    running = [subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return statistics.mean(float(one.communicate()[0]) for one in running)


class Server:
    """A thread with a queue: work is done in the order in which it comes."""

    def __init__(self) -> None:
        self.free_at = self.busy_s = 0.0

    def serve(self, at: float, seconds: float) -> float:
        """When work that comes at `at` is done."""
        self.free_at = max(self.free_at, at) + seconds
        self.busy_s += seconds
        return self.free_at


@dataclass(frozen=True)
class Outcome:
    """Samples per second in the steady state, and the share of time that each part was busy."""

    per_s: float
    api: float
    redis: float
    workers: float


def simulate(m: Measured, workers: int, *, apis: int = 1, redises: int = 1, cores: int | None = None) -> Outcome:
    """Keep `workers` supplied with batches and count. cores: None where every part has cores enough of its own.

    A batch passes the API, then Redis; a shard is taken, judged, and passes Redis, then the API. Each half of the way
    has half of what a sample costs them. Events come in the order of time, so servers see work in that order.
    """
    return _Simulation(m, workers, apis, redises, _slowdown(m, workers, cores)).run()


class _Simulation:
    """One run of `simulate`."""

    def __init__(self, m: Measured, workers: int, apis: int, redises: int, slow: float) -> None:
        self.m, self.workers, self.slow = m, workers, slow
        self.chance = random.Random(1)
        self.api, self.redis = [Server() for _ in range(apis)], [Server() for _ in range(redises)]
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.count = itertools.count()
        self.idle = workers
        self.waiting = self.admitted = self.finished = 0
        self.busy_s = 0.0

    def run(self) -> Outcome:
        """The steady state: the first quarter is left out."""
        total = max(20_000, 100 * self.workers)
        self.supply(0.0)
        began, then = 0.0, (0.0, 0.0, 0.0, 0)
        while self.finished < total:
            now, _, happen = heapq.heappop(self.events)
            happen(now)
            if not began and self.finished >= total / 4:
                began, then = now, self.account()
        busy = [b - a for a, b in zip(then, self.account(), strict=True)]
        taken = now - began
        return Outcome(
            busy[3] / taken,
            busy[0] / len(self.api) / taken,
            busy[1] / len(self.redis) / taken,
            busy[2] / self.workers / taken,
        )

    def account(self) -> tuple[float, float, float, int]:
        """Busy seconds of API, Redis and workers so far, and samples finished."""
        busy = (sum(s.busy_s for s in self.api), sum(s.busy_s for s in self.redis))
        return (*busy, self.busy_s, self.finished)

    def at(self, when: float, happen: Callable[[float], None]) -> None:
        """Have something happen."""
        heapq.heappush(self.events, (when, next(self.count), happen))

    def supply(self, now: float) -> None:
        """Trainers keep two shards per worker waiting, or on the way."""
        while self.admitted - self.finished < 3 * TAKE * self.workers + BATCH:
            self.admitted += BATCH
            done = self.pick(self.api).serve(now, BATCH * self.m.api_s / 2 * self.slow)
            self.at(done, self.store)

    def store(self, now: float) -> None:
        """A batch comes to Redis, and waits there for workers."""
        self.at(self.pick(self.redis).serve(now, BATCH * self.m.redis_s / 2 * self.slow), self.wait)

    def wait(self, now: float) -> None:
        """A batch can be taken."""
        self.waiting += BATCH
        self.take(now)

    def take(self, now: float) -> None:
        """Idle workers take shards."""
        while self.idle and self.waiting >= TAKE:
            self.idle -= 1
            self.waiting -= TAKE
            seconds = sum(_shard(self.m, self.chance, self.slow))
            self.busy_s += seconds
            self.at(now + seconds, self.report)

    def report(self, now: float) -> None:
        """A worker has judged a shard."""
        self.idle += 1
        self.take(now)
        self.at(self.pick(self.redis).serve(now, TAKE * self.m.redis_s / 2 * self.slow), self.finish)

    def finish(self, now: float) -> None:
        """Its outcomes come to a finisher."""
        self.at(self.pick(self.api).serve(now, TAKE * self.m.api_s / 2 * self.slow), self.end)

    def end(self, now: float) -> None:
        """Its results are there."""
        self.finished += TAKE
        self.supply(now)

    def pick(self, servers: list[Server]) -> Server:
        """Runs are spread evenly."""
        return min(servers, key=lambda s: s.free_at)


def _shard(m: Measured, chance: random.Random, slow: float) -> Iterator[float]:
    for _ in range(TAKE):
        yield chance.choice(m.unit_cpu_s) * slow + m.wait_s


def _slowdown(m: Measured, workers: int, cores: int | None) -> float:
    """By how much everything takes longer where busy threads share cores.

    wanted: cores' worth of work that workers would do if they had all to themselves. Up to one core nothing is shared;
    from there to all of them each takes longer as they have less each; beyond that the rest waits.
    """
    if cores is None:
        return 1.0
    unit = statistics.mean(m.unit_cpu_s)
    wanted = workers / (unit + m.wait_s) * (unit + m.api_s + m.redis_s)
    busy = min(1.0, max(0.0, wanted - 1) / max(1, cores - 1))
    return (1 + (m.shared - 1) * busy) * max(1.0, wanted / cores)


def page(m: Measured) -> str:
    """The findings, as Markdown."""
    unit = statistics.mean(m.unit_cpu_s)
    lines = [
        "# Past one machine",
        "",
        f"Written by `python benchmarks/scale_model.py` from figures measured at {m.where}.",
        "",
        f"Measured per HumanEval sample: API {m.api_s * 1000:.2f} ms, Redis {m.redis_s * 1000:.2f} ms in "
        f"{m.commands:.1f} commands, worker and sandbox {unit * 1000:.1f} ms of CPU and {m.wait_s * 1000:.1f} ms of "
        "waiting. The simulation draws the time of each sample from those measured.",
        "",
        "## Checked against this machine",
        "",
        "| workers | measured, samples/s | simulated | off by |",
        "|---|---|---|---|",
    ]
    for workers in CHECKED:
        real = m.throughput[str(workers)]
        model = simulate(m, workers, cores=m.cores).per_s
        lines.append(f"| {workers} | {real:.0f} | {model:.0f} | {(model / real - 1) * 100:+.0f} % |")
    lines += [
        "",
        f"The machine has {m.cores} cores, which API, Redis and clients share with the workers. With all of them busy, "
        f"work of the CPU takes {m.shared:.2f} times as long as alone.",
        *_doubt(m),
        *_crowded(m),
        "",
        "## Every worker with a core of its own",
        "",
        "| workers | API processes | Redis | samples/s | API busy | Redis busy | workers busy |",
        "|---|---|---|---|---|---|---|",
    ]
    for workers in ASKED:
        for apis, redises in _layouts(m, workers):
            o = simulate(m, workers, apis=apis, redises=redises)
            shares = " | ".join(f"{min(share, 1) * 100:.0f} %" for share in (o.api, o.redis, o.workers))
            lines.append(f"| {workers} | {apis} | {redises} | {o.per_s:,.0f} | {shares} |")
    per_worker = 1 / (unit + m.wait_s)
    lines += [
        "",
        "## What to shard first",
        "",
        f"- A worker judges {per_worker:.0f} samples/s. One API process is full at {1 / m.api_s:,.0f} samples/s, "
        f"{1 / m.api_s / per_worker:.0f} workers; one Redis at {1 / m.redis_s:,.0f}, "
        f"{1 / m.redis_s / per_worker:.0f} workers.",
        f"- First {'the API' if m.api_s > m.redis_s else 'Redis'}: it has the larger share of a sample. API processes "
        "hold no state, so more of them is a setting (`PROCTOR_API_PROCESSES`, replicas in Kubernetes).",
        "- Then Redis, by run: a batch, its units and its results belong to one API key and run, and no script looks "
        "at two of them. A service (API, workers, Redis) per run or per group of runs needs no change of code: give "
        "each a `PROCTOR_REDIS_URL` and its workers, and trainers the URL of theirs (the client takes several).",
        "- Test sets: they cross Redis once per API key, and once to each worker that judges them. Where that is many "
        "gigabytes an hour, an object store in their place takes `resolved_key` and `uploaded_key` out of Redis; the "
        "hash in their names makes any copy as good as another.",
        "- Reports are sent in portions. More workers per Redis is also bought with larger ones: `FLUSH_S` in "
        "`worker/keeper.py`, at the price of later results.",
    ]
    return "\n".join(lines) + "\n"


def _doubt(m: Measured) -> list[str]:
    """On a machine that others keep busy, waiting for a core cannot be told from other waiting."""
    if m.load <= m.cores / 10:
        return []
    return [
        f"**Other work kept the machine busy** ({m.load:.1f} of its cores before the first run): this check says "
        "nothing, and the costs below are too high. Measure again on a quiet machine.",
    ]


def _crowded(m: Measured) -> list[str]:
    """What the model leaves out where workers outnumber the cores."""
    if max(CHECKED) <= m.cores:
        return []
    return [
        "",
        f"More workers than cores judge fewer samples than the model says and than {m.cores} workers. Per sample they "
        "take no more page faults and changes of process, but more time: most likely those that take turns on a core "
        "push each other's memory out of its caches. Plan with one worker per core, as below.",
    ]


def _layouts(m: Measured, workers: int) -> Iterator[tuple[int, int]]:
    """One of each, then as many API processes as it takes, then as many of both."""
    demand = workers / (statistics.mean(m.unit_cpu_s) + m.wait_s)
    apis, redises = (max(1, int(demand * part / 0.8) + 1) for part in (m.api_s, m.redis_s))
    yield from dict.fromkeys([(1, 1), (apis, 1), (apis, redises)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--samples", type=int, default=656, help="in each of the measured runs")
    options = parser.parse_args()
    if options.measure:
        INPUT.write_text(json.dumps(asdict(measure(options.samples)), indent=1) + "\n")
    PAGE.write_text(page(Measured(**json.loads(INPUT.read_text()))), "utf-8")
    print(PAGE.read_text("utf-8"))


if __name__ == "__main__":
    main()
