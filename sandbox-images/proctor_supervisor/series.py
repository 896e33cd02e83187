"""The cases of one program, one after another, each a process within one isolation; `cases` is its own end.

Making an isolation (and, for Python, compiling) once per program, not once per case, takes most of the cost off a case.
What a case leaves in the folder ends the series, and the next case starts another; so does any limit that stops a case.
"""

from __future__ import annotations

import marshal
import os
import time

from . import cases, job
from .host import Host, tasks_allowed
from .job import Job
from .run import Ran
from .stayer import LIFE_CPU_S, Stayer
from .watch import Watch

#: Runs of a process that starts programs: its own CPU backstop is a program's, and starting one takes it a millisecond.
_PROGRAM_RUNS = 500


class Series(Stayer):
    """One isolation of a program. It is ready when `compiled` has returned None."""

    def __init__(self, host: Host, task: Job) -> None:
        super().__init__(host, host.candidates, task)

    def lasts(self) -> bool:
        """See `Stayer.lasts`."""
        return super().lasts() and not (self.native and self.runs >= _PROGRAM_RUNS)

    def compiled(self) -> Ran | None:
        """Wait until the program is compiled; the account of a failure. Raises Closed, Fault."""
        try:
            Watch(self.host, [self], float("inf")).run()
        except BaseException:
            self.close()
            raise
        return self.finish() if self.dead else None

    def run(self, stdin: bytes, argv: list[str], fetch: list[str], wall_s: float) -> Ran:
        """Run a case. Raises Closed, Fault."""
        fd = job.sealed([stdin], "stdin")
        try:
            self._lend(b"R" + marshal.dumps(argv), [fd])
        finally:
            os.close(fd)
        try:
            Watch(self.host, [self], time.monotonic() + wall_s).run()
        except BaseException:
            self.close()
            raise
        return self.finish(fetch)

    def on_control(self) -> bool:
        """The process says: folder, compiled, a compile error, or that a case has ended. False at the end."""
        message = self._on_message()
        if message[:1] == b"C" and self.runs == 0:
            self.ended = True
        elif message[:1] == b"E":
            _tag, status, cpu_s, peak_kib, stays = cases.ENDED.unpack(message)
            self._case_ended(status, cpu_s, peak_kib * 1024)
            self.doomed = self.doomed or not stays
        return bool(message)

    def _is_read_late(self) -> bool:
        return True

    def _case_ended(self, status: int, cpu_s: float, peak: int) -> None:
        """The kernel's account of the case; processes that it hides were seen in the tree."""
        if self.ended:
            return
        seen_s = 0.0 if self.rebase else self.clock() - self.began_cpu
        ran, cpu_s = self.ran, max(cpu_s, seen_s)
        ran.wall_s = time.monotonic() - self.start
        ran.cpu_s = cpu_s
        ran.take_status(status)
        self.ended = True
        self._judge_end(self.base_cpu + cpu_s, self._peak_of_program(peak) if self.native else peak)


def in_python(host: Host, source: bytes, limits: dict) -> Series:
    """The series of a Python program. That of another is of `programs.Builder.job`."""
    return Series(host, Job("series", limits, tasks_allowed(host, limits) + 1, LIFE_CPU_S, blobs=[source]))
