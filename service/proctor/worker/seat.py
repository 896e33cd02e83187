"""The CPU that a worker and its sandbox share.

The processes that serve one sample wait for each other by turns: worker, supervisor, zygote, candidate, tests. On one
CPU a hand-over is a change of processes; across CPUs it wakes one that sleeps, which costs several times as much, most
of all in a virtual machine. So a worker keeps to one CPU with all of its sandbox, and the machine is filled by workers.

The kernel cannot move such a worker away from a CPU that others use too. So the worker looks now and then: where it
waits for its CPU more than it runs there, and another one is idle, it moves. That it waits may be due to its own
sandbox alone, and to move costs as much as some dozen samples. So it sees afterwards whether it got on faster, and
where it did not, it stays for twice as long before it tries again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

#: Seconds between two looks.
LOOK_S = 1.0
#: Of its time on the run queue, what a worker may wait there; its own sandbox makes it wait too.
WAIT_SHARE = 0.6
#: Of the time between two looks, what another CPU must have been idle to be worth a move, and ours not.
IDLE_SHARE, OWN_IDLE_SHARE = 0.5, 0.1

#: Seconds between two moves: at first or after one that was worth it, and at most.
PAUSE_S, PAUSE_MOST_S = 4.0, 256.0
#: How much faster a worker that left a crowd gets on, at least.
GAIN = 1.25

_PROC = Path("/proc")


class Seat:
    """One thread's CPU: `cpu`. For that thread alone.

    number: which of the workers that one parent started; they take CPUs in turn.
    """

    def __init__(
        self,
        number: int,
        cpus: Sequence[int] | None = None,
        *,
        proc: Path = _PROC,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cpus = sorted(os.sched_getaffinity(0)) if cpus is None else list(cpus)
        self._stat = proc / "stat"
        self._schedstat = proc / f"self/task/{threading.get_native_id()}/schedstat"
        self._clock = clock
        self.cpu = self._cpus[(number + os.getppid()) % len(self._cpus)]
        self._looked_s = self._since_s = clock()
        self._pause_s = PAUSE_S
        self._pace_before: float | None = None
        self._idle, self._queue = idle_s(self._stat), queue_s(self._schedstat)
        self._sit()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """What is started meanwhile may run on every CPU that we may."""
        _allow(self._cpus)
        try:
            yield
        finally:
            self._sit()

    def look(self) -> None:
        """Move to an idle CPU where ours is kept busy by others."""
        now_s = self._clock()
        passed_s = now_s - self._looked_s
        if passed_s < LOOK_S:
            return
        idle, queue = idle_s(self._stat), queue_s(self._schedstat)
        ran_s, waited_s = queue[0] - self._queue[0], queue[1] - self._queue[1]
        free = {cpu: idle.get(cpu, 0.0) - self._idle.get(cpu, 0.0) for cpu in self._cpus}
        self._looked_s, self._idle, self._queue = now_s, idle, queue
        best = max(free, key=lambda cpu: free[cpu])
        pace = ran_s / passed_s
        if self._pace_before is not None:
            worth_it = pace > GAIN * self._pace_before
            self._pause_s, self._pace_before = (PAUSE_S if worth_it else min(PAUSE_MOST_S, 2 * self._pause_s)), None
        crowded = waited_s > WAIT_SHARE * (ran_s + waited_s) and free[self.cpu] < OWN_IDLE_SHARE * passed_s
        if crowded and free[best] > IDLE_SHARE * passed_s and now_s - self._since_s >= self._pause_s:
            self.cpu, self._since_s, self._pace_before = best, now_s, pace
            self._sit()

    def _sit(self) -> None:
        _allow([self.cpu])


def _allow(cpus: Sequence[int]) -> None:
    try:
        os.sched_setaffinity(0, cpus)
    except OSError:
        pass  # they were taken from us meanwhile: the kernel has put us where we may be


def idle_s(stat: Path) -> Mapping[int, float]:
    """Seconds that each CPU has been idle so far; empty where the kernel does not say."""
    tick = 1.0 / os.sysconf("SC_CLK_TCK")
    idle = {}
    try:
        with stat.open() as lines:
            for line in lines:
                name, *ticks = line.split()
                if not name.startswith("cpu"):
                    break
                if name != "cpu":  # user nice system idle iowait …
                    idle[int(name[3:])] = (int(ticks[3]) + int(ticks[4])) * tick
    except (OSError, ValueError, IndexError):
        return {}
    return idle


def queue_s(schedstat: Path) -> tuple[float, float]:
    """Seconds that a thread has run, and has waited to run."""
    try:
        ran, waited, _slices = schedstat.read_text().split()
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(ran) / 1e9, int(waited) / 1e9
