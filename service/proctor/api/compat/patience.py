"""Our failures, kept from a client that would make them a reward: samples we could not judge are judged again.

Most of the clients here know no "cannot be scored": whatever is not a number is retried a few times, and then
counts as zero or ends the run. So the request is held, and what failed is tried again, until just before
the client's own timeout; only then it gets a 503, which makes it come back and join the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from proctor.api.compat.ports import Call, Ports
from proctor.errors import InvalidRequest, Overloaded, Unavailable
from proctor.wire import BatchRequest, InvalidCode, SampleResult, Verdict

T = TypeVar("T")
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
RETRY_AFTER_S = 1.0


async def scored(ports: Ports, batch: BatchRequest, call: Call, *, patience_s: float) -> list[SampleResult]:
    """One result per sample, same order, every one with a reward.

    Raises InvalidRequest for tests that cannot be run, Unavailable after `patience_s` seconds.
    """

    async def ask(indices: Sequence[int], key: str) -> list[SampleResult | None]:
        part = batch.model_copy(update={"samples": [batch.samples[i] for i in indices]})
        results = await ports.score(part, call.owner, key)
        for i, result in zip(indices, results, strict=True):
            if result.error is not None and result.error.code is InvalidCode.TESTS_INVALID:
                raise InvalidRequest(f"The tests of sample {i} cannot be run: {result.error.message}")
        return [None if r.verdict is Verdict.INVALID else r for r in results]

    return await insistent(ask, len(batch.samples), call.key, patience_s)


async def insistent(
    ask: Callable[[Sequence[int], str], Awaitable[list[T | None]]], count: int, key: str, patience_s: float
) -> list[T]:
    """Ask for `count` things until none is None. Each round has a key of its own, the same for every resend."""
    found: dict[int, T] = {}
    left, pause, number = list(range(count)), FIRST_PAUSE_S, 0
    try:
        async with asyncio.timeout(patience_s):
            while left:
                try:
                    got = await ask(left, f"{key}:{number}")
                except (Overloaded, Unavailable) as error:
                    await asyncio.sleep(max(pause, min(error.retry_after_s or 0, LONGEST_PAUSE_S)))
                else:
                    number += 1
                    found |= {i: r for i, r in zip(left, got, strict=True) if r is not None}
                    left = [i for i in left if i not in found]
                    if left:
                        await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
    except TimeoutError:
        raise Unavailable(f"Not done within {patience_s:g} s; send it again.", retry_after_s=RETRY_AFTER_S) from None
    return [found[i] for i in range(count)]
