"""A test process that stays from run to run, as the supervisor sees it; `pair.tests` is its own end.

Each run goes over `control` as a message, `J` and the job, with a socket to the candidate; a long job is in a memfd
that comes along. What the tests report comes by a pipe that is the process's for life. When they say that nothing of
them stays, the run has ended and the process waits for the next one; every other end is the process's too.
"""

from __future__ import annotations

import os
import socket
import time

from . import job
from .host import Host
from .job import Job
from .stayer import LIFE_CPU_S, Stayer

_RUNS_MAX = 500
_LOOK_EVERY = 50
_GROWTH_MAX = 64 << 20


class Resident(Stayer):
    """A test process. pipe: its report."""

    def __init__(self, host: Host, limits: dict, tasks: int) -> None:
        self.pipe, pipe_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(pipe_end, True)
        self.tasks, self.first_rss = tasks, 0
        try:
            super().__init__(host, host.tests, Job("tests", limits, tasks, LIFE_CPU_S), [pipe_end])
        finally:
            os.close(pipe_end)
        self.ended = True  # it is between runs

    def fits(self, limits: dict, tasks: int) -> bool:
        """Whether a run under `limits` may be given to it."""
        same = self.limits == limits and self.tasks >= tasks
        return same and self.lasts() and self.runs < _RUNS_MAX and not self._has_grown()

    def _has_grown(self) -> bool:
        """Whether it holds much more than when it was young; looked for now and then."""
        if self.tree is None or self.runs % _LOOK_EVERY != 1:
            return False
        self.tree.read(self.host.scan(), time.monotonic())
        rss = sum(process.rss for process in self.tree.live)
        self.first_rss = self.first_rss or rss
        return rss > self.first_rss + _GROWTH_MAX

    def lend(self, task: Job, peer: socket.socket) -> None:
        """Start a run. Raises Fault."""
        message = b"".join([b"J", *job.parts(task)])
        if len(message) <= job.MESSAGE_MAX:
            self._lend(message, [peer.fileno()])
            return
        fd = job.write(task)
        try:
            self._lend(b"J", [peer.fileno(), fd])
        finally:
            os.close(fd)

    def rest(self) -> None:
        """The run has ended well, and nothing of it stays."""
        self.ran.wall_s = time.monotonic() - self.start
        self.ran.cpu_s = max(0.0, self.clock() - self.began_cpu)
        self.ran.exit_code = 0
        self.ended = True

    def close(self) -> None:
        """Close every descriptor."""
        if not self.closed:
            os.close(self.pipe)
        super().close()


def take(host: Host, limits: dict, tasks: int) -> Resident:
    """The test process for a run under `limits`: the one that waits, or a new one. Raises Fault."""
    waiting = host.resident
    if isinstance(waiting, Resident) and waiting.fits(limits, tasks):
        return waiting
    if isinstance(waiting, Resident) and not waiting.closed:
        waiting.dismiss()
    host.resident = None
    host.resident = new = Resident(host, limits, tasks)
    return new


def prepare(host: Host) -> None:
    """Between runs, where the last test process ended with its run: start the next. Raises Fault."""
    last = host.resident
    if isinstance(last, Resident) and last.dead:
        host.resident = Resident(host, last.limits, last.tasks)
