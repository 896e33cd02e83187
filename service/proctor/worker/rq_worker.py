"""RQ's worker, pared down: no fork per job, no commands over pub/sub, nothing but tickets."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested

from proctor.jobs.ticket import NoSerializer, Ticket, TicketQueue

#: RQ's name for how long a silent worker counts; it blocks for new tickets for 15 s less.
TTL_S = 30
MAINTENANCE_S = 60


class TicketWorker(SimpleWorker):
    """Pops tickets from one queue and performs them in this process."""

    job_class = Ticket
    queue_class = TicketQueue
    max_connection_wait_time = 2.0

    def __init__(self, connection: Any, queue: str, *, busy: Callable[[], bool], on_stop: Callable[[], None]) -> None:
        """busy: whether a ticket runs now. on_stop: called at a signal, before the loop is told to end."""
        super().__init__(
            [queue],
            connection=connection,
            serializer=NoSerializer,
            worker_ttl=TTL_S,
            maintenance_interval=MAINTENANCE_S,
            log_job_description=False,
        )
        self._busy = busy
        self._on_stop = on_stop

    def leave(self) -> None:
        """End the loop after the ticket that runs."""
        self._stop_requested = True

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT: at once where no ticket runs, else after it."""
        self._stop_requested = True
        self._on_stop()
        if not self._busy():
            raise StopRequested

    def _install_signal_handlers(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_stop)

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
