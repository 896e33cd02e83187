"""In an isolation that candidates share, one after another; `ward` is the supervisor's side of it.

This process runs no code of a candidate's, and nothing of one ever enters its memory: the process that it forks for a
turn takes the job from the supervisor itself. It is process 1 of the pid namespace, so a candidate cannot signal it,
and `kill(-1)` reaches all that one left behind. It gave up every right before the first turn, and its children have no
more; the filter of system calls lets nobody change limits, priority or CPUs of another process.

A turn after which anything in the isolation is not as it was before is the last one: its files, what the directories
and the standard streams are (System V objects and message queues no sample can make). Memory is a process's own.

Over `control` go, per turn: `T` and the source from the supervisor, with a socket to the tests; from the turn's
process `C` or `X` as `guest` says; `E` from here as `cases` says.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
from collections.abc import Callable
from typing import NoReturn

from . import cases, isolate, linux

MESSAGE = b"T"

_SOCKET = struct.Struct("=i")
_TIMEVAL = struct.Struct("@ll")
_STREAMS = (0, 1, 2)

#: How long a turn's process waits for its job before it does its first uses of things ahead. Under load a job comes
#: sooner, and the processor is better used by samples.
_IDLE_MS = 5


def limit_patience(control: socket.socket) -> None:
    """Before rights are given up: receiving ends without a message after `_IDLE_MS`."""
    control.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(0, _IDLE_MS * 1000))


def serve(
    control: socket.socket, main: str, room: int, rehearse: Callable[[], None], turn: Callable[[bytes, int], NoReturn]
) -> NoReturn:
    """Fork a process for each turn until the supervisor is gone.

    main: the program's file, in the folder of the isolation; room: bytes of a source, at most;
    rehearse: what a turn's process does while it waits;
    turn: its life, with the source and the descriptor of the socket.
    """
    box = os.path.dirname(main)
    before = _state(box)
    while True:
        pid = linux.fork()
        if pid == 0:
            _wait(control, room, rehearse, turn)
        status, cpu_s, peak = cases.wait(pid)
        stays = _clear(box, main) and _state(box) == before
        try:
            control.send(cases.ENDED.pack(b"E", status, cpu_s, peak, stays))
        except OSError:
            stays = False
        if not stays:
            os._exit(0)


def _wait(
    control: socket.socket, room: int, rehearse: Callable[[], None], turn: Callable[[bytes, int], NoReturn]
) -> NoReturn:
    try:
        message, socket_to_tests = _receive(control, room)
    except BlockingIOError:
        rehearse()
        select.select([control], [], [])
        message, socket_to_tests = _receive(control, room)
    if not message:
        os._exit(0)
    turn(message[len(MESSAGE) :], socket_to_tests)


def _receive(control: socket.socket, room: int) -> tuple[bytes, int]:
    message, ancillary, _flags, _address = control.recvmsg(
        len(MESSAGE) + room, socket.CMSG_LEN(_SOCKET.size), socket.MSG_CMSG_CLOEXEC
    )
    return message, _SOCKET.unpack(ancillary[0][2])[0] if ancillary else -1


def _clear(box: str, main: str) -> bool:
    """Put back what every turn changes; False where that cannot be."""
    try:
        os.unlink(main)
        os.utime(box, ns=(0, 0))
        os.lseek(0, 0, os.SEEK_SET)
        for number in _STREAMS:
            fcntl.fcntl(number, fcntl.F_SETFL, 0)
    except OSError:
        return False
    return True


def _state(box: str) -> object:
    """What there is in the isolation beside processes. None, which equals no other: it cannot be read.

    As many blocks and names are free as before, and the folders are the very ones of before: then there is no other
    file, and no folder has had an entry since that is gone.
    """
    try:
        use, root, stdin = os.statvfs(box), os.stat(box), os.fstat(0)
        return (
            (use.f_bfree, use.f_ffree, root.st_ino, root.st_mode),
            [(at.st_ino, at.st_mode, at.st_mtime_ns, at.st_ctime_ns) for at in _folders(box)],
            (stdin.st_mode, stdin.st_mtime_ns, stdin.st_ctime_ns),
            [(os.fstat(number).st_mode, fcntl.fcntl(number, fcntl.F_GETPIPE_SZ)) for number in _STREAMS[1:]],
        )
    except OSError:
        return object()


def _folders(box: str) -> list[os.stat_result]:
    return [os.lstat(f"{box}/{name}") for name in isolate.FOLDERS]
