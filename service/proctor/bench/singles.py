"""Concurrent requests of one sample each, as per-sample trainers send them, against one batch of as many."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import Any
from urllib.parse import urlsplit

from proctor.bench.bare import PARALLEL
from proctor.bench.overhead import cost
from proctor.bench.problems import all_passed, functions
from proctor.bench.row import Options, Row, at_least
from proctor.bench.service import Service, serve

COUNT, ROUNDS = 256, 5


def measure(options: Options) -> list[Row]:
    """Singles and a batch in turn; the median of the rounds' ratios."""
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        _singles_s(service, functions("warm", COUNT))
        rounds = [_round(service, i) for i in range(2 if options.quick else ROUNDS)]
        each = cost(service, COUNT, lambda: _singles_s(service, functions("cost", COUNT)))
    ratio = statistics.median(batch_s / singles_s for singles_s, batch_s in rounds)
    return [
        Row(f"{COUNT} requests at once, samples/s", ", ".join(f"{COUNT / s:.0f}" for s, _ in rounds)),
        Row(f"one batch of {COUNT}, samples/s", ", ".join(f"{COUNT / b:.0f}" for _, b in rounds)),
        at_least("ratio", ratio, 0.7),
        Row("CPU of the service per request", f"{each.total_ms:.2f} ms, of it API {each.ms['api']:.2f} ms"),
    ]


def _round(service: Service, number: int) -> tuple[float, float]:
    singles_s = _singles_s(service, functions(f"single {number}", COUNT))
    batch = functions(f"batch {number}", COUNT)
    started = time.perf_counter()
    all_passed(service.score(batch))
    return singles_s, time.perf_counter() - started


def _singles_s(service: Service, batch: list[dict[str, Any]]) -> float:
    started = time.perf_counter()
    asyncio.run(_all_at_once(service.base, batch))
    return time.perf_counter() - started


async def _all_at_once(base: str, batch: list[dict[str, Any]]) -> None:
    """A connection each; written by hand, as the client shares the machine with what is measured."""
    port = urlsplit(base).port

    async def one(sample: dict[str, Any]) -> None:
        body = json.dumps({"samples": [sample]}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /v1/rewards HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        head, _, answer = (await reader.read(-1)).partition(b"\r\n\r\n")
        writer.close()
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"a request was answered {head[:200]!r}")
        all_passed(json.loads(answer))

    await asyncio.gather(*map(one, batch))
