"""What the queue costs: Redis commands per sample by Redis's own count, and that the cost does not grow."""

from __future__ import annotations

import asyncio
from typing import Any

from jobs_api import Api, finished, workers_up
from jobs_fakes import Service, plan


async def commands_per_sample(api: Api, name: str, count: int, code: str) -> float:
    await api.redis.config_resetstat()
    batch_id = await api.batches.admit("me", plan([f"{code} note={name}-{i}" for i in range(count)]), detached=True)
    await finished(api, batch_id, timeout_s=60)
    stats: dict[str, Any] = await api.redis.info("commandstats")
    return float(sum(entry["calls"] for entry in stats.values()) / count)


async def test_at_most_eight_redis_commands_per_sample(queue: Service, api: Api) -> None:
    await workers_up(queue, api, 2)
    slow = await commands_per_sample(api, "slow", 400, "pass sleep=0.01")
    small = await commands_per_sample(api, "small", 64, "pass sleep=0.01")
    large = await commands_per_sample(api, "large", 4000, "pass")
    print(f"commands per sample: 400 of 10 ms {slow:.2f}, 64 of 10 ms {small:.2f}, 4000 of 0 ms {large:.2f}")
    assert max(slow, large) <= 8
    assert small <= 12  # half a second of it: what is paid by the second (renewals, sweeps) shows on a busy machine


async def test_batches_that_come_together_share_their_round_trips(queue: Service, api: Api) -> None:
    """One-sample batches are what per-sample trainers send; more than the client's pool of 100 connections."""
    await workers_up(queue, api, 2)

    async def one(i: int) -> None:
        batch_id = await api.batches.admit("me", plan([f"pass note=one-{i}"]), detached=True)
        await api.batches.wait("me", batch_id, 1, 60)
        assert (await api.batches.status("me", batch_id)).ended
        assert len(await api.batches.results("me", batch_id)) == 1

    await one(-1)  # what is paid once, such as loading scripts
    before = await api.redis.info("stats")
    await asyncio.gather(*(one(i) for i in range(256)))
    after = await api.redis.info("stats")
    reads = (after["total_reads_processed"] - before["total_reads_processed"]) / 256
    print(f"{reads:.2f} reads from a socket by Redis per one-sample batch")
    assert reads <= 5  # a dozen calls each; what is paid by the second is among them
