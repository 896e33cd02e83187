"""An API process without HTTP: admission, sweeper, finisher."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from jobs_fakes import Service

from proctor.finish.finisher import Finisher
from proctor.jobs import sweeper
from proctor.jobs.batches import Batches, State
from proctor.settings import Settings


@dataclass
class Api:
    """What an API process holds."""

    batches: Batches
    redis: redis.asyncio.Redis
    settings: Settings


@contextlib.asynccontextmanager
async def api_process(queue: Service, scorer: Any = None, *, finish: bool = True, **values: Any) -> AsyncIterator[Api]:
    settings = queue.settings(**values)
    client = redis.asyncio.Redis.from_url(queue.url)
    batches = Batches(client, settings)
    tasks = [asyncio.create_task(sweeper.run(client, settings))]
    if finish:
        tasks.append(asyncio.create_task(Finisher(client, settings, scorer).run()))
    try:
        yield Api(batches, client, settings)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await batches.close()
        await client.aclose()


async def finished(api: Api, batch_id: str, *, owner: str = "me", timeout_s: float = 30) -> tuple[State, list[Any]]:
    """The batch once it has ended, with its results by index."""
    until = time.monotonic() + timeout_s
    state = await api.batches.status(owner, batch_id)
    while not state.ended:
        assert time.monotonic() < until, f"not ended after {timeout_s} s: {state}"
        await api.batches.wait(owner, batch_id, state.total, 1.0)
        state = await api.batches.status(owner, batch_id)
    results: list[Any] = []
    while part := await api.batches.results(owner, batch_id, len(results)):
        results += [json.loads(line) for line in part]
    assert [r["index"] for r in sorted(results, key=lambda r: r["index"])] == list(range(state.total))
    return state, sorted(results, key=lambda r: r["index"])


async def workers_up(queue: Service, api: Api, count: int = 1, **environment: str) -> list[subprocess.Popen[bytes]]:
    """Start workers and wait until they are live."""
    before = len(await api.batches.workers())
    workers = [queue.start("worker", **environment) for _ in range(count)]
    for _ in range(400):
        if len(await api.batches.workers()) >= before + count:
            return workers
        await asyncio.sleep(0.05)
    raise AssertionError("the workers do not start")


async def eventually(check: Callable[[], object], timeout_s: float = 10) -> None:
    """Wait until `check` holds."""
    for _ in range(int(timeout_s / 0.02)):
        if check():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {timeout_s} s")
