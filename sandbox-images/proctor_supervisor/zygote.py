"""A zygote: forked once from the supervisor before it has read any request, it forks one sample at a time.

It never sees a request. Per sample it gets `F` and descriptors, which the sample's process alone reads:

    job       memfd: what to run, see `guest`
    control   a socket to the supervisor, which the child closes before any foreign code runs
    stdin, stdout, stderr
    more      the peer's socket, the report's pipe (for tests)

It answers twice: the child's pid with a pidfd; then, when all of the sample's processes are dead, its wait status and
rusage. There are two zygotes, so that no candidate inherits memory in which tests have been.

At `P`, which asks for no answer, it forks the next sample's process ahead. In tier B that process can stand apart from
all others before it knows what it will run, which is half of what a short sample takes. It waits for its descriptors
with all rights still, and no code but ours in it.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from . import linux, reaper
from .isolate import Ground

STARTED = struct.Struct("=ci")
ENDED = struct.Struct("=ciddQ")
FDS_MAX = 8
UNREADY = 70
"""Exit status of a child of which our own code failed."""


class Life(NamedTuple):
    """What the processes do. All but `ready` are of a sample's.

    ready: in the zygote, once. stand: stand apart from all others. rehearse: before there is a sample, first uses, of
    pages that the kernel copies for the process and of code. enter: the sample, with its descriptors, and whether the
    process stands apart already.
    """

    ready: Callable[[Ground], None]
    stand: Callable[[Ground], None]
    rehearse: Callable[[], None]
    enter: Callable[[Ground, list[int], bool], NoReturn]


class Zygote:
    """The supervisor's end. pid: the zygote's own; ground: where its samples stand; started: how many there were."""

    def __init__(self, ground: Ground, life: Life) -> None:
        self.ground = ground
        self.started = 0
        self.told = False  # to fork the next one ahead
        self.conn, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        gc.collect()
        gc.freeze()
        self.pid = os.fork()
        if self.pid == 0:
            self.conn.close()
            _serve(_Nursery(theirs, ground, life))
        theirs.close()

    def start(self, fds: Sequence[int]) -> None:
        """Fork a sample that gets `fds`."""
        self.started += 1
        self.told = False
        socket.send_fds(self.conn, [b"F"], fds)

    def prepare(self) -> None:
        """Have the next sample's process forked ahead, when the one that runs has ended. Tier B; else nothing."""
        if self.ground.tier == "B" and not self.told:
            self.told = True
            self.conn.send(b"P")


def _serve(nursery: _Nursery) -> None:
    """Get ready, then fork samples until the supervisor is gone. Never returns."""
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.adopt_orphans()
        linux.close_but(nursery.conn.fileno(), nursery.ground.proc)
        nursery.own = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=nursery.ground.proc)
        nursery.life.ready(nursery.ground)
        gc.collect()
        gc.freeze()
        gc.disable()
        while nursery.serve_one():
            pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


class _Nursery:
    """The zygote's end. own: its pid namespace; waiting: the process that is forked ahead, and where it listens."""

    def __init__(self, conn: socket.socket, ground: Ground, life: Life) -> None:
        self.conn, self.ground, self.life = conn, ground, life
        self.own = -1
        self.waiting: tuple[int, socket.socket] | None = None

    def serve_one(self) -> bool:
        """Do what is asked for next; False when there is no more."""
        message, fds, _flags, _address = socket.recv_fds(self.conn, 16, FDS_MAX, socket.MSG_CMSG_CLOEXEC)
        if message == b"P" and self.waiting is None:
            self.waiting = self._ahead()
        elif message == b"F":
            _attend(self.conn, self._start(fds), fds, self.ground)
        return bool(message)

    def _start(self, fds: Sequence[int]) -> int:
        """A process with `fds`: the one that waits, or else a new one."""
        if self.waiting is not None:
            (pid, channel), self.waiting = self.waiting, None
            with channel:
                try:
                    os.sched_setaffinity(pid, os.sched_getaffinity(0))  # ours may have changed since
                    socket.send_fds(channel, [b"F"], fds)
                except OSError:  # it has failed, and the next one will tell why
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                else:
                    return pid
        return self._fork(lambda: self.life.enter(self.ground, list(fds), False))

    def _ahead(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            return self._fork(lambda: self._wait(theirs)), ours

    def _wait(self, channel: socket.socket) -> None:
        """In a process that is forked ahead: all its life."""
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.close_but(channel.fileno())
        self.life.stand(self.ground)
        self.life.rehearse()
        message, fds, _flags, _address = socket.recv_fds(channel, 16, FDS_MAX, socket.MSG_CMSG_CLOEXEC)
        if message:
            self.life.enter(self.ground, fds, True)

    def _fork(self, do: Callable[[], None]) -> int:
        if self.ground.tier != "B":
            return _fork(do)
        linux.unshare(linux.CLONE_NEWPID)  # the child is to be process 1 of a pid namespace, and we come back to ours
        try:
            return _fork(do)
        finally:
            linux.setns(self.own, linux.CLONE_NEWPID)


def _fork(do: Callable[[], None]) -> int:
    pid = linux.fork()
    if pid == 0:
        try:
            do()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(UNREADY)
    return pid


def _attend(conn: socket.socket, pid: int, fds: Sequence[int], ground: Ground) -> None:
    """Tell the supervisor of the sample's start and end."""
    for fd in fds:
        os.close(fd)
    pidfd = linux.pidfd_open(pid)
    socket.send_fds(conn, [STARTED.pack(b"S", pid)], [pidfd] if pidfd >= 0 else [])
    if pidfd >= 0:
        os.close(pidfd)
    _pid, status, usage = os.wait4(pid, 0)
    if ground.helpers:
        _bury_orphans(ground)
    conn.send(ENDED.pack(b"E", status, usage.ru_utime, usage.ru_stime, usage.ru_maxrss))


def _bury_orphans(ground: Ground) -> None:
    """Kill what came to us because the process that looked after it was killed. Nobody, as a rule."""
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if ground.users is not None:
                reaper.end_all(ground.users, ground.proc, ground.part)
            for child in _children(ground) if ground.users is None else ():
                os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)


def _children(ground: Ground) -> list[int]:
    fd = os.open("thread-self/children", os.O_RDONLY | os.O_CLOEXEC, dir_fd=ground.proc)
    with open(fd) as file:
        return [int(word) for word in file.read().split()]
