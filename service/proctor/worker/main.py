"""`proctor worker`: one process, one sandbox.

RQ wakes us with tickets; `Runner` does the work; `Keeper` keeps leases and outcomes beside it. The process ends by
SIGTERM or SIGINT: it starts nothing more, gives the running unit a moment, hands back the rest and leaves.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from proctor.errors import ConfigurationError, SandboxUnavailable
from proctor.jobs import ticket
from proctor.jobs.leases import Leases
from proctor.jobs.records import dumps
from proctor.sandbox.provider import Provider
from proctor.settings import Settings
from proctor.worker.keeper import Keeper
from proctor.worker.rq_worker import TicketWorker
from proctor.worker.runner import DRAIN_S, Judge, Runner, describe, longest_s
from proctor.worker.seat import Seat
from proctor.worker.slot import Slot
from proctor.worker.status import Status

#: How long the worker waits for Redis to take the last outcomes.
FAREWELL_S = 5.0
#: Tries to get the first sandbox; a worker that never had one gives up, so that somebody notices.
FIRST_TRIES = 3
#: Wall clock that second looks at timeouts may cost a worker at once, and the share of its time in the long run.
SECOND_LOOKS_S = 600.0
SECOND_LOOKS_SHARE = 0.1

log = logging.getLogger("proctor.worker")


class Stopped(Exception):
    """A signal told the worker to end while it waited."""


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, provider: Provider, judge: Judge) -> None:
        if settings.redis_url is None:
            raise ConfigurationError("a worker needs PROCTOR_REDIS_URL")
        self._settings = settings
        self._provider = provider
        worker_id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._slot = Slot(provider, settings.sandbox_recycle, _seat(settings))
        self._status = Status(settings.worker_status)
        leases = Leases(connect(settings.redis_url), settings, worker_id)
        self._keeper = Keeper(leases, self._status, self._look_after_sandbox)
        self._runner = Runner(Leases(connect(settings.redis_url), settings, worker_id), self._keeper, self._slot, judge)
        self._rq_client = redis.Redis.from_url(settings.redis_url, health_check_interval=10)
        self._rq: TicketWorker | None = None
        self._stopping = False
        self._had_sandbox = False
        self._presented = False
        self._waiting = False

    def serve(self) -> None:
        """Work until a signal. Raises SandboxUnavailable where not even a first sandbox can be had."""
        ticket.serve_with(self._drain)
        self._listen_for_signals()
        self._keeper.start()
        try:
            while not self._stopping:
                self._get_sandbox()
                self._work()
        except Stopped:
            pass
        finally:
            if not self._keeper.finish(FAREWELL_S):
                log.error("Redis did not take the last outcomes; their units will run again")
            self._slot.leave()
            self._status.end()

    def _get_sandbox(self) -> None:
        """Have a session ready and say so. Raises SandboxUnavailable before the first one was had."""
        pause_s, tries = 0.5, 0
        while True:
            try:
                self._waiting = True
                self._slot.session()
                break
            except SandboxUnavailable as error:
                tries += 1
                if not self._had_sandbox and tries >= FIRST_TRIES:
                    raise
                log.error("no sandbox: %s; trying again", error)
                self._withdraw()
            finally:
                self._waiting = False
            self._sleep(pause_s)
            pause_s = min(5.0, pause_s * 2)
        self._had_sandbox = True
        self._runner.without_sandbox = False
        description, by = describe(self._provider.name, self._slot)
        self._keeper.present(dumps(description), by)
        self._status.ready(True)
        self._presented = True

    def _withdraw(self) -> None:
        self._presented = False
        self._status.ready(False)
        self._keeper.withdraw()

    def _look_after_sandbox(self) -> None:
        """Notice between two units that the sandbox is gone. Called in the keeper's thread."""
        if self._presented and self._slot.is_gone():
            log.warning("the sandbox is gone; waiting for another one")
            self._withdraw()
            if self._rq is not None:
                self._rq.leave()

    def _work(self) -> None:
        """Serve tickets until the worker stops, or has no sandbox, or Redis is away.

        What waits is taken first, without a ticket: at maxmemory Redis moves none, and only finished work frees memory.
        """
        try:
            self._runner.drain()
            if self._stopping or self._runner.without_sandbox:
                return
            self._rq = TicketWorker(
                self._rq_client,
                self._settings.namespace,
                busy=lambda: self._runner.draining,
                on_stop=self._stop,
                timeout_s=int(DRAIN_S + 6 * longest_s(self._settings.limits_max)),
            )
            if self._presented:  # else the sandbox went away before there was a loop to leave
                self._rq.work(logging_level="WARNING")
        except (RedisError, OSError) as error:
            log.warning("Redis cannot be reached: %s", type(error).__name__)
        self._listen_for_signals()
        if not self._stopping and not self._runner.without_sandbox and self._presented:
            self._sleep(0.5)

    def _drain(self) -> None:
        self._runner.drain()
        if self._runner.without_sandbox and self._rq is not None:
            self._rq.leave()

    # signals

    def _stop(self) -> None:
        self._stopping = True
        self._runner.stopping = True
        self._keeper.stop_within(self._settings.stop_grace_s)

    def _listen_for_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop()
        if self._waiting:
            raise Stopped

    def _sleep(self, seconds: float) -> None:
        """Raises Stopped."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._stopping:
                raise Stopped
            time.sleep(0.05)


def connect(url: str) -> Any:
    """A client that fails fast: its callers know how to wait."""
    return redis.Redis.from_url(
        url, socket_timeout=3.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 1), health_check_interval=10
    )


def run(
    settings: Settings,
    *,
    make_provider: Callable[[Settings], Provider] | None = None,
    judge: Judge | None = None,
) -> None:
    """Run one worker until a signal. Provider and judge are `proctor.wiring`'s and `proctor.judge.run`'s by default.

    Raises ConfigurationError, SandboxUnavailable.
    """
    sys.set_int_max_str_digits(settings.max_integer_digits)
    provider = (make_provider or _make_provider)(settings)
    gc.freeze()  # what is loaded stays; looking through it for cycles after every few samples would cost as much
    gc.set_threshold(50_000, 20, 50)
    try:
        Worker(settings, provider, judge or _patient_judge()).serve()
    finally:
        provider.close()


def _seat(settings: Settings) -> Seat | None:
    if not settings.pin_cpus or not hasattr(os, "sched_setaffinity"):
        return None
    number = settings.worker_number
    return Seat(secrets.randbelow(1 << 16) if number is None else number)


def _make_provider(settings: Settings) -> Provider:
    from proctor.wiring import make_provider

    return make_provider(settings)


def _patient_judge() -> Judge:
    """Judging with second looks, within a budget that the life of this worker shares."""
    from proctor.judge.patience import Budget
    from proctor.judge.run import judge

    budget = Budget(SECOND_LOOKS_S, refill=SECOND_LOOKS_SHARE)
    return lambda unit, session, within_s: judge(unit, session, budget=budget, within_s=within_s)
