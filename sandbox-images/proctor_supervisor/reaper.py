"""The process between a zygote and a sample in tier A: it outlives the sample and kills what the sample left.

It stands in a Landlock domain of its own, and the sample in one within that: `kill(-1)` from here reaches all of the
sample's tree, in one go that a fork cannot outrun, and nothing else; the sample cannot signal the reaper. It is the
tree's subreaper, so no orphan gets away. It ends as the sample's first process ended, by the same status or signal.

The supervisor stops a sample by SIGTERM to the reaper. The death of the zygote sends the same.
"""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from . import landlock, linux

STOP = signal.SIGTERM
_WATCHED = (signal.SIGCHLD, STOP)


def stand_between(ruleset: int) -> None:
    """Fork. The parent becomes the reaper, in the domain of `ruleset`; the child returns."""
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    linux.prctl(linux.PR_SET_PDEATHSIG, STOP)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    landlock.enter(ruleset)
    os.setsid()
    main = linux.fork()
    if main:
        try:
            _reap(main)
        finally:
            os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reap(main: int) -> NoReturn:
    os.closerange(0, 1 << 20)
    status: int | None = None
    while status is None:
        if signal.sigwaitinfo(_WATCHED).si_signo == STOP:
            _kill_all()
        status = _collect(main)
    _kill_all()
    while _wait_one():
        pass
    _end_as(status)


def _kill_all() -> None:
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
