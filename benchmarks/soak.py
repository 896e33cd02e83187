"""`python -m benchmarks.soak [--samples 200000]`: many batches through one service, and what stays in Redis.

A tenth of the samples are programs that run once each, a tenth has no code, the rest are completions that many share,
which run once per batch. Results and test sets expire soon, so that what grows is growth. Told every ten seconds:
Redis's memory, its keys by family, the entries of its lists, sets and streams without an end, the append-only file,
and the memory of our processes.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import redis

from benchmarks.service import Service, serve
from proctor.bench.latency import pss_mib

BATCH = 2000
IN_FLIGHT = 4
PROBLEMS = 400
RUNS = 6
EVERY_S = 10.0
TTL_S = 30
_HEX = re.compile(r"[0-9a-f]{16,}")


def tests(problem: int) -> dict[str, Any]:
    """The test set of a problem."""
    cases = [{"args": [n, problem + 1], "expected": n + problem + 1} for n in range(3)]
    return {"kind": "function", "entry_point": "f", "cases": cases}


def samples(number: int) -> Iterator[tuple[dict[str, Any], str]]:
    """The samples of a batch, with the verdicts that they earn."""
    for i in range(BATCH):
        problem = (number * 7 + i % 20) % PROBLEMS
        sample = {"tests": f"p{problem}", "group": f"g{i // 16}"}
        if i % 10 == 0:
            yield {**sample, "completion": f"def f(x, y):\n    return x + y  # {number} {i}"}, "passed"
        elif i % 10 == 1:
            yield {**sample, "completion": f"I cannot say. {number} {i}\n```python\n```"}, "no_code"
        elif i % 10 < 6:
            yield {**sample, "completion": "def f(x, y):\n    return x + y"}, "passed"
        else:
            yield {**sample, "completion": "def f(x, y):\n    return x - y"}, "wrong_answer"


@dataclass
class Soak:
    """A soak under way."""

    service: Service
    redis: redis.Redis
    batches: int
    number: int = 0
    done: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    odd: int = 0
    peak_mib: float = 0.0
    started: float = field(default_factory=time.monotonic)

    async def feed(self, http: httpx.AsyncClient) -> None:
        """Batch after batch, until all are done."""
        while self.number < self.batches:
            self.number += 1
            await self._score(http, self.number)

    async def _score(self, http: httpx.AsyncClient, number: int) -> None:
        made, expected = zip(*samples(number), strict=True)
        named = {s["tests"]: tests(int(s["tests"][1:])) for s in made}
        if number % 10 == 0:  # now and then by reference
            name, one = next(iter(named.items()))
            body = json.dumps(one).encode()
            sha256 = hashlib.sha256(body).hexdigest()
            (await http.put(f"/v1/test-sets/{sha256}", content=body)).raise_for_status()
            named[name] = {"ref": sha256}
        request = {"samples": made, "tests": named, "run": f"run-{number % RUNS}", "deadline_s": 600}
        while True:
            answer = await http.post("/v1/rewards", json=request, headers={"Idempotency-Key": f"soak-{number}"})
            if answer.status_code not in (429, 503):
                break
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        answer.raise_for_status()
        found = [result["verdict"] for result in answer.json()["results"]]
        self.odd += sum(a != b for a, b in zip(found, expected, strict=True))
        self.verdicts.update(found)
        self.done += len(found)

    def row(self) -> str:
        """What there is now."""
        info = self.redis.info()
        memory = info["used_memory"] / 2**20
        self.peak_mib = max(self.peak_mib, memory)
        families: Counter[str] = Counter()
        endless = 0
        for key in self.redis.scan_iter(count=1000):
            families[_family(key.decode())] += 1
            if self.redis.ttl(key) == -1 and b":b:" not in key:
                endless += self._entries(key)
        shown = " ".join(f"{name}={count}" for name, count in sorted(families.items()))
        return (
            f"{time.monotonic() - self.started:7.0f} s {self.done:8,d} samples | Redis {memory:6.1f} MiB, "
            f"AOF {info.get('aof_current_size', 0) / 2**20:6.1f} MiB | entries without an end {endless:5d} | "
            f"processes {pss_mib(self.service.descendants()):6.1f} MiB | {shown}"
        )

    def _entries(self, key: bytes) -> int:
        sizes = {
            b"string": lambda: 1,
            b"hash": lambda: self.redis.hlen(key),
            b"zset": lambda: self.redis.zcard(key),
            b"set": lambda: self.redis.scard(key),
            b"list": lambda: self.redis.llen(key),
            b"stream": lambda: self.redis.xlen(key),
            b"none": lambda: 0,
        }
        return int(sizes[self.redis.type(key)]())

    async def watch(self) -> None:
        """A row every now and then."""
        while True:
            print(await asyncio.to_thread(self.row), flush=True)
            await asyncio.sleep(EVERY_S)


def _family(key: str) -> str:
    """A key's name without what is particular to one batch, worker, owner or test set."""
    parts = [part for part in key.split(":") if not _HEX.search(part) and not re.search(r"-\d+(-|$)|^~", part)]
    return ":".join(parts[:3])


def private_redis(folder: Path) -> redis.Redis:
    """The Redis of a service whose temporary files lie in `folder`."""
    (path,) = folder.glob("proctor-*/redis.sock")
    return redis.Redis(unix_socket_path=str(path))


async def soak(total: int, workers: int) -> int:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        ttl = {"PROCTOR_RESULTS_TTL_S": str(TTL_S), "PROCTOR_TEST_SET_TTL_S": str(TTL_S)}
        with serve("--workers", str(workers), "--sandbox", "namespace", TMPDIR=folder, **ttl) as service:
            it = Soak(service, private_redis(Path(folder)), max(1, total // BATCH))
            async with httpx.AsyncClient(base_url=service.base, timeout=900) as http:
                watching = asyncio.create_task(it.watch())
                await asyncio.gather(*(it.feed(http) for _ in range(IN_FLIGHT)))
                watching.cancel()
            took_s = time.monotonic() - it.started
            print(it.row())
            await asyncio.sleep(TTL_S + 5)
            print(it.row(), f"({TTL_S + 5} s after the end)")
            print(f"{it.done:,} samples in {took_s:.0f} s ({it.done / took_s:.0f} per second): {dict(it.verdicts)}")
            print(f"unexpected verdicts {it.odd}; Redis at most {it.peak_mib:.1f} MiB when looked at")
            return 1 if it.odd or it.verdicts["invalid"] else 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    raise SystemExit(asyncio.run(soak(options.samples, options.workers)))


if __name__ == "__main__":
    main()
