"""Seeded rounds on the queue alone: workers with a sandbox that obeys, finishers and Redis; six kills a round."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos_marks import chaos
from chaos_round import Tally
from jobs_api import api_process, finished, workers_up
from jobs_fakes import Service, plan, service


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Service]:
    """A Redis of the test's own."""
    with service(tmp_path) as it:
        yield it


@chaos("queue")
async def test_kills_in_the_middle_of_batches(queue: Service, seed: int, tally: Tally) -> None:
    with tally.round() as found:
        await one_round(queue, random.Random(seed), found)
    assert found.harm == (0, 0, 0), found.odd


async def one_round(queue: Service, dice: random.Random, tally: Tally) -> None:
    async with api_process(queue, finish=False) as api:
        workers = await workers_up(queue, api, 2)
        finishers = [queue.start("finisher") for _ in range(2)]
        shared = [f"{dice.choice(['pass', 'fail'])} sleep={dice.uniform(0, 0.05):.3f} note=s{i}" for i in range(60)]
        codes = {
            name: [*shared, *(f"{dice.choice(['pass', 'fail'])} sleep=0.02 note={name}{i}" for i in range(60))]
            for name in "abc"
        }
        batches = {}
        for name in codes:
            made = plan(codes[name], run=name, deadline_s=120)
            batches[name] = await api.batches.admit("me", made, detached=True)
            await asyncio.sleep(dice.uniform(0, 0.3))
        for _ in range(6):
            await asyncio.sleep(dice.uniform(0.1, 0.8))
            victim = dice.choice(["worker", "finisher", "redis"])
            tally.faults[f"{'api' if victim == 'finisher' else victim} killed"] += 1
            if victim == "redis":
                queue.stop_redis(signal.SIGKILL)
                await asyncio.sleep(dice.uniform(0, 1))
                queue.start_redis()
            else:
                mine = workers if victim == "worker" else finishers
                at = dice.randrange(2)
                mine[at].kill()
                mine[at].wait()
                mine[at] = queue.start(victim)
        for name, batch_id in batches.items():
            state, results = await finished(api, batch_id, timeout_s=90)  # checks that each index is there once
            expected = ["passed" if code.startswith("pass") else "wrong_answer" for code in codes[name]]
            tally.samples += len(results)
            for code, verdict, result in zip(codes[name], expected, results, strict=True):
                if result["verdict"] != verdict:
                    tally.lost += result["verdict"] == "invalid"
                    tally.changed += result["verdict"] != "invalid"
                    tally.odd.append(f"{name} {code}: {verdict} expected; {result}")
            assert state.summary is not None
            assert Counter(r["verdict"] for r in results)["passed"] == state.summary.passed
        for key in ("units", "specs", "leases"):
            for _ in range(100):
                if not await api.redis.exists(f"test:{key}"):
                    break
                await asyncio.sleep(0.1)
            assert not await api.redis.exists(f"test:{key}"), key
        assert await api.redis.hget("test:load", "me") is None
