"""The sandbox's own cgroup, where a container gives it one: the kernel's word on memory, and on CPU that hides."""

from __future__ import annotations

import os
from dataclasses import dataclass

#: Version 2, then 1: how much, the limit, the events.
_FILES = (
    ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.events"),
    (
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.oom_control",
    ),
)


_CPU_FILES = (("/sys/fs/cgroup/cpu.stat", 1e-6), ("/sys/fs/cgroup/cpuacct/cpuacct.usage", 1e-9))


@dataclass(frozen=True, slots=True)
class Cgroup:
    """Descriptors of a cgroup with a memory limit. limit: bytes; cpu: -1 where none; tick: its unit, seconds."""

    usage: int
    events: int
    limit: int
    cpu: int
    tick: float

    def used(self) -> int:
        """Bytes that the cgroup holds now, caches included."""
        return int(os.pread(self.usage, 64, 0))

    def cpu_s(self) -> float | None:
        """CPU seconds of all that ever ran here, ourselves included; None where it does not say."""
        if self.cpu < 0:
            return None
        word = os.pread(self.cpu, 4096, 0).decode("ascii").removeprefix("usage_usec ").split(None, 1)[0]
        return int(word) * self.tick

    @property
    def descriptors(self) -> list[int]:
        """What has to stay open."""
        return [fd for fd in (self.usage, self.events, self.cpu) if fd >= 0]

    def kills(self) -> int:
        """How many processes the kernel has killed here for want of memory."""
        for line in os.pread(self.events, 4096, 0).decode("ascii", "replace").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        return 0


def own() -> Cgroup | None:
    """The cgroup that limits our memory; None where none does, or none that we can read."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    for usage, limit, events in _FILES:
        try:
            with open(limit, "rb") as file:
                most = int(file.read(64))
            if most < machine:
                flags = os.O_RDONLY | os.O_CLOEXEC
                return Cgroup(os.open(usage, flags), os.open(events, flags), most, *_cpu())
        except (OSError, ValueError):  # no such file; "max"
            continue
    return None


def _cpu() -> tuple[int, float]:
    for path, tick in _CPU_FILES:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC), tick
        except OSError:
            continue
    return -1, 1.0
