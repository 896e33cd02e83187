"""The process between a zygote and a sample in tiers A and U: it outlives the sample and kills what the sample left.

By what it can reach all of the sample's tree, in one `kill(-1)` that no fork can outrun, and nothing else, while the
sample cannot reach it:

- tier A: it stands in a Landlock domain of its own, the sample in one within that (`Domain`);
- tier U: it takes the sample's user as its effective one, and killing goes by the real one (`User`).

It is the tree's subreaper, so no orphan gets away. It ends as the sample's first process ended, by the same status or
signal. The supervisor stops a sample by SIGTERM to the reaper. The death of the zygote sends the same.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import NoReturn, Protocol

from . import landlock, linux, users
from .users import Users

STOP = signal.SIGTERM
_WATCHED = (signal.SIGCHLD, STOP)
_PAUSE_S = 0.002


class Bond(Protocol):
    """How a reaper holds its sample."""

    @property
    def keep(self) -> tuple[int, ...]:
        """Descriptors that it needs for that."""

    def tie(self) -> None:
        """In the reaper, before the sample's process is there. Raises OSError."""

    def kill_all(self) -> None:
        """Kill every process of the sample."""


@dataclass(frozen=True, slots=True)
class Domain:
    """By a Landlock domain, given as a ruleset."""

    ruleset: int
    keep: tuple[int, ...] = ()

    def tie(self) -> None:
        """See `Bond.tie`."""
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        landlock.enter(self.ruleset)

    def kill_all(self) -> None:
        """See `Bond.kill_all`."""
        _kill_every()


class User:
    """By its user id."""

    def __init__(self, block: Users, uid: int, proc: int) -> None:
        self._block, self._uid, self._proc, self._ready = block, uid, proc, False
        self.keep: tuple[int, ...] = ()

    def tie(self) -> None:
        """See `Bond.tie`."""
        if not linux.adopt_orphans():
            self.keep = (self._proc,)  # orphans go to process 1, and only /proc tells when all are dead

    def kill_all(self) -> None:
        """See `Bond.kill_all`."""
        if not self._ready:
            users.become_killer(self._block, self._uid, STOP)
            self._ready = True
        _kill_every()
        while self.keep and users.survivors(self.keep[0], self._uid):
            time.sleep(_PAUSE_S)
            _kill_every()


def stand_between(bond: Bond) -> None:
    """Fork. The parent becomes the reaper; the child, the sample's first process, returns."""
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    linux.prctl(linux.PR_SET_PDEATHSIG, STOP)
    bond.tie()
    os.setsid()
    main = linux.fork()
    if main:
        try:
            _reap(main, bond)
        finally:
            os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_all(block: Users, proc: int, part: str | None = None) -> None:
    """Kill what a block's samples, or those of one kind, left where even their reapers were killed."""
    left = {uid for uid in _users_seen(proc) if block.has(uid, part)}
    for uid in left:
        pid = os.fork()
        if pid == 0:
            try:
                User(block, uid, proc).kill_all()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)


def _users_seen(proc: int) -> set[int]:
    found = set()
    for name in os.listdir(proc):
        try:
            if name.isdigit():
                found.add(os.stat(name, dir_fd=proc).st_uid)
        except OSError:
            continue
    return found


def _reap(main: int, bond: Bond) -> NoReturn:
    linux.close_but(*bond.keep, lowest=0)
    status: int | None = None
    stopping = False
    while status is None:
        if stopping:  # again and again: the sample's process may not have become its user yet
            signal.sigtimedwait(_WATCHED, _PAUSE_S)
        else:
            stopping = signal.sigwaitinfo(_WATCHED).si_signo == STOP
        if stopping:
            bond.kill_all()
        status = _collect(main)
    bond.kill_all()
    while _wait_one():
        pass
    _end_as(status)


def _kill_every() -> None:
    try:
        os.kill(-1, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody left


def _collect(main: int) -> int | None:
    """Wait for whoever has ended; the first process's status once it has."""
    status = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == main:
                status = ended[1]
    except ChildProcessError:
        pass
    return status


def _wait_one() -> bool:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        return False
    return True


def _end_as(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))
