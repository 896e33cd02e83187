"""A guest that stays from run to run, as the supervisor sees it: its process outlives a run that leaves nothing behind.

Its `control` socket stays open, and runs go over it. Between runs it counts as ended. All accounts are the run's:
clocks count from its start, output is what came since.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence

from .account import Process
from .host import Fault, Host
from .job import Job
from .run import Guest, Ran
from .zygote import Zygote

LIFE_CPU_S = 3600.0
"""A backstop per process that stays: what its runs use adds up there, and each run has limits of its own."""


class Stayer(Guest):
    """A process that is lent for one run after another. runs: how many so far; dead: it has ended, not only its run."""

    def __init__(self, host: Host, forker: Zygote, task: Job, more: Sequence[int] = ()) -> None:
        self.runs, self.dead = 0, False
        self.rebase = self.closed = False
        super().__init__(host, forker, task, b"", more)

    def lasts(self) -> bool:
        """Whether it can be given another run."""
        if not self.dead:
            self._hear()
        return not self.dead and not self.doomed

    def _hear(self) -> None:
        """Take in what was said between runs. Raises Fault."""
        poller = select.poll()
        poller.register(self.forker.conn, select.POLLIN)
        poller.register(self.control, select.POLLIN)
        while not self.dead and (ready := [fd for fd, _event in poller.poll(0)]):
            if self.forker.conn.fileno() in ready:
                self.on_zygote()
            elif not self.on_control():
                return

    def _lend(self, message: bytes, fds: Sequence[int]) -> None:
        """Start a run."""
        self.runs += 1
        self.ended = False
        self.ran = Ran()
        self.peak = self.pss = self.pss_rss = 0
        for out in self.outputs.values():
            out.clear()
        self.start = self.since = time.monotonic()
        if self.tree is not None:
            self.tree.rest()
        self.before_s = self.began_cpu = self.base_cpu = self.clock()
        self.rebase = self._is_read_late() and self.runs > 1
        try:
            socket.send_fds(self.control, [message], fds)
        except OSError as error:
            raise Fault(f"a process that stays is gone: {error}") from None

    def _is_read_late(self) -> bool:
        """Whether the clock is behind what earlier runs used until the tree is read: it is of several processes."""
        return self.host.ground.helpers > 0

    def measure(self, processes: dict[int, Process], now: float) -> None:
        """Take in a reading of /proc and hold the tree to its limits."""
        if self.rebase and self.tree is not None and not self.ended:
            self.tree.read(processes, now)
            self.before_s = self.began_cpu = self.base_cpu = self.clock()
            self.rebase = False
        super().measure(processes, now)

    def _end(self, status: int, rusage_s: float, peak: int) -> None:
        self.dead = True
        if not self.ended:
            # The kernel's account is of all its runs; where it cannot be parted, what was seen of this one counts.
            first = self.runs <= 1
            super()._end(status, 0.0 if self.rebase else rusage_s, peak if first else 0)

    def finish(self, fetch: Sequence[str] = ()) -> Ran:
        """The account of the run; a process that has ended is closed."""
        if self.dead:
            return super().finish(fetch)
        self._collect(fetch)
        return self.ran

    def dismiss(self) -> None:
        """End it, between runs, and wait until it has. Raises Fault."""
        if not self.dead:
            self.ended = False
            self.kill()
        while not self.dead:
            self.on_zygote()
        self.ended = True
        self.close()

    def close(self) -> None:
        """Close every descriptor."""
        if not self.closed:
            self.closed = True
            super().close()
