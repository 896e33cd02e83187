"""What every run needs of the supervisor: its zygotes, and the processes that wait between runs."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Protocol

from . import account, guest, isolate, users
from .account import Process
from .isolate import Ground
from .zygote import Zygote

_MIB = 1 << 20
_OWN_TASKS = 6  # the keeper, the supervisor, two zygotes and their reapers; fewer in tier B

BARE_INTERPRETER = 8 * _MIB
"""Bytes of resident memory of a Python that has loaded nothing."""


class Fault(Exception):
    """We failed, not the sample: the supervisor ends, the worker runs the sample elsewhere."""


class Waiting(Protocol):
    """A process that waits for its next run (`stayer`)."""

    def lasts(self) -> bool:
        """Whether it can be given another run."""
        ...

    def dismiss(self) -> None:
        """End it. Raises Fault."""
        ...


@dataclass(slots=True)
class Host:
    """What every run needs.

    client: the worker's connection. extra: bytes of the zygote beyond a bare interpreter. ours: numbers in /proc of the
    processes that belong to no sample; foreign: those numbers are of another pid namespace. cpus: those that we may run
    on; cpu: the one that we stay on, if any; told: the one that we were to stay on.

    resident: the test process that waits for its next run, or has just ended with one. ward: where candidates take
    turns, if that is there; last_kind: what the last candidate wanted of one (`ward`), if nothing else has run since.

    shared_before: bytes of shared memory of the machine at a run's first reading; kills_before: of the kernel in our
    cgroup before it.
    """

    ground: Ground
    candidates: Zygote
    tests: Zygote
    client: socket.socket
    extra: int
    ours: frozenset[int]
    foreign: bool
    cpus: frozenset[int] = frozenset()
    cpu: int | None = None
    told: int | None = None
    resident: Waiting | None = None
    ward: Waiting | None = None
    last_kind: object = None
    shared_before: int = 0
    kills_before: int = 0
    memory_before: int = 0
    cpu_before: float = 0.0

    def vacate(self, zygote: Zygote) -> None:
        """End the process of a zygote's that waits, if any: it looks after one at a time. Raises Fault."""
        if zygote is self.tests:
            waiting, self.resident = self.resident, None
        else:
            waiting, self.ward = self.ward, None
        if waiting is not None:
            waiting.dismiss()

    def prepare(self) -> None:
        """Nothing is asked for: have the next sample's process forked ahead."""
        if self.ward is not None and not self.ward.lasts():
            self.vacate(self.candidates)
        if self.ward is None:
            self.candidates.prepare()

    def sit(self, cpu: int | None) -> None:
        """Stay on one CPU with all that we start from now on; None: go wherever we may.

        The processes of a run wait for each other by turns. On one CPU a hand-over is a change of processes; across two
        it wakes one that sleeps, which costs several times as much, most of all in a virtual machine. Compilers and
        programs that run by command may go everywhere: their threads are many (`native`).

        Raises Fault.
        """
        if cpu == self.told:
            return
        self.told = cpu
        self.vacate(self.tests)
        self.vacate(self.candidates)
        try:
            for pid in (self.candidates.pid, self.tests.pid, 0):
                os.sched_setaffinity(pid, self.cpus if cpu is None else {cpu})
        except OSError:  # a CPU that is not ours: we stay where we are
            return
        self.cpu = cpu

    def before_run(self) -> None:
        """Note how our cgroup stands before a run."""
        self.cpu_before = self.cgroup_cpu() or 0.0
        if self.ground.jail:
            self.memory_before = account.machine_memory(self.ground.proc)
        self.kills_before = self.ground.cgroup.kills() if self.ground.cgroup else 0

    def scan(self) -> dict[int, Process]:
        """Every process but our own, by its number in /proc."""
        return account.scan(self.ground.proc, self.ours, self.foreign, users=self.ground.users is not None)

    def cgroup_cpu(self) -> float | None:
        """CPU seconds of our cgroup, but for our own; None without one."""
        total = self.ground.cgroup.cpu_s() if self.ground.cgroup else None
        if total is None:
            return None
        ours = (account.cpu_clock(pid) or 0.0 for pid in (os.getpid(), self.candidates.pid, self.tests.pid))
        return total - sum(ours)

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed for want of memory in our cgroup since the run began."""
        return self.ground.cgroup is not None and self.ground.cgroup.kills() > self.kills_before

    @classmethod
    def start(cls, ground: Ground, client: socket.socket) -> Host:
        """Fork the zygotes. Nothing has been read from `client` yet."""
        with open(os.open("self/statm", os.O_RDONLY, dir_fd=ground.proc), "rb") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        candidates = Zygote(isolate.part(ground, "candidate"), guest.LIFE)
        tests = Zygote(isolate.part(ground, "tests"), guest.LIFE)
        ours = {int(os.readlink("self", dir_fd=ground.proc))}
        for one in (candidates, tests):
            ours.add(account.number_of(ground.proc, one.pid))
        foreign = account.is_foreign(ground.proc)
        extra, cpus = max(0, resident - BARE_INTERPRETER), frozenset(os.sched_getaffinity(0))
        return cls(ground, candidates, tests, client, extra, frozenset(ours), foreign, cpus)


#: Room for what runs elsewhere as our user, where others may: the kernel counts a user's tasks in all containers
#: together, and /proc shows us our own alone. The account and the container's own limit then hold the sample's.
_TASKS_ELSEWHERE = 4096


def tasks_allowed(host: Host, limits: dict, trees: int = 1) -> int:
    """RLIMIT_NPROC for a sample: beside what else runs, one more than each tree may have, so that this is seen."""
    if host.ground.users is not None:  # each tree has a user of its own
        return int(limits["processes"]) + (2 if host.ground.jail else 1)  # gVisor stops one short of the limit
    others = _OWN_TASKS
    if host.ground.tier == "A":
        others += account.tasks_of_user(host.ground.proc) + (0 if users.ours_alone() else _TASKS_ELSEWHERE)
    return others + trees * (int(limits["processes"]) + 1)
