"""A circuit breaker: after some failures in a row nobody asks any more, but for one probe at a time.

closed ── `most` failures in a row ──▶ open ── after a pause ──▶ half open: one probe ── success ──▶ closed
                                        ▲───────────── failure: a longer pause ─────────┘

The breaker probes by itself, so that a model which is back is found even while no sample waits for it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Literal

State = Literal["closed", "open", "half_open"]


class Circuit:
    """probe: asks the model something cheap; whether it answered. pause_s doubles up to pause_most_s."""

    def __init__(
        self,
        probe: Callable[[], Awaitable[bool]],
        *,
        most: int = 5,
        pause_s: float = 1.0,
        pause_most_s: float = 30.0,
    ) -> None:
        self.state: State = "closed"
        self._probe = probe
        self._most, self._pause_s, self._pause_most_s = most, pause_s, pause_most_s
        self._failures = 0
        self._opened_at = 0.0
        self._shut = asyncio.Event()
        self._shut.set()
        self._task: asyncio.Task[None] | None = None

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = 0

    def failed(self) -> None:
        """A call was not answered, after every retry."""
        self._failures += 1
        if self.state == "closed" and self._failures >= self._most:
            self._open()

    async def closed(self, timeout_s: float) -> bool:
        """Wait until calls may be made; False where that takes longer than `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._shut.wait()
        except TimeoutError:
            return False
        return True

    async def still_closed(self, timeout_s: float) -> bool:
        """As `closed`, for who waited already: until `timeout_s` after the circuit opened."""
        if self._shut.is_set():
            return True
        open_s = asyncio.get_running_loop().time() - self._opened_at
        return await self.closed(max(0.0, timeout_s - open_s))

    async def close(self) -> None:
        """End the probing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _open(self) -> None:
        self.state = "open"
        self._opened_at = asyncio.get_running_loop().time()
        self._shut.clear()
        self._task = asyncio.get_running_loop().create_task(self._probing())

    async def _probing(self) -> None:
        pause_s = self._pause_s
        while True:
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))
            self.state = "half_open"
            if await self._probe():
                break
            self.state = "open"
            pause_s = min(2 * pause_s, self._pause_most_s)
        self._failures = 0
        self.state = "closed"
        self._shut.set()
