"""Trainers that send samples one by one: the service runs them together, and their rewards are those of a batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from serving import Service, serving

from proctor.trainers.verl import compute_score_async

SAMPLES = 256
SHARE = 0.70
TRIES = 3
LABEL = '{"inputs": ["2\\n"], "outputs": ["4\\n"]}'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("coalesce"), "--workers", "2") as service:
        yield service


def programs(salt: str) -> list[str]:
    """Programs that differ, so that none is a unit of another; every third is wrong."""
    return [f"print(int(input()) ** {2 if i % 3 else 3})  # {salt} {i}" for i in range(SAMPLES)]


async def batch(service: Service, salt: str) -> tuple[float, list[float]]:
    """Seconds and rewards of one batch."""
    tests = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}]}
    samples: list[dict[str, Any]] = [{"completion": p, "tests": tests} for p in programs(salt)]
    async with httpx.AsyncClient(timeout=120) as client:
        began = time.monotonic()
        answer = await client.post(f"{service.base}/v1/rewards", json={"samples": samples})
        return time.monotonic() - began, [r["reward"] for r in answer.json()["results"]]


async def one_by_one(service: Service, salt: str) -> tuple[float, list[float]]:
    """Seconds and rewards of as many requests at once, through verl's adapter."""
    began = time.monotonic()
    scores = await asyncio.gather(
        *(compute_score_async("taco", p, LABEL, {}, url=service.base, on_invalid="raise") for p in programs(salt))
    )
    return time.monotonic() - began, [s["score"] for s in scores]


async def test_many_requests_of_one_sample_are_about_as_fast_as_a_batch(service: Service) -> None:
    await asyncio.gather(batch(service, "warm"), one_by_one(service, "warm too"))
    shares = []
    for i in range(TRIES):  # in turn, because other work may share the machine
        batch_s, batch_rewards = await batch(service, f"batch {i}")
        single_s, single_rewards = await one_by_one(service, f"single {i}")
        assert single_rewards == batch_rewards
        shares.append(batch_s / single_s)
        if shares[-1] >= SHARE:
            break
    assert max(shares) >= SHARE, f"{[f'{s:.2f}' for s in shares]} of a batch's throughput"
