"""One listener per process tells all waiting readers that a batch moved on.

A message may be lost (Redis restarts, a slow subscriber), so readers also look for themselves now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from proctor.jobs.channel import listen
from proctor.jobs.clock import going_on


class News:
    """Progress of batches, by Redis's pub/sub."""

    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self._channel = f"{namespace}:news"
        self._readers: defaultdict[str, dict[asyncio.Event, int]] = defaultdict(dict)
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def of(self, batch_id: str, seen: int) -> Iterator[asyncio.Event]:
        """An event that is set when the batch has more than `seen` results, or has ended. Clear it, look, then wait."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen(), name="proctor-news")
        event = asyncio.Event()
        self._readers[batch_id][event] = seen
        try:
            yield event
        finally:
            del self._readers[batch_id][event]
            if not self._readers[batch_id]:
                del self._readers[batch_id]

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen(self) -> None:
        while going_on():
            try:
                await self._follow()
            except (RedisError, OSError):
                await asyncio.sleep(0.5)

    async def _follow(self) -> None:
        await listen(self._client, self._channel, self._heard)

    def _heard(self, said: list[Any]) -> None:
        if said[0] == b"subscribe":
            self._wake_all()  # whatever was said before we listened
        elif said[0] == b"message":
            self._tell(*said[2].decode().split(" "))

    def _tell(self, batch_id: str, done: str, ended: str) -> None:
        for event, seen in self._readers.get(batch_id, {}).items():
            if ended == "1" or int(done) > seen:
                event.set()

    def _wake_all(self) -> None:
        for events in self._readers.values():
            for event in events:
                event.set()
