"""A round: three batches by three ways, faults in their middle, and a count of what came of every sample."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from chaos_faults import FAULTS
from chaos_samples import Batch, batch
from serving import Service

SAMPLES = 24  # per batch
FAULTS_EACH = 2
PATIENCE_S = 200.0
AGAIN_S = 0.2


@dataclass
class Tally:
    """What was done, and what came of it. lost: no result, or `invalid`; changed: another verdict, or a result that
    read otherwise at another time; broken: rounds that did not come to their end."""

    rounds: int = 0
    samples: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    broken: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest_s: float = 0.0
    odd: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.rounds += other.rounds
        self.samples += other.samples
        self.lost += other.lost
        self.doubled += other.doubled
        self.changed += other.changed
        self.broken += other.broken
        self.faults += other.faults
        self.seconds += other.seconds
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.odd += other.odd

    @contextmanager
    def round(self) -> Iterator[Tally]:
        """A round's own tally, which is added to this one whatever becomes of the round."""
        one = Tally(rounds=1)
        began = time.monotonic()
        try:
            yield one
        except BaseException:
            one.broken = 1
            raise
        finally:
            one.slowest_s = one.seconds = time.monotonic() - began
            self.add(one)

    @property
    def harm(self) -> tuple[int, int, int]:
        """Lost, doubled, changed."""
        return self.lost, self.doubled, self.changed

    def lines(self) -> list[str]:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return [
            f"rounds {self.rounds} (broken off {self.broken}), faults {self.faults.total()} ({faults})",
            f"samples {self.samples}: lost {self.lost}, doubled {self.doubled}, changed {self.changed}",
            f"a round took {self.seconds / max(1, self.rounds):.1f} s, the slowest {self.slowest_s:.1f} s",
        ]


async def play(service: Service, provider: str, seed: int, tally: Tally) -> None:
    """One round, counted in `tally`."""
    dice = random.Random(seed)
    batches = [batch(dice, f"{seed}{way}", SAMPLES) for way in "abc"]
    async with httpx.AsyncClient(base_url=service.base, timeout=20) as http:
        ways = [_stream(http, batches[0]), _sync(http, batches[1]), _poll(http, batches[2])]
        faults = asyncio.create_task(_faults(service, provider, dice, tally))
        async with asyncio.timeout(PATIENCE_S):
            found = await asyncio.gather(*ways)
            await faults
            for made, (batch_id, seen) in zip(batches, found, strict=True):
                _count(tally, made, seen, await _again(http, batch_id))


async def _faults(service: Service, provider: str, dice: random.Random, tally: Tally) -> None:
    for _ in range(FAULTS_EACH):
        await asyncio.sleep(dice.uniform(0.2, 1.5))
        name = dice.choice(list(FAULTS[provider]))
        tally.faults[name] += 1
        await asyncio.to_thread(FAULTS[provider][name], service, dice)


# the ways


async def _stream(http: httpx.AsyncClient, made: Batch) -> tuple[str, list[dict[str, Any]]]:
    """Started, then read as lines; a stream that breaks is taken up after the whole lines that came."""
    batch_id = await _start(http, made)
    seen: list[dict[str, Any]] = []
    while True:
        try:
            async with http.stream("GET", f"/v1/batches/{batch_id}/results", params={"after": len(seen)}) as answer:
                answer.raise_for_status()
                rest = b""
                async for chunk in answer.aiter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    seen += [json.loads(line) for line in lines]
            return batch_id, seen
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            await _passing(error)


async def _sync(http: httpx.AsyncClient, made: Batch) -> tuple[str, list[dict[str, Any]]]:
    """One request that waits, sent again under its key until it is answered; then the key leads to the same batch."""
    answer = await _send(http, "/v1/rewards", made, wait_s=PATIENCE_S)
    assert await _start(http, made) == answer["id"]
    return answer["id"], answer["results"]


async def _poll(http: httpx.AsyncClient, made: Batch) -> tuple[str, list[dict[str, Any]]]:
    batch_id = await _start(http, made)
    while True:
        answer = await _look(http, batch_id)
        if answer["status"] == "done":
            return batch_id, answer["results"]
        await asyncio.sleep(AGAIN_S)


async def _start(http: httpx.AsyncClient, made: Batch) -> str:
    return str((await _send(http, "/v1/batches", made))["id"])


async def _send(http: httpx.AsyncClient, path: str, made: Batch, wait_s: float = 20) -> dict[str, Any]:
    while True:
        try:
            answer = await http.post(path, json=made.body, headers={"Idempotency-Key": made.name}, timeout=wait_s)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            await _passing(error)


async def _look(http: httpx.AsyncClient, batch_id: str) -> dict[str, Any]:
    while True:
        try:
            answer = await http.get(f"/v1/batches/{batch_id}")
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            await _passing(error)


async def _again(http: httpx.AsyncClient, batch_id: str) -> list[dict[str, Any]]:
    return list((await _look(http, batch_id))["results"])


async def _passing(error: httpx.TransportError | httpx.HTTPStatusError) -> None:
    """Wait after a fault that passes: a connection that broke, 429, 503. Any other answer is raised."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code not in (429, 503):
        raise error
    await asyncio.sleep(AGAIN_S)


# the count


def _count(tally: Tally, made: Batch, seen: list[dict[str, Any]], again: list[dict[str, Any]]) -> None:
    tally.samples += len(made.samples)
    times = Counter(result["index"] for result in seen)
    tally.doubled += sum(count - 1 for count in times.values())
    first = {result["index"]: result for result in reversed(seen)}
    later = {result["index"]: result for result in again}
    for index, expected in enumerate(made.expected):
        result = first.get(index)
        if result is None or result["verdict"] == "invalid":
            tally.lost += 1
        elif result["verdict"] != expected or result["id"] != made.samples[index]["id"] or later[index] != result:
            tally.changed += 1
        else:
            continue
        tally.odd.append(f"{made.name} {index}: {expected} expected; {result}; later {later.get(index)}")
