"""Dynamic batching: what waits, whoever asked, goes through the model in batches of like length, one after another.

One thread holds the model. A batch is chosen when the one before it is done, from all that waits by then: a busy model
gets full batches, an idle one answers at once, and nobody sets a window.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from proctor.errors import ThinkingUnavailable
from proctor.thinking.local.batches import choose
from proctor.thinking.local.model import Model
from proctor.thinking.local.prompt import Encoded
from proctor.thinking.types import Marked, ThinkingFailed, Thought

TRUNCATED = "thinking_truncated"
#: Threads that turn text into tokens while the model runs.
ENCODERS = 2


@dataclass
class Work:
    """What an engine has done. padded: tokens with padding. busy_s, cpu_s: wall clock and CPU while the model ran."""

    inputs: int = 0
    batches: int = 0
    tokens: int = 0
    padded: int = 0
    truncated: int = 0
    busy_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(eq=False)
class _Job:
    ids: list[int]
    done: Future[float] = field(default_factory=Future)


class Engine:
    """A model, and the thread that runs it. budget: padded tokens of a batch. most: its rows."""

    def __init__(self, model: Model, *, budget: int = 16_384, most: int = 256) -> None:
        self.model = model
        self.work = Work()
        self._budget, self._most = budget, most
        self._waiting: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._encoders = ThreadPoolExecutor(ENCODERS, thread_name_prefix="encode")
        self._thread = threading.Thread(target=self._loop, name="thinking-model", daemon=True)
        self._thread.start()

    async def score(self, inputs: Sequence[Thought | str]) -> list[float | None]:
        """Raw scores, one per input, same order; Marked where the model did not see it all.

        A thought is joined by the template; a string is taken as it is. Raises ThinkingFailed, ThinkingUnavailable.
        """
        if self._closed:
            raise ThinkingUnavailable("the model is being closed")
        loop = asyncio.get_running_loop()
        encoded = await asyncio.gather(*(loop.run_in_executor(self._encoders, self._encode, one) for one in inputs))
        values = await asyncio.gather(*map(asyncio.wrap_future, self._submit(encoded)))
        self.work.truncated += sum(one.truncated for one in encoded)
        return [
            Marked(value, (TRUNCATED,)) if one.truncated else value for one, value in zip(encoded, values, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """The model, and what bounds a batch."""
        return {**self.model.describe(), "batch_tokens": self._budget}

    def close(self) -> None:
        """End the thread; what waits fails."""
        with self._wake:
            self._closed = True
            waiting, self._waiting = self._waiting, deque()
            self._wake.notify()
        for job in waiting:
            _fail(job, ThinkingUnavailable("the model is being closed"))
        self._thread.join()
        self._encoders.shutdown(cancel_futures=True)

    def _encode(self, one: Thought | str) -> Encoded:
        try:
            return self.model.encode_text(one) if isinstance(one, str) else self.model.encode(one)
        except Exception as error:
            raise ThinkingFailed(f"the input cannot be turned into tokens: {type(error).__name__}") from error

    def _submit(self, encoded: Sequence[Encoded]) -> list[Future[float]]:
        jobs = [_Job(one.ids) for one in encoded]
        with self._wake:
            if self._closed:
                raise ThinkingUnavailable("the model is being closed")
            self._waiting.extend(jobs)
            self._wake.notify()
        return [job.done for job in jobs]

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closed:
                    self._wake.wait()
                if self._closed:
                    return
                jobs = self._take()
            self._run(jobs)

    def _take(self) -> list[_Job]:
        """The next batch: the job that has waited longest, and its likes."""
        jobs = [job for job in self._waiting if not job.done.cancelled()]
        places = set(choose([len(job.ids) for job in jobs], 0, self._budget, self._most)) if jobs else set()
        self._waiting = deque(job for at, job in enumerate(jobs) if at not in places)
        return [job for at, job in enumerate(jobs) if at in places]

    def _run(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        began, began_cpu = time.perf_counter(), time.process_time()
        try:
            values = self.model.run([job.ids for job in jobs])
            if len(values) != len(jobs):
                raise ThinkingUnavailable(f"{len(values)} scores for {len(jobs)} inputs")
        except Exception as error:
            self._run_apart(jobs, error)
            return
        self._count([len(job.ids) for job in jobs])
        self.work.busy_s += time.perf_counter() - began
        self.work.cpu_s += time.process_time() - began_cpu
        for job, value in zip(jobs, values, strict=True):
            if job.done.set_running_or_notify_cancel():
                job.done.set_result(value)

    def _run_apart(self, jobs: Sequence[_Job], error: Exception) -> None:
        """After a failure: each half by itself, for one input may be at fault, or the device too small for all."""
        if len(jobs) > 1:
            self._run(jobs[: len(jobs) // 2])
            self._run(jobs[len(jobs) // 2 :])
        elif isinstance(error, ThinkingUnavailable):
            _fail(jobs[0], error)
        else:
            _fail(jobs[0], ThinkingFailed(f"the model failed: {type(error).__name__}: {error}"[:300]))

    def _count(self, lengths: Sequence[int]) -> None:
        work = self.work
        work.inputs += len(lengths)
        work.batches += 1
        work.tokens += sum(lengths)
        work.padded += len(lengths) * max(lengths)


def _fail(job: _Job, error: Exception) -> None:
    if job.done.set_running_or_notify_cancel():
        job.done.set_exception(error)
