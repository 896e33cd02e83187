"""In a sample's process: start a case of the program whenever the supervisor asks, and see each to its end.

This process runs no code of the sample's. It is process 1 of the sample's pid namespace, or stands alone with its
children in a Landlock domain, so `kill(-1)` reaches all that a case left behind, and nothing else; it is their
subreaper. It has given up every right before the first case, and its children have no more.

Over `control`: `R`, the marshalled arguments, and a descriptor of standard input ask for a case; `E` answers, with the
wait status, CPU seconds, the peak of resident memory in KiB, and whether the folder is as it was before.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from . import isolate, linux
from .isolate import Ground

ENDED = struct.Struct("=cidQ?")
_MESSAGE_MAX = 1 << 20


#: (descriptor of standard input, arguments) → the process of a case; 0 where it could not be started.
Start = Callable[[int, list[str]], int]

NOT_STARTED = 127 << 8
"""The wait status of a case that could not be started, as a shell has it."""


def serve(control: socket.socket, state: Callable[[], object], start: Start) -> NoReturn:
    """Start cases until the supervisor is gone.

    state: tells what there is in the sample's folder; equal to what it was before a case, nothing of that is left.
    """
    before = state()
    while True:
        message, fds, _flags, _address = socket.recv_fds(control, _MESSAGE_MAX, 1)
        if not message:
            os._exit(0)
        for number in (1, 2):
            os.set_blocking(number, True)  # shared with the cases before
        pid = start(fds[0], marshal.loads(message[1:]))
        os.close(fds[0])
        status, cpu_s, peak = wait(pid) if pid else (NOT_STARTED, 0.0, 0)
        control.send(ENDED.pack(b"E", status, cpu_s, peak, state() == before))


def forking(control: socket.socket, case: Callable[[list[str]], NoReturn]) -> Start:
    """Cases are forks of this process. `case` runs the program with its arguments."""

    def start(stdin: int, argv: list[str]) -> int:
        pid = linux.fork()
        if pid == 0:
            _become(stdin, control)
            case(argv)
        return pid

    return start


def _become(stdin: int, control: socket.socket) -> None:
    control.close()
    os.dup2(stdin, 0)
    os.close(stdin)


def wait(main: int) -> tuple[int, float, int]:
    """Until the case has ended and all it left is dead: status, CPU seconds and peak of all of it."""
    status, cpu_s, peak = -1, 0.0, 0
    while True:
        try:
            pid, ended, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return status, cpu_s, peak
        cpu_s += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
        if pid == main:
            status = ended
        if status >= 0:  # again after each: one may have been forked meanwhile
            try:
                os.kill(-1, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # nobody is left


def watcher(ground: Ground, program: Sequence[str]) -> Callable[[], object]:
    """The `state` of `serve` where a sample stands. program: its files."""
    box = ground.box
    if ground.tier == "B":
        return partial(_state_of_mount, box, program)
    folders = {box, *(f"{box}/{name}" for name in isolate.FOLDERS), *map(os.path.dirname, program)}
    return partial(_state_of_folders, [*sorted(folders), *([isolate.SHM] if ground.shm else [])], program)


def _state_of_mount(box: str, program: Sequence[str]) -> object:
    """What a file system of the sample's own holds: how many blocks and files, and when the program's changed last.

    Raises nothing: what cannot be read has changed.
    """
    try:
        use = os.statvfs(box)
        return use.f_bfree, use.f_ffree, _changed(program)
    except OSError:
        return None


def _state_of_folders(folders: Sequence[str], program: Sequence[str]) -> object:
    """The names in folders on a file system that is shared, and the program's files."""
    try:
        return [sorted(os.listdir(folder)) for folder in folders], _changed(program)
    except OSError:
        return None


def _changed(program: Sequence[str]) -> list[tuple[int, int]]:
    """Which files these are, and when each changed last. Raises OSError."""
    return [(info.st_ino, info.st_ctime_ns) for info in map(os.lstat, program)]
