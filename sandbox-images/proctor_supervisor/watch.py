"""The loop over a run: waits on everything at once, and holds every guest to its limits.

It waits on the pipes, the control sockets, the zygotes and the worker's connection, and every few milliseconds reads
the account of each tree from /proc.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from functools import partial

from . import account
from .account import Load
from .host import Host
from .job import Job
from .protocol import Closed
from .run import Guest, Ran

_CGROUP_LAG_S = 0.05  # what a cgroup's clock may be off, keepers and the like included


class Watch:
    """The loop over one run's guests. `deadline`: when all of them must have ended, by the monotonic clock.

    A pair's candidate is listened to from the first reading of /proc on: until then it rarely has something to say that
    cannot wait, and waking for its folder, its start and the ends of its pipes costs more than most of its calls.
    """

    def __init__(self, host: Host, guests: Sequence[Guest], deadline: float) -> None:
        self.host, self.guests, self.deadline = host, guests, deadline
        self.poller = select.poll()
        self.handlers: dict[int, Callable[[], bool | None]] = {}
        self.started = time.monotonic()
        host.before_run()
        self.before: Load | None = None
        self.lost = False
        self.poller.register(host.client, select.POLLRDHUP)
        for one in guests:
            self._register(one)

    def _register(self, one: Guest) -> None:
        for fd, handler in one.ends():
            self.add(fd, handler)
        if not one.aside:
            self._listen(one)

    def _listen(self, one: Guest) -> None:
        if not one.silent:
            self.add(one.control.fileno(), one.on_control)
        for fd in one.outputs:
            self.add(fd, partial(one.on_output, fd))

    def add(self, fd: int, handler: Callable[[], bool | None]) -> None:
        """Call `handler` when `fd` can be read or hung up, until it returns False."""
        self.poller.register(fd, select.POLLIN)
        self.handlers[fd] = handler

    def drop(self, fd: int) -> None:
        """Watch `fd` no longer."""
        if self.handlers.pop(fd, None):
            self.poller.unregister(fd)

    def run(self, settle: Callable[[float], None] = lambda now: None) -> None:
        """Until every guest has ended and its output is read. Calls `settle` after each round. Raises Closed, Fault."""
        tick = self.started + 0.020
        while not all(one.ended for one in self.guests):
            for fd, _event in self.poller.poll(max(0.0, tick - time.monotonic()) * 1000):
                self._event(fd)
            now = time.monotonic()
            if now >= tick:
                self._measure(now)
                tick = time.monotonic() + min(0.020, max(0.005, (now - self.started) / 20))
            settle(now)
        for one in self.guests:
            one.drain()
        self._saturation()
        if self.lost:
            raise Closed

    def _event(self, fd: int) -> None:
        if fd == self.host.client.fileno():
            self.lost = True
            self.poller.unregister(fd)
            for one in self.guests:
                one.kill()
            return
        handler = self.handlers.get(fd)
        try:
            if handler is not None and handler() is False:
                self.drop(fd)
        except BlockingIOError:  # taken in already, by another event of this round
            return

    def _measure(self, now: float) -> None:
        for one in self.guests:
            if one.aside and not one.ended:
                one.aside = False
                one.catch_up()
                self._listen(one)
        processes = self.host.scan()
        if self.before is None:
            self.before = account.load(self.host.ground.proc, self.host.cpu)
            self.host.shared_before = account.shared_memory(self.host.ground.proc)
        for one in self.guests:
            one.measure(processes, now)
        self._ask_cgroup()
        for one in self.guests:
            one.late(now)
            if now > self.deadline and one.begun and not one.ended and not one.doomed:
                one.ran.flags.add("sample_wall")
                one.stop("wall")

    def _ask_cgroup(self) -> None:
        """What the cgroup has used beyond all that was seen is the first guest's: it is the one that may hide it."""
        total = self.host.cgroup_cpu()
        first = self.guests[0].tree
        if total is not None and first is not None:
            others = sum(one.clock() - one.before_s for one in self.guests[1:])
            first.at_least(self.guests[0].before_s + total - self.host.cpu_before - others - _CGROUP_LAG_S)

    def _saturation(self) -> None:
        if self.before is not None:
            own = sum(one.ran.cpu_s for one in self.guests)
            busy = account.saturated(self.before, account.load(self.host.ground.proc, self.host.cpu), own)
            for one in self.guests:
                one.ran.saturated = busy


def run_case(host: Host, task: Job, stdin: bytes, fetch: Sequence[str] = (), wall_s: float = float("inf")) -> Ran:
    """Run a job of kind "case". wall_s: what is left of the sample's wall clock. Raises Closed, Fault."""
    one = Guest(host, host.candidates, task, stdin)
    try:
        Watch(host, [one], time.monotonic() + wall_s).run()
    except BaseException:
        one.close()
        raise
    return one.finish(fetch)
