"""The blocking client: the asynchronous one, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from proctor.client.aio import DEFAULT_URL, AsyncRewardClient, OnResult
from proctor.client.request import Bounds, SampleLike, TestsLike
from proctor.client.retry import Retry
from proctor.client.scores import Scores
from proctor.wire import BatchStatus, SampleResult

T = TypeVar("T")
CLEAN_UP_S = 6.0


class RewardClient:
    """Scores samples over HTTP. Safe to share between threads, to pickle, and to use after a fork.

    Parameters as of `AsyncRewardClient`.
    """

    def __init__(
        self,
        urls: str | Sequence[str] = DEFAULT_URL,
        *,
        api_key: str | None = None,
        retry: Retry | None = None,
        bounds: Bounds | None = None,
        concurrency: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "urls": urls,
            "api_key": api_key,
            "retry": retry,
            "bounds": bounds,
            "concurrency": concurrency,
            "transport": transport,
        }
        self._begin()

    def _begin(self) -> None:
        self._client = AsyncRewardClient(**self._arguments)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return self._arguments

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._arguments = state
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def score(
        self,
        samples: Sequence[SampleLike],
        *,
        tests: Mapping[str, TestsLike] | None = None,
        on_result: OnResult | None = None,
        timeout_s: float | None = None,
        progress: bool = False,
        **options: Any,
    ) -> Scores:
        """See `AsyncRewardClient.score`. progress: show a bar on the terminal (needs rich)."""
        with _bar(len(samples), on_result) if progress else _given(on_result) as called:
            return self._wait(
                self._client.score(samples, tests=tests, on_result=called, timeout_s=timeout_s, **options)
            )

    def submit(
        self,
        samples: Sequence[SampleLike],
        *,
        tests: Mapping[str, TestsLike] | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> str:
        """See `AsyncRewardClient.submit`."""
        return self._wait(self._client.submit(samples, tests=tests, idempotency_key=idempotency_key, **options))

    def status(self, batch_id: str, *, results: bool = True) -> BatchStatus:
        """See `AsyncRewardClient.status`."""
        return self._wait(self._client.status(batch_id, results=results))

    def stream(self, batch_id: str, after: int = 0) -> Iterator[SampleResult]:
        """See `AsyncRewardClient.stream`."""
        results = self._client.stream(batch_id, after)

        async def following() -> SampleResult | None:
            return await anext(results, None)

        async def close() -> None:
            await results.aclose()  # type: ignore[attr-defined]

        try:
            while (result := self._wait(following())) is not None:
                yield result
        finally:
            self._wait(close())

    def cancel(self, batch_id: str) -> None:
        """See `AsyncRewardClient.cancel`."""
        self._wait(self._client.cancel(batch_id))

    def upload(self, tests: TestsLike) -> str:
        """See `AsyncRewardClient.upload`."""
        return self._wait(self._client.upload(tests))

    def info(self) -> dict[str, Any]:
        """See `AsyncRewardClient.info`."""
        return self._wait(self._client.info())

    def close(self) -> None:
        """Close the connections and end the thread."""
        if self._loop is None or self._pid != os.getpid():
            return
        self._wait(self._client.aclose())
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; an interrupt of this thread cancels it, and waits for it to clean up."""
        ended = threading.Event()

        async def marked() -> T:
            try:
                return await work
            finally:
                ended.set()

        future = asyncio.run_coroutine_threadsafe(marked(), self._running())
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
                ended.wait(CLEAN_UP_S)
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._pid != os.getpid():  # after a fork: the thread did not come along
            self._begin()
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="proctor-client", daemon=True)
                self._thread.start()
            return self._loop


@contextmanager
def _given(on_result: OnResult | None) -> Iterator[OnResult | None]:
    yield on_result


@contextmanager
def _bar(total: int, on_result: OnResult | None) -> Iterator[Callable[[int, SampleResult], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("scoring", total=total)

        def called(position: int, result: SampleResult) -> None:
            progress.advance(task)
            if on_result:
                on_result(position, result)

        yield called
