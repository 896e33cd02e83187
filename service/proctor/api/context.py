"""What the routes of one process share, and how a request gets at it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Depends, Request

from proctor.api.auth import KeyRing
from proctor.api.backend import Backend, Worker
from proctor.api.body import MIB, Bodies, Memory
from proctor.errors import Unavailable
from proctor.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

#: Bodies up to this many bytes are parsed where they are: a thread would cost more than it frees.
INLINE = 64 * 1024
WORKERS_S = 1.0


@dataclass
class Context:
    """What the routes of one process share.

    thinking: gives what `/v1/info` says of the thinking model; None without one.
    stopping: set when the process begins to stop; requests that wait are then answered 503.
    """

    settings: Settings
    keys: KeyRing
    backend: Backend
    thinking: Callable[[], dict[str, Any]] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        # Two: parsing holds the interpreter's lock, so more threads would only take turns in more memory.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="parse")
        body_mib, test_set_mib = self.settings.max_body_mib, self.settings.max_test_set_mib
        memory = Memory(max(self.settings.body_memory_mib, body_mib, test_set_mib) * MIB)
        self.bodies = Bodies(body_mib * MIB, memory, self._threads)
        self.test_set_bodies = Bodies(test_set_mib * MIB, memory, self._threads)
        self._workers: Sequence[Worker] = ()
        self._workers_at = float("-inf")
        self._asking: asyncio.Task[Sequence[Worker]] | None = None

    async def compute(self, size: int, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`call` with work in proportion to `size` bytes; in a thread where that would hold up other requests."""
        if size <= INLINE:
            return call(*args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))

    async def workers(self) -> Sequence[Worker]:
        """The live workers, at most `WORKERS_S` seconds old. Requests that come together ask once."""
        if self._workers and time.monotonic() - self._workers_at <= WORKERS_S:
            return self._workers
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_for_workers())
        return await asyncio.shield(self._asking)

    async def _ask_for_workers(self) -> Sequence[Worker]:
        now = time.monotonic()
        self._workers = await self.backend.workers()
        self._workers_at = now
        return self._workers

    async def unless_stopping(self, work: Coroutine[Any, Any, R]) -> R:
        """What `work` yields. Raises Unavailable as soon as the process begins to stop, and cancels `work`."""
        task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Unavailable("The service is stopping; send the request again.", retry_after_s=1)
        finally:
            abandon(task, stopping)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def abandon(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks without waiting for them: a client of Redis may swallow one cancellation and go on for long."""
    for task in tasks:
        task.cancel()
        if not task.done():
            _abandoned.add(task)
            task.add_done_callback(_forget)


_abandoned: set[asyncio.Future[Any]] = set()  # the event loop itself holds tasks but weakly


def _forget(task: asyncio.Future[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody is warned


def _shared(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


# Dependencies that are no coroutines would each cost a trip through FastAPI's thread pool.


async def _context(request: Request) -> Context:
    return _shared(request)


async def _submitter(request: Request) -> str:
    return _shared(request).keys.owner(request.headers, "submit")


async def _reader(request: Request) -> str:
    return _shared(request).keys.owner(request.headers, "read")


async def _admin(request: Request) -> str:
    return _shared(request).keys.owner(request.headers, "admin")


async def _anyone(request: Request) -> str:
    return _shared(request).keys.owner(request.headers, None)


Shared = Annotated[Context, Depends(_context)]
#: The owner of a request whose key may do what the name says.
Submitter = Annotated[str, Depends(_submitter)]
Reader = Annotated[str, Depends(_reader)]
Admin = Annotated[str, Depends(_admin)]
Anyone = Annotated[str, Depends(_anyone)]
