"""The thread beside the main one: renews leases, sends outcomes, kills what nobody wants.

The main thread only judges. It never waits for Redis to take an outcome: those wait here, for some milliseconds to
be sent together, or for as long as Redis is away. If the leases run out meanwhile the units may run elsewhere too;
the first outcome counts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from proctor.jobs import sweeper
from proctor.jobs.leases import Leases, Report, Taken
from proctor.sandbox.provider import Session
from proctor.worker.status import Status

#: Outcomes are sent together within this time while more units wait; when none does, at once.
FLUSH_S = 0.5
#: A unit that ran for so long is sent at once, with what waits: a round trip is little beside it.
LONG_S = 0.25
#: Leases are renewed at least this often; a cancelled unit is killed within about that time.
TICK_S = 0.5
#: When a unit runs for longer, the unstarted rest of its shard goes back, for workers that wait.
HOARD_S = 0.3
#: While nothing is held there is only presence to show, this often.
SHOW_S = 1.0
#: API processes sweep more often; workers see to it where none lives.
SWEEP_S = 2.0

log = logging.getLogger("proctor.worker")


@dataclass(slots=True)
class Running:
    """The unit that runs now. until: when the worker's own clock kills it. killed: why the session was closed."""

    key: str
    session: Session
    since: float
    until: float
    killed: str | None = None


class Keeper(threading.Thread):
    """Keeps a worker's leases, outcomes and promises."""

    def __init__(self, leases: Leases, status: Status | None = None, look: Callable[[], None] = lambda: None) -> None:
        """look: called now and then while nothing runs."""
        super().__init__(name="proctor-keeper", daemon=True)
        self._leases = leases
        self._status = status or Status(None)
        self._look = look
        self._lock = threading.Condition()
        self._sending = threading.Lock()
        self._unstarted: dict[str, None] = {}
        self._running: Running | None = None
        self._outbox: list[Report] = []
        self._returns: list[tuple[str, bool]] = []
        self._due: float | None = None
        self._retry_at = self._show_at = 0.0
        self._description: str | None = None
        self._farewell = False
        self._by: dict[str, Any] = {}
        self._grace_until: float | None = None
        self._ended = False
        self._away = False

    # the main thread's side

    def present(self, description: str, by: dict[str, Any]) -> None:
        """Show this worker as live. by: image and tier, sent along with outcomes."""
        with self._lock:
            self._description, self._by, self._farewell, self._show_at = description, by, False, 0.0
            self._lock.notify()

    def withdraw(self) -> None:
        """Show this worker no more: it has no sandbox, or it ends."""
        with self._lock:
            self._description, self._farewell = None, True
            self._hurry()

    def hold(self, units: Sequence[Taken]) -> None:
        """Renew the leases of `units` from now on."""
        with self._lock:
            self._unstarted.update(dict.fromkeys(unit.key for unit in units))

    def begin(self, key: str, session: Session, patience_s: float) -> bool:
        """Start a unit, unless it went back or is unwanted; then False."""
        with self._lock:
            if key not in self._unstarted or self._grace_until is not None:
                return False
            del self._unstarted[key]
            now = time.monotonic()
            self._running = Running(key, session, now, now + patience_s)
            return True

    def end(self) -> str | None:
        """The running unit ended; why its session was closed from here, None where it was not."""
        with self._lock:
            killed = self._running.killed if self._running else None
            self._running = None
            return killed

    def send(self, report: Report) -> bool:
        """Send an outcome, soon; whether it is time to call `flush`. report.seconds: see `LONG_S`.

        The thread is not woken for it: between two units the main one sends at less cost, and the next tick is near.
        """
        with self._lock:
            self._outbox.append(report)
            now = time.monotonic()
            if self._due is None:
                self._due = now + FLUSH_S
            return now >= self._due or report.seconds >= LONG_S

    def give_back(self, keys: Sequence[str] | None = None, *, lost: bool = False) -> None:
        """Give units back, soon; None: all that have not started."""
        with self._lock:
            if keys is None:
                keys = list(self._unstarted)
            for key in keys:
                self._unstarted.pop(key, None)
                self._returns.append((key, lost))
            if keys:
                self._hurry()

    def flush(self, leases: Leases) -> None:
        """Send what waits at once, from the calling thread and through its `leases`; later if Redis is away."""
        try:
            self._send_all(leases)
        except (RedisError, OSError):
            with self._lock:
                self._hurry()

    def stop_within(self, seconds: float) -> None:
        """Start nothing more; kill what still runs after `seconds`. Safe in a signal handler's thread."""
        self._grace_until = time.monotonic() + seconds

    def finish(self, patience_s: float) -> bool:
        """Send what waits, take leave, end the thread; whether all was sent within `patience_s`."""
        self.withdraw()
        until = time.monotonic() + patience_s
        with self._lock:
            self._hurry()
            while (self._outbox or self._returns or self._farewell) and time.monotonic() < until:
                self._lock.wait(0.05)
            sent = not (self._outbox or self._returns)
            self._ended = True
            self._lock.notify()
        self.join(5.0)
        return sent

    def _hurry(self) -> None:
        if self._outbox or self._returns or self._farewell:
            self._due = time.monotonic()
        self._lock.notify()

    # the thread's side

    def run(self) -> None:
        """Tick, and send what is due, until `finish`."""
        tick = swept = 0.0
        while True:
            with self._lock:
                if self._ended:
                    return
                now = time.monotonic()
                due = tick if self._due is None else min(tick, max(self._due, self._retry_at))
                if now < due:
                    self._lock.wait(due - now)
                    continue
            try:
                self._status.beat()
                self._watch()
                if self._due is not None and now >= self._due:  # a tick alone would part what can go together
                    self._send_all(self._leases)
                if now >= tick:
                    tick = now + TICK_S
                    if self._running is None:
                        self._look()
                    self._hand_back_hoard()
                    self._renew()
                    self._away = False
                    if now >= swept:
                        swept = now + SWEEP_S
                        sweeper.sweep(self._leases.scripts)
            except (RedisError, OSError) as error:
                level = logging.DEBUG if self._away else logging.WARNING
                log.log(level, "Redis cannot be reached (%s); outcomes wait here", type(error).__name__)
                self._away = True
                tick = self._retry_at = now + TICK_S
            except Exception:  # without this thread every lease would run out
                log.exception("keeping leases failed")
                tick = self._retry_at = now + TICK_S

    def _watch(self) -> None:
        """Kill a unit that outstays the worker's clock or the grace of a stop."""
        with self._lock:
            running, now = self._running, time.monotonic()
            if running is None or running.killed:
                return
            if now > running.until:
                self._kill(running, "overdue")
            elif self._grace_until is not None and now > self._grace_until:
                self._kill(running, "stopping")

    def _send_all(self, leases: Leases, patience_s: float = 0.05) -> None:
        """Send outcomes, returns, farewell; where another thread is at it for longer, leave it to that one."""
        if self._sending.acquire(timeout=patience_s):
            try:
                self._send(leases)
            finally:
                self._sending.release()

    def _send(self, leases: Leases) -> None:
        with self._lock:
            reports, returns, farewell, by = list(self._outbox), list(self._returns), self._farewell, self._by
            self._due = None if not (reports or returns or farewell) else self._due
        if reports:
            leases.report(by, reports)
            with self._lock:
                del self._outbox[: len(reports)]
        for lost in (False, True):
            leases.release([key for key, was_lost in returns if was_lost is lost], lost=lost)
        if farewell:
            leases.farewell()
        with self._lock:
            del self._returns[: len(returns)]
            self._farewell = self._farewell and not farewell
            if reports or returns or farewell:
                again = self._outbox or self._returns or self._farewell
                self._due = time.monotonic() + FLUSH_S if again else None
            self._lock.notify_all()

    def _hand_back_hoard(self) -> None:
        with self._lock:
            running = self._running
            hoarding = running is not None and time.monotonic() - running.since > HOARD_S and bool(self._unstarted)
        if hoarding:
            self.give_back()
            self._send_all(self._leases)

    def _renew(self) -> None:
        with self._lock:
            description = self._description
            running = [self._running.key] if self._running else []
            keys = [*self._unstarted, *running, *(report.key for report in self._outbox)]
        now = time.monotonic()
        if not keys and (description is None or now < self._show_at):
            return
        self._show_at = now + SHOW_S - TICK_S / 2  # ticks come late, never early
        unwanted = self._leases.renew(description or "", keys)
        with self._lock:
            for key in unwanted:
                self._unstarted.pop(key, None)
            if self._running is not None and self._running.key in unwanted and not self._running.killed:
                self._kill(self._running, "unwanted")

    def _kill(self, running: Running, why: str) -> None:
        running.killed = why
        running.session.close()
