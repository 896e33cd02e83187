"""A test process that stays from run to run, as the supervisor sees it; `pair.tests` is its own end.

It is a guest like any other, in isolation of its own, but its `control` socket stays open: each run goes over it as a
message with two descriptors, the job and a socket to the candidate. What the tests report comes by a pipe that is the
process's for life. When they say that nothing of them stays, the run has ended and the process waits for the next one;
every other end is the process's too.

All accounts are the run's: clocks count from its start, output is what came since.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence

from . import job
from .job import Job
from .run import Fault, Guest, Host, Ran

_RUNS_MAX = 500
_LOOK_EVERY = 50
_GROWTH_MAX = 64 << 20
_LIFE_CPU_S = 3600.0  # a backstop per process; each run has limits of its own


class Resident(Guest):
    """A test process. runs: how many it has been given; dead: the process has ended, not only its run."""

    def __init__(self, host: Host, limits: dict, tasks: int) -> None:
        self.pipe, pipe_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(pipe_end, True)
        self.runs, self.dead = 0, False
        self.tasks, self.first_rss = tasks, 0
        try:
            super().__init__(host, host.tests, Job("tests", limits, tasks, _LIFE_CPU_S), b"", [pipe_end])
        finally:
            os.close(pipe_end)
        self.ended = True  # it is between runs

    def fits(self, limits: dict, tasks: int) -> bool:
        """Whether a run under `limits` may be given to it."""
        self._hear()
        same = self.limits == limits and self.tasks >= tasks
        return same and not self.dead and not self.doomed and self.runs < _RUNS_MAX and not self._has_grown()

    def _has_grown(self) -> bool:
        """Whether it holds much more than when it was young; looked for now and then."""
        if self.tree is None or self.runs % _LOOK_EVERY != 1:
            return False
        self._read()
        rss = sum(process.rss for process in self.tree.live)
        self.first_rss = self.first_rss or rss
        return rss > self.first_rss + _GROWTH_MAX

    def _hear(self) -> None:
        """Take in what the zygote and the process have said between runs. Raises Fault."""
        poller = select.poll()
        poller.register(self.forker.conn, select.POLLIN)
        poller.register(self.control, select.POLLIN)
        while not self.dead and (ready := [fd for fd, _event in poller.poll(0)]):
            if self.forker.conn.fileno() in ready:
                self.on_zygote()
            elif not self.on_control():
                return

    def lend(self, task: Job, peer: socket.socket) -> None:
        """Start a run. Raises Fault."""
        self.runs += 1
        self.ended = False
        self.ran = Ran()
        self.peak = self.pss = self.pss_rss = 0
        for out in self.outputs.values():
            out.clear()
        self.start = self.since = time.monotonic()
        self._count_from_now()
        fd = job.write(task)
        try:
            socket.send_fds(self.control, [b"J"], [fd, peer.fileno()])
        except OSError as error:
            raise Fault(f"a test process is gone: {error}") from None
        finally:
            os.close(fd)

    def _count_from_now(self) -> None:
        """Nothing that earlier runs used counts. Where the tree is more than one process, it is read for that."""
        if self.host.ground.helpers and self.runs > 1:
            self._read()
        self.before_s = self.began_cpu = self.base_cpu = self.clock()

    def _read(self) -> None:
        if self.tree is not None:
            self.tree.read(self.host.scan(), time.monotonic())

    def rest(self) -> None:
        """The run has ended well, and nothing of it stays."""
        self.ran.wall_s = time.monotonic() - self.start
        self.ran.cpu_s = max(0.0, self.clock() - self.began_cpu)
        self.ran.exit_code = 0
        self.ended = True

    def _end(self, status: int, rusage_s: float, peak: int) -> None:
        self.dead = True
        if not self.ended:
            super()._end(status, rusage_s, peak if self.runs == 1 else 0)  # the kernel's peak is of all its runs

    def finish(self, fetch: Sequence[str] = ()) -> Ran:
        """The account of the run; a process that has ended is closed."""
        if self.dead:
            return super().finish(fetch)
        out, err = self.outputs.values()
        self.ran.stdout, self.ran.stderr = bytes(out), bytes(err)
        return self.ran

    def dismiss(self) -> None:
        """End it, between runs, and wait until it has. Raises Fault."""
        self.ended = False
        self.kill()
        while not self.dead:
            self.on_zygote()
        self.ended = True
        self.close()

    def close(self) -> None:
        """Close every descriptor."""
        os.close(self.pipe)
        super().close()


def take(host: Host, limits: dict, tasks: int) -> Resident:
    """The test process for a run under `limits`: the one that waits, or a new one. Raises Fault."""
    waiting = host.resident
    if isinstance(waiting, Resident) and waiting.fits(limits, tasks):
        return waiting
    if isinstance(waiting, Resident):
        waiting.dismiss()
    host.resident = None
    host.resident = new = Resident(host, limits, tasks)
    return new


def prepare(host: Host) -> None:
    """Between runs, where the last test process ended with its run: start the next. Raises Fault."""
    last = host.resident
    if isinstance(last, Resident) and last.dead:
        host.resident = Resident(host, last.limits, last.tasks)
