"""A zygote: forked once from the supervisor before it has read any request, it forks one sample at a time.

It never sees a request. Per fork it gets one byte and descriptors, which the child alone reads:

    job       memfd: what to run, see `guest`
    control   a socket to the supervisor, which the child closes before any foreign code runs
    stdin, stdout, stderr
    more      the peer's socket, the report's pipe (for tests)

It answers twice: the child's pid with a pidfd; then, when all of the sample's processes are dead, its wait status and
rusage. There are two zygotes, so that no candidate inherits memory in which tests have been.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence

from . import linux, reaper
from .isolate import Ground

STARTED = struct.Struct("=ci")
ENDED = struct.Struct("=ciddQ")
FDS_MAX = 8
UNREADY = 70
"""Exit status of a child of which our own code failed."""


class Zygote:
    """The supervisor's end. pid: the zygote's own; ground: where its samples stand; started: how many there were."""

    def __init__(
        self, ground: Ground, ready: Callable[[Ground], None], entry: Callable[[Ground, list[int]], None]
    ) -> None:
        self.ground = ground
        self.started = 0
        self.conn, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        gc.collect()
        gc.freeze()
        self.pid = os.fork()
        if self.pid == 0:
            self.conn.close()
            _serve(theirs, ground, ready, entry)
        theirs.close()

    def start(self, fds: Sequence[int]) -> None:
        """Fork a sample that gets `fds`."""
        self.started += 1
        socket.send_fds(self.conn, [b"F"], fds)


def _serve(
    conn: socket.socket,
    ground: Ground,
    ready: Callable[[Ground], None],
    entry: Callable[[Ground, list[int]], None],
) -> None:
    """Get `ready`, then fork samples, each of which does `entry`, until the supervisor is gone. Never returns."""
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.adopt_orphans()
        linux.close_but(conn.fileno(), ground.proc)
        own = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=ground.proc)
        ready(ground)
        gc.collect()
        gc.freeze()
        gc.disable()
        while _serve_one(conn, own, ground, entry):
            pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _serve_one(conn: socket.socket, own: int, ground: Ground, entry: Callable[[Ground, list[int]], None]) -> bool:
    message, fds, _flags, _address = socket.recv_fds(conn, 16, FDS_MAX, socket.MSG_CMSG_CLOEXEC)
    if not message:
        return False
    if ground.tier == "B":  # the child is to be process 1 of a pid namespace, and we come back to ours
        linux.unshare(linux.CLONE_NEWPID)
        pid = _fork(ground, entry, fds)
        linux.setns(own, linux.CLONE_NEWPID)
    else:
        pid = _fork(ground, entry, fds)
    _attend(conn, pid, fds, ground)
    return True


def _fork(ground: Ground, entry: Callable[[Ground, list[int]], None], fds: Sequence[int]) -> int:
    pid = linux.fork()
    if pid == 0:
        try:
            entry(ground, list(fds))
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
