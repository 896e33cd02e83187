"""Micro-batching: calls that come within a short window go out as one, whatever batch or request they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """run: answers a batch, one result or exception per item, same order. size: items in a batch, at most.

    window_s: how long the first item of a batch waits for others. calls: bounds the batches on their way at a time;
    two batchers may share one.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Awaitable[list[Result | Exception]]],
        *,
        size: int,
        window_s: float,
        calls: asyncio.Semaphore,
    ) -> None:
        self._run = run
        self._size = size
        self._window_s = window_s
        self._calls = calls
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, item: Item) -> Result:
        """The result of `item`. Raises what `run` gave for it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._size:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._window_s, self._flush)
        return await future

    async def close(self) -> None:
        """Cancel what waits and what is on its way."""
        if self._timer is not None:
            self._timer.cancel()
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            task = asyncio.get_running_loop().create_task(self._send(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            async with self._calls:
                wanted = [(item, future) for item, future in batch if not future.done()]
                results = await self._run([item for item, _ in wanted]) if wanted else []
            for (_, future), result in zip(wanted, results, strict=True):
                _settle(future, result)
        except BaseException as error:
            for _, future in batch:
                if isinstance(error, Exception):
                    _settle(future, error)
                else:
                    future.cancel()
            if not isinstance(error, Exception):
                raise


def _settle(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
