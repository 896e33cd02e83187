"""Which tier works here: each is tried, from the strongest down, to the last step that a sample takes.

A trial runs in processes of its own, which end with it, so that a tier that fails half-way leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from . import isolate, linux
from .isolate import TIERS, Unavailable

_LIMITS = {"memory_mib": 1024, "processes": 1, "disk_mib": 1}
_REASON_MAX = 4096
_SHARED = (
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/mqueue",
    "/run",
    "/run/lock",
    "/run/user",
    "/dev",
    "/var/crash",
    "/home",
)


def choose(prefixes: list[str], *, only: str | None, least: str) -> str:
    """The strongest tier that works, or `only`, and not below `least`. Raises Unavailable with every reason."""
    reasons = []
    for tier in reversed(TIERS):
        if only not in (None, tier) or TIERS.index(tier) < TIERS.index(least):
            continue
        reason = _in_a_child(lambda tier=tier: _try(tier, prefixes))  # type: ignore[misc]
        if reason is None:
            return tier
        reasons.append(f"tier {tier}: {reason}")
    raise Unavailable("no isolation that is strong enough works here; " + ("; ".join(reasons) or "none was allowed"))


def _try(tier: str, prefixes: list[str]) -> None:
    if tier == "B":
        isolate.enter_user_namespace()
        reason = _in_a_child(lambda: _try_sample(tier, prefixes))  # the first child is process 1
        if reason is not None:
            raise Unavailable(reason)
    else:
        _try_sample(tier, prefixes)


def _try_sample(tier: str, prefixes: list[str]) -> None:
    ground = isolate.ready(tier, prefixes)
    try:
        isolate.settle(ground)
        sample = isolate.of_sample(isolate.part(ground, "candidate"), 0)
        reason = _in_a_child(lambda: _be_sample(sample))
        isolate.clean(sample)
    finally:
        isolate.leave(ground)
    if reason is not None:
        raise Unavailable(reason)


def _be_sample(ground: isolate.Ground) -> None:
    outside = os.getppid()
    os.close(isolate.enter(ground, 1, 0))
    isolate.give_up(ground, isolate.rlimits(_LIMITS, 64, 10, 1))
    if ground.tier != "B":
        _must_fail(lambda: os.kill(outside, 0), "a sample can signal its supervisor")
    if ground.tier == "A":
        _must_fail(lambda: os.listdir("/proc"), "a sample can read /proc")
    if ground.tier == "U":
        if os.getresuid() != (ground.uid,) * 3 or linux.effective_capabilities():
            raise Unavailable("a sample keeps its supervisor's user")
        _must_not_write(ground)
        _must_fail(lambda: os.listdir(f"/proc/{outside}/fd"), "a sample can open its supervisor's descriptors")
    _must_fail(lambda: linux.unshare(linux.CLONE_NEWUSER), "a sample can make namespaces")


def _must_not_write(ground: isolate.Ground) -> None:
    """Without Landlock, permissions alone keep samples from leaving each other files: look where all may write."""
    own = {os.path.realpath(isolate.SHM)} if ground.shm else set()
    for place in {os.path.realpath(place) for place in (*_SHARED, *_mount_points())} - own:
        if os.path.isdir(place):
            _must_fail(lambda place=place: os.mkdir(f"{place}/sandbox-trial"), f"a sample can write in {place}")  # type: ignore[misc]


def _mount_points() -> list[str]:
    try:
        with open("/proc/self/mounts") as file:
            return [line.split()[1] for line in file]
    except OSError:  # Landlock stands before it
        return []


def _must_fail(attempt: Callable[[], object], meaning: str) -> None:
    try:
        attempt()
    except OSError:
        return
    raise Unavailable(meaning)


def _in_a_child(work: Callable[[], None]) -> str | None:
    """Run `work` in a fork; why it failed, None where it did not."""
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            work()
            status = 0
        except BaseException as error:
            os.write(theirs, f"{error}".encode("utf-8", "replace")[:_REASON_MAX])
        finally:
            os._exit(status)
    os.close(theirs)
    _pid, status = os.waitpid(pid, 0)
    with open(ours, "rb") as file:
        reason = file.read(_REASON_MAX).decode("utf-8", "replace")
    return None if status == 0 else reason or f"ended with status {status}"
