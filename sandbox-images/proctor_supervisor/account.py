"""What a sample's process tree uses, read from /proc: CPU, memory, tasks. The sample has no say in it.

CPU is the larger of two sums. `seen` adds the CPU clock of every process ever seen, as last read: children whose
parent ignores SIGCHLD, and so hides them from rusage, are in it. `waited` adds the clocks of live processes and of the
children they waited for: those too short-lived to be seen are in that. Children that are both are in neither; but a
tree of which more was seen than it waited for, twice in a row, is hiding some, and then a third sum counts: the time
between two readings for each process found running, which over many readings is right on average.

Where we stand in a pid namespace whose /proc we could not mount (a container masks it), /proc is an outer one with
numbers of its own: `number` translates, and the clocks of all but the first process are those of its first thread.
There the container's cgroup has the last word (`Tree.at_least`).

Memory is resident memory. Pages shared by several processes are counted once: where the plain sum is over the limit
it is read again as PSS before anyone is blamed. Files on the sample's tmpfs count too.
"""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass, field

from . import linux

_PAGE = os.sysconf("SC_PAGESIZE")
_TICK = 1.0 / os.sysconf("SC_CLK_TCK")
_CPUS = len(os.sched_getaffinity(0))
_HIDDEN_S = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A line of /proc/PID/stat. CPU in seconds, memory in bytes; start in ticks; uid: -1 where not asked for."""

    pid: int
    parent: int
    state: str
    own_s: float
    waited_s: float
    tasks: int
    start: int
    rss: int
    uid: int = -1


@dataclass(slots=True)
class Tree:
    """The account of the tree under `root`, kept from reading to reading.

    pid: the number for us of the first process, 0 while it is not known. That is `root`, but where the tree is what
    runs `beneath` a process of ours: then it is `first`.

    uid: a user that nobody else has; his processes belong to the tree even where orphans leave it.
    """

    proc: int
    root: int
    pid: int
    clocks: dict[tuple[int, int], float] = field(default_factory=dict)
    live: list[Process] = field(default_factory=list)
    cpu_s: float = 0.0
    running_s: float = 0.0
    last: float = 0.0
    hid: bool = False
    uid: int | None = None
    beneath: bool = False
    first: int = -1

    def __post_init__(self) -> None:
        if not self.beneath:
            self.first = self.root

    def read(self, processes: dict[int, Process], now: float) -> None:
        """Take in one reading of /proc, made at `now` by the monotonic clock."""
        self.live = [process for process in processes.values() if self._mine(process, processes)]
        waited = 0.0
        for process in self.live:
            own = cpu_clock(self.pid) if process.pid == self.first else None
            own = process.own_s if own is None else own
            self.clocks[(process.pid, process.start)] = own
            waited += own + process.waited_s
        seen = sum(self.clocks.values())
        self.cpu_s = max(self.cpu_s, waited, seen)
        if self.last:
            running = sum(process.state == "R" for process in self.live)
            self.running_s += min(running, _CPUS) * (now - self.last)
        self.last = now
        hiding = seen - waited > _HIDDEN_S + 2 * _TICK * len(self.live)
        if hiding and self.hid:  # once: a child may have ended while /proc was read, before its parent waited for it
            self.cpu_s = max(self.cpu_s, self.running_s)
        self.hid = hiding

    def rest(self) -> None:
        """No run is on until the next reading: the time until then is nobody's."""
        self.last, self.hid = 0.0, False

    def at_least(self, cpu_s: float) -> None:
        """Take the word of a cgroup, or of another account that no child can hide from."""
        self.cpu_s = max(self.cpu_s, cpu_s)

    def _mine(self, process: Process, processes: dict[int, Process]) -> bool:
        if self.beneath and process.pid == self.root:
            return False
        for _ in range(len(processes) + 1):
            if process.pid == self.root or process.uid == self.uid:
                return True
            parent = processes.get(process.parent)
            if parent is None:
                return False
            process = parent
        return False

    def clock(self) -> float:
        """CPU seconds of the tree now: exact for the first process, as last read for the others."""
        first = next((key for key in self.clocks if key[0] == self.first), None)
        now = cpu_clock(self.pid) if self.pid else None
        if now is None:
            return self.cpu_s
        before = self.clocks[first] if first else 0.0
        return max(self.cpu_s, self.cpu_s - before + now)

    @property
    def tasks(self) -> int:
        """Processes and threads alive at the last reading."""
        return sum(process.tasks for process in self.live if process.state not in "ZX")


def cpu_clock(pid: int) -> float | None:
    """CPU seconds of the process `pid`, all threads, to the nanosecond; None if there is none."""
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return None


def is_foreign(proc: int) -> bool:
    """Whether `proc` numbers processes in another pid namespace than ours."""
    return os.readlink("self", dir_fd=proc) != str(os.getpid())


def number(proc: int, pidfd: int) -> int:
    """The number in `proc` of the process behind `pidfd`. Raises OSError, ValueError."""
    text = _text(proc, f"self/fdinfo/{pidfd}") or ""
    for line in text.splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise ValueError("a pidfd without a process")


def number_of(proc: int, pid: int) -> int:
    """The number in `proc` of the process that is `pid` to us. Raises OSError, ValueError."""
    pidfd = linux.pidfd_open(pid)
    if pidfd < 0:
        return pid
    try:
        return number(proc, pidfd)
    finally:
        os.close(pidfd)


def scan(proc: int, ours: frozenset[int], foreign: bool, *, users: bool = False) -> dict[int, Process]:
    """Every process in /proc but `ours`, by its number there; with its user if asked."""
    found = {}
    for name in os.listdir(proc):
        if (
            name.isdigit()
            and (pid := int(name)) not in ours
            and (process := read_process(proc, pid, foreign)) is not None
        ):
            found[pid] = dataclasses.replace(process, uid=_user(proc, name)) if users else process
    return found


def _user(proc: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=proc).st_uid
    except OSError:
        return -1


def read_process(proc: int, pid: int, foreign: bool) -> Process | None:
    """The process `pid` of /proc; None if there is none."""
    text = _text(proc, f"{pid}/stat")
    if text is None:
        return None
    # After the last ")": state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt
    # utime stime cutime cstime priority nice num_threads itrealvalue starttime vsize rss
    item = text[text.rindex(")") + 2 :].split()
    own = _first_thread(proc, pid) if foreign else cpu_clock(pid)
    own = max(own or 0.0, (int(item[11]) + int(item[12])) * _TICK) if foreign or own is None else own
    waited = (int(item[13]) + int(item[14])) * _TICK
    return Process(pid, int(item[1]), item[0], own, waited, int(item[17]), int(item[19]), int(item[21]) * _PAGE)


def _first_thread(proc: int, pid: int) -> float:
    """CPU seconds of a process's first thread, to the nanosecond."""
    text = _text(proc, f"{pid}/schedstat")
    return int(text.split()[0]) / 1e9 if text else 0.0


def tasks_of_user(proc: int) -> int:
    """Processes and threads of our user id, all of the machine's that /proc shows."""
    uid, count = os.getuid(), 0
    for name in os.listdir(proc):
        try:
            if name.isdigit() and os.stat(name, dir_fd=proc).st_uid == uid:
                process = read_process(proc, int(name), True)
                count += process.tasks if process else 0
        except OSError:
            continue
    return count


def shared_memory(proc: int) -> int:
    """Bytes of shared memory and tmpfs files on the whole machine; 0 where /proc does not say."""
    return _meminfo(proc, "Shmem:")


def machine_memory(proc: int) -> int:
    """Bytes of memory in use on the whole machine."""
    return _meminfo(proc, "MemTotal:") - _meminfo(proc, "MemFree:")


def _meminfo(proc: int, key: str) -> int:
    text = _text(proc, "meminfo") or ""
    for line in text.splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def shared_mappings(proc: int, processes: list[Process]) -> int:
    """Bytes of anonymous shared memory that a tree has mapped, whether or not it is resident in any process.

    A page of it stays in memory when the process that touched it drops it (MADV_DONTNEED), and then no resident size
    shows it; the size of the mapping bounds it.
    """
    sizes: dict[str, int] = {}
    for process in processes:
        # address perms offset dev inode path
        for line in (_text(proc, f"{process.pid}/maps", 1 << 22) or "").splitlines():
            item = line.split(None, 5)
            if len(item) == 6 and item[1][3] == "s" and item[5].startswith("/dev/zero"):
                first, _, end = item[0].partition("-")
                sizes[item[4]] = max(sizes.get(item[4], 0), int(item[2], 16) + int(end, 16) - int(first, 16))
    return sum(sizes.values())


def proportional(proc: int, process: Process) -> int:
    """Bytes of memory of a process, what it shares with others divided among them."""
    text = _text(proc, f"{process.pid}/smaps_rollup")
    for line in (text or "").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    if text is not None:
        return 0
    now = read_process(proc, process.pid, True)  # it may have ended since, and all its memory with it
    return now.rss if now else 0


def _text(proc: int, path: str, most: int = 1 << 16) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    except OSError:
        return None
    try:
        with open(fd, "rb", buffering=0) as file:
            data = file.read(most) or b""
            while more := file.read(most - len(data)) if len(data) < most else b"":
                data += more
        return data.decode("ascii", "replace")
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Load:
    """CPU seconds of the machine, or of one CPU, so far: busy (steal included), idle."""

    busy: float
    idle: float


def load(proc: int, cpu: int | None = None) -> Load | None:
    """The machine's load, or that of one CPU; None where /proc does not say."""
    start = f"cpu{'' if cpu is None else cpu} "
    line = next((line for line in (_text(proc, "stat") or "").splitlines() if line.startswith(start)), None)
    if line is None:
        return None
    # user nice system idle iowait irq softirq steal
    ticks = [int(item) for item in line.split()[1:9]]
    idle = ticks[3] + ticks[4]
    return Load((sum(ticks) - idle) * _TICK, idle * _TICK)


def saturated(before: Load | None, after: Load | None, own_s: float) -> bool:
    """Whether, between two readings, less than a tenth of the machine was idle and others used a fifth or more."""
    if before is None or after is None:
        return False
    busy, idle = after.busy - before.busy, after.idle - before.idle
    if busy + idle < 0.5:  # too short for clocks of 10 ms to say anything
        return False
    return idle < 0.1 * (busy + idle) and busy - own_s > 0.2 * (busy + idle)
