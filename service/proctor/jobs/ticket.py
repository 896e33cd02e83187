"""Tickets: RQ jobs without payload, and a Job class that runs nothing else.

RQ imports whatever dotted name a job names, with arguments from the job, and so do its callbacks: with the stock
class a write to Redis is code in a worker. A `Ticket` does not look at what a job says. It never deserialises
data, meta or results, has no callbacks, webhooks, dependencies, retries, repeats; performing it calls the
worker's `drain`, or refuses if the job names anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, cast

from rq import Queue
from rq.exceptions import DequeueTimeout
from rq.job import Job, JobStatus

from proctor.jobs.line import Line
from proctor.jobs.pipe import checked

#: What the data of a ticket must be, byte for byte. `lua/common.lua` writes it.
DATA = b'["proctor.jobs.ticket.drain", null, [], {}]'
TIMEOUT_S = 2400
_STATUSES = frozenset(status.value.encode() for status in JobStatus)

_drain: Callable[[], None] | None = None


class Refused(Exception):
    """A job that is not a ticket."""


def serve_with(drain: Callable[[], None]) -> None:
    """Set what performing a ticket does in this process."""
    global _drain
    _drain = drain


class NoSerializer:
    """Reads nothing from Redis: JSON or pickle, a serialiser would parse a stranger's bytes."""

    @staticmethod
    def dumps(obj: Any) -> bytes:
        """A ticket's data, whatever is asked: there is nothing else to write."""
        return DATA

    @staticmethod
    def loads(data: bytes) -> Any:
        """Always refuses."""
        raise Refused("a ticket carries nothing")


class Ticket(Job):
    """A job that is one constant function without arguments. genuine: whether it is a ticket."""

    genuine = False

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Note whether this is a ticket, take its status, and leave the rest where it is."""
        fields = {k if isinstance(k, bytes) else str(k).encode(): v for k, v in raw_data.items()}
        self.genuine = fields.get(b"data") == DATA
        status = fields.get(b"status", b"")
        kept = {b"data": DATA, b"status": status if status in _STATUSES else b"created"}
        super().restore(kept)
        self.origin = fields.get(b"origin", b"").decode("ascii", "replace")
        self._func_name, self._instance, self._args, self._kwargs = "proctor.jobs.ticket.drain", None, (), {}
        self.timeout, self.result_ttl, self.failure_ttl = TIMEOUT_S, 0, 60

    def _deserialize_data(self) -> None:
        self._func_name, self._instance, self._args, self._kwargs = "proctor.jobs.ticket.drain", None, (), {}

    def perform(self) -> None:
        """Drain the lanes. Raises Refused for a job that is not a ticket."""
        if not self.genuine:
            raise Refused("this job is not a ticket")
        if _drain is None:
            raise Refused("this process drains nothing")
        _drain()

    @property
    def func(self) -> None:
        """No function is ever looked up."""
        return None

    @property
    def success_callback(self) -> None:
        """None, ever."""
        return None

    @property
    def failure_callback(self) -> None:
        """None, ever."""
        return None

    @property
    def stopped_callback(self) -> None:
        """None, ever."""
        return None

    @property
    def should_retry(self) -> bool:
        """Never: the sweeper makes another ticket."""
        return False

    def send_webhooks(self, *_: Any, **__: Any) -> None:
        """None, ever."""


class TicketQueue(Queue):
    """A queue that makes Tickets of its jobs, and enqueues nothing that depends on them."""

    job_class = Ticket

    @classmethod
    def dequeue_any(cls, queues: Iterable[Queue], timeout: int | None, *_: Any, **__: Any) -> tuple[Job, Queue] | None:
        """A ticket of the one queue of `queues`, struck off; None where none is there and `timeout` is None.

        Raises DequeueTimeout, RedisError.
        """
        (queue,) = queues
        assert isinstance(queue, TicketQueue)
        while (job_id := queue._pop(timeout)) is not None:
            if (job := queue._strike_off(job_id)) is not None:
                return job, queue
        return None

    @cached_property
    def _line(self) -> Line:
        return Line(self.connection)

    def _pop(self, timeout: int | None) -> bytes | None:
        where = (self.key, self.intermediate_queue_key, "LEFT", "RIGHT")
        if timeout is None:
            return cast("bytes | None", self._line.one("LMOVE", *where))
        job_id = self._line.one("BLMOVE", *where, timeout)
        if job_id is None:
            raise DequeueTimeout(timeout, self.key)
        return cast(bytes, job_id)

    def _strike_off(self, job_id: bytes) -> Job | None:
        """Look at the job and strike it off, in one round trip; None where there is none.

        A ticket that is lost after that, with its worker, is replaced by the sweeper.
        """
        key = Ticket.redis_job_namespace_prefix.encode() + job_id
        replies = self._line.run(("HGET", key, "data"), ("LREM", self.intermediate_queue_key, 1, job_id), ("DEL", key))
        data = checked(replies[0])
        if data is None:
            return None
        job = Ticket(job_id.decode("utf-8", "replace"), connection=self.connection, serializer=self.serializer)
        job.genuine = data == DATA  # nothing else of it is looked at
        return job

    def enqueue_dependents(self, *_: Any, **__: Any) -> dict[str, list[str]]:
        """A ticket has none."""
        return {}

    def move_dependents_to_ready(self, *_: Any, **__: Any) -> dict[str, list[str]]:
        """A ticket has none."""
        return {}

    def enqueue_ready_jobs_by_queue(self, *_: Any, **__: Any) -> None:
        """A ticket has none."""
