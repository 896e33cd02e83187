"""RQ's worker, pared down: no fork per job, no commands over pub/sub, nothing but tickets.

RQ keeps some sixty commands' worth of books on a job's execution. A ticket needs none of them: it has no result, and
one that is lost with its worker is replaced by the sweeper. So it is struck off before it is performed, and RQ's
own machinery for performing jobs, callbacks included, is never entered.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.timeouts import JobTimeoutException

from proctor.jobs.ticket import TIMEOUT_S, NoSerializer, Refused, Ticket, TicketQueue

#: RQ's name for how long a silent worker counts; it blocks for new tickets for 15 s less.
TTL_S = 30
MAINTENANCE_S = 60
HEARTBEAT_S = 5.0
#: Ends the main thread's waiting for a ticket.
WAKE = signal.SIGUSR1


def _overdue(signum: int, frame: FrameType | None) -> None:
    raise JobTimeoutException("a ticket outstayed its clock")


class TicketWorker(SimpleWorker):
    """Pops tickets from one queue and performs them in this process."""

    job_class = Ticket
    queue_class = TicketQueue
    max_connection_wait_time = 2.0

    def __init__(
        self,
        connection: Any,
        queue: str,
        *,
        busy: Callable[[], bool],
        on_stop: Callable[[], None],
        timeout_s: int = TIMEOUT_S,
    ) -> None:
        """busy: whether a ticket runs now. on_stop: called at a signal, before the loop is told to end.

        timeout_s: the outermost clock, of a ticket; longer than what the worker's own clock grants all it runs.
        """
        super().__init__(
            [queue],
            connection=connection,
            serializer=NoSerializer,
            worker_ttl=TTL_S,
            maintenance_interval=MAINTENANCE_S,
            log_job_description=False,
        )
        self._heartbeat_at = -HEARTBEAT_S
        self._busy = busy
        self._on_stop = on_stop
        self._timeout_s = timeout_s
        self._asking = False

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Perform the ticket, which is struck off already; whatever is not one is refused and gone."""
        signal.setitimer(signal.ITIMER_REAL, self._timeout_s)
        try:
            job.perform()
        except Refused as refusal:
            self.log.error("refused job %r: %s", job.id, refusal)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Known to this process alone: `Batches.workers` tells who is live."""
        self._state = state

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's own sign of life, not more often than needed."""
        if time.monotonic() - self._heartbeat_at > HEARTBEAT_S:
            self._heartbeat_at = time.monotonic()
            super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """`rq suspend` is not heeded: nothing in Redis stops a worker."""

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """RQ's own, which `leave` ends. A ticket that comes at that moment is replaced by the sweeper."""
        self._asking = True
        try:
            if self._stop_requested:
                raise StopRequested
            return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
        finally:
            self._asking = False

    def leave(self) -> None:
        """End the loop: at once where no ticket runs, else after it. For any thread; `work` runs in the main one."""
        self._stop_requested = True
        if self._asking and (main := threading.main_thread().ident) is not None:
            signal.pthread_kill(main, WAKE)

    def _on_wake(self, signum: int, frame: FrameType | None) -> None:
        if self._asking and self._stop_requested:
            raise StopRequested

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: at once where no ticket runs, else after it."""
        self._stop_requested = True
        self._on_stop()
        if not self._busy():
            raise StopRequested

    def _install_signal_handlers(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_stop)
        signal.signal(WAKE, self._on_wake)
        signal.signal(signal.SIGALRM, _overdue)  # once: RQ's own timer sets and restores it around every job

    def subscribe(self) -> None:
        """No commands from Redis."""

    def unsubscribe(self) -> None:
        """Nothing to end."""

    def procline(self, message: str) -> None:
        """The command line stays as it is."""

    def teardown(self) -> None:
        """Say goodbye if Redis listens."""
        with contextlib.suppress(RedisError, OSError):
            self.register_death()  # type: ignore[no-untyped-call]
