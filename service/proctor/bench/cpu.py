"""CPU time of processes and whole process trees, by the kernel's account. Seconds."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def of(pid: int) -> float:
    """Seconds of CPU that process used, its living threads alone (to the nanosecond); 0 where it is gone."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    except OSError:
        return 0.0
    return total / 1e9


def with_waited_for(pid: int) -> float:
    """Seconds of CPU of that process and of every child that it waited for (to the clock tick)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) * _TICK_S


def children() -> dict[int, list[int]]:
    """Process → its children, all that /proc shows."""
    found: dict[int, list[int]] = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            found[int(stat.rsplit(")", 1)[1].split()[1])].append(int(entry))
    return found


def tree(pid: int) -> list[int]:
    """That process and all its descendants."""
    family, at = children(), [pid]
    for one in at:
        at += family.get(one, [])
    return at


@dataclass(frozen=True)
class Roles:
    """The processes of a service by what they do. Their own CPU is the service's; the sandboxes' is not in it."""

    api: list[int] = field(default_factory=list)
    worker: list[int] = field(default_factory=list)
    redis: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, pid: int, *others: int) -> Roles:
        """The roles in the tree below `pid` (`proctor serve`) and among `others`, read from their command lines."""
        roles = cls()
        for one in (*tree(pid), *others):
            try:
                line = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            if b"redis-server" in line:
                roles.redis.append(one)
            elif b"proctor api" in line:
                roles.api.append(one)
            elif b"proctor worker" in line and b"proctor_supervisor" not in line:
                roles.worker.append(one)
        return roles

    def seconds(self) -> dict[str, float]:
        """CPU seconds so far, by role."""
        return {
            "api": sum(map(of, self.api)),
            "worker": sum(map(of, self.worker)),
            "redis": sum(map(of, self.redis)),
        }
