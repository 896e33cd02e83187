"""Calls that come together go as one request: trainers that score sample by sample get the throughput of batches.

verl, slime, AReaL and verifiers await one reward per sample, hundreds at a time. A request costs both sides several
milliseconds, about as much as running a small program, so calls of the same few milliseconds share one; each is
answered as soon as its own results are there. No reward depends on who shared a request.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.client import InvalidRequest, TooLarge
from proctor.wire import Sample, SampleResult

PAUSE_S = 0.003
MOST = 512  # samples in a request, unless one call has more


@dataclass(eq=False)
class _Call:
    """One call: its samples, the results so far, and the future its caller awaits. options: of its request."""

    samples: Sequence[Sample]
    options: dict[str, Any]
    answered: asyncio.Future[list[SampleResult]]
    results: dict[int, SampleResult] = field(default_factory=dict)

    def put(self, position: int, result: SampleResult) -> None:
        """Keep a result; answer the caller with the last."""
        self.results[position] = result
        if len(self.results) == len(self.samples) and not self.answered.done():
            self.answered.set_result([self.results[i] for i in range(len(self.samples))])

    def fail(self, error: BaseException) -> None:
        """Answer the caller with an error."""
        if not self.answered.done():
            self.answered.set_exception(error)


class Together:
    """Shares requests between the calls of one event loop. client: an AsyncRewardClient."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._waiting: list[_Call] = []
        self._flush: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: AsyncGenerator[None] | None = None  # held here: the loop refers to it weakly

    async def score(self, samples: Sequence[Sample], options: dict[str, Any]) -> list[SampleResult]:
        """One result per sample, same order. Raises ClientError."""
        loop = asyncio.get_running_loop()
        call = _Call(samples, options, loop.create_future())
        self._waiting.append(call)
        if sum(len(c.samples) for c in self._waiting) >= MOST:
            self._send_waiting()
        elif self._flush is None:
            self._flush = loop.call_later(PAUSE_S, self._send_waiting)
        return await call.answered

    async def end_with_loop(self) -> None:
        """Have this event loop close the connections before it ends. Nobody else would: a trainer that names a function
        tells nothing of its end, and some run a loop per step."""
        self._ending = self._until_the_end()
        await anext(self._ending)

    async def _until_the_end(self) -> AsyncGenerator[None]:
        """`asyncio.run`, and whoever else ends a loop as documented, closes the generators that were begun in it."""
        try:
            yield
        finally:
            await self._close()

    async def aclose(self) -> None:
        """Close the client's connections, where it has any."""
        ending, self._ending = self._ending, None
        if ending is not None:
            await ending.aclose()
        else:
            await self._close()

    async def _close(self) -> None:
        if hasattr(self._client, "aclose"):
            await self._client.aclose()

    def _send_waiting(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        waiting, self._waiting = [c for c in self._waiting if not c.answered.done()], []
        for portion in _alike(waiting):
            task = asyncio.ensure_future(self._send(portion))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            for call in portion:
                call.answered.add_done_callback(functools.partial(_end_if_unwanted, task, portion))

    async def _send(self, calls: list[_Call]) -> None:
        places = [(call, i) for call in calls for i in range(len(call.samples))]

        def on_result(position: int, result: SampleResult) -> None:
            call, place = places[position]
            call.put(place, result)

        samples = [call.samples[i] for call, i in places]
        try:
            if len(calls) == 1:
                scores = await self._client.score(samples, **calls[0].options)
            else:
                scores = await self._client.score(samples, on_result=on_result, **calls[0].options)
        except (InvalidRequest, TooLarge) as error:
            if len(calls) == 1:
                calls[0].fail(error)
            else:  # the fault of one is not the others'
                await asyncio.gather(*(self._send([c]) for c in calls if not c.answered.done()))
        except Exception as error:
            for call in calls:
                call.fail(error)
        else:
            for position, result in enumerate(scores.results):
                on_result(position, result)


def _alike(calls: list[_Call]) -> list[list[_Call]]:
    """The calls in portions that may share a request: with the same options."""
    portions: list[list[_Call]] = []
    for call in calls:
        portion = next((p for p in portions if p[0].options == call.options), None)
        if portion is None:
            portions.append([call])
        else:
            portion.append(call)
    return portions


def _end_if_unwanted(task: asyncio.Task[None], calls: list[_Call], _: object) -> None:
    """End a request that nobody waits for any more."""
    if all(c.answered.done() for c in calls) and any(c.answered.cancelled() for c in calls):
        task.cancel()
