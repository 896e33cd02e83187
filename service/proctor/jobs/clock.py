"""Redis's clock, read now and then: times of several machines are compared, so one clock must rule.

And when to stop: a cancelled task that waits for Redis is not always told so (the client's own timeouts may swallow
the exception), so loops ask.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any


class RedisClock:
    """Seconds since the epoch as Redis tells them."""

    def __init__(self, client: Any, *, refresh_s: float = 30.0) -> None:
        self._client = client
        self._refresh_s = refresh_s
        self._offset = 0.0
        self._read_at: float | None = None

    async def refresh(self) -> None:
        """Ask Redis if the last answer is old. Raises RedisError."""
        if self._read_at is not None and time.monotonic() - self._read_at < self._refresh_s:
            return
        seconds, micros = await self._client.time()
        self._offset = int(seconds) + int(micros) / 1e6 - time.time()
        self._read_at = time.monotonic()

    def now(self) -> float:
        """Now, by Redis's clock."""
        return time.time() + self._offset


def going_on() -> bool:
    """Whether the current task has not been cancelled."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()
