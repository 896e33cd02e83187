"""In a sample's process: run commands, as compilers and compiled programs want it.

The process stays, as the parent of what it starts: so the program is not process 1 of its pid namespace (which ignores
signals), and how it ended is told by us. `W` with the wait status and the peak of resident memory goes over the control
socket, which no program inherits. Whatever else still runs then dies with this process.

A job of kind `native` has these options:

    program      names of the files to put into the folder `program`; their contents are the first blobs
    commands     lists of arguments, run one after another until one fails
    environment  added to our own
    cwd          "program" or "work"
    peer         whether the descriptors after the usual ones become the program's descriptors 3, 4, …
    series       whether the one command is run whenever the supervisor asks, as `cases` says, and not at once
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import time
from typing import NoReturn

from . import boxes, cases, isolate, job, linux
from .isolate import Ground
from .job import Job

WAITED = struct.Struct("=ciQ")
PEER = 3
UNREADY = 70
_CLOCK = struct.Struct("=cQQ")  # as guest.CLOCK
_NOT_FOUND = 127
_CPUS = os.sched_getaffinity(0)  # when the supervisor began
_ALL_SIGNALS = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]


def enter(ground: Ground, task: Job, control: socket.socket, more: list[int], stands: bool) -> NoReturn:
    """Prepare the folder, give up every right, run the commands."""
    _leave_seat()
    stdin_size = os.fstat(0).st_size if task.stdin_file else 0
    spare = sum(map(len, task.blobs)) + stdin_size + 4096 * (len(task.blobs) + 8)
    folder = isolate.enter(ground, task.limits["disk_mib"], spare, stands=stands)
    _place(ground.box, task, stdin_size)
    image = _image(ground.box, task)
    socket.send_fds(control, [b"D"], [folder])
    os.close(folder)
    keep = fcntl.fcntl(control.fileno(), fcntl.F_DUPFD_CLOEXEC, 10)
    control.close()
    _place_descriptors(more if task.options.get("peer") else [])
    if task.options.get("series"):
        linux.adopt_orphans()
    isolate.give_up(ground, isolate.rlimits(task.limits, task.tasks, task.cpu_s, spare // (1 << 20) + 1))
    if task.options.get("series"):
        _series(ground, task, keep, image)
    _commands(ground.box, task, keep, image)


def _leave_seat() -> None:
    try:
        os.sched_setaffinity(0, _CPUS)
    except OSError:
        pass  # fewer are ours by now: the kernel knows which


def _place_descriptors(more: list[int]) -> None:
    """`more` become descriptors 3, 4, …, which the program inherits."""
    apart = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in more]
    for number, fd in enumerate(apart):
        os.dup2(fd, PEER + number)


def _place(box: str, task: Job, stdin_size: int) -> None:
    program = task.options["program"]
    os.mkdir(f"{box}/program", 0o700)
    places = [f"program/{name}" for name in program] + [f"work/{name}" for name in task.files]
    for place, content in zip(places, task.blobs, strict=True):
        _put(f"{box}/{place}", content, 0o755 if place.startswith("program/") else 0o644)
    if task.stdin_file:
        _put(f"{box}/stdin", os.pread(0, stdin_size, 0), 0o644)


def _image(box: str, task: Job) -> int | None:
    """The program as a memfd, where files of the box cannot be executed: containers mount their tmpfs so.

    Made before the filter, which has no memfd_create. None where it is not needed.
    """
    first = task.options["commands"][0][0]
    name = first.removeprefix("{program}/")
    if name == first or name not in task.options["program"] or not os.statvfs(box).f_flag & os.ST_NOEXEC:
        return None
    made = job.sealed([task.blobs[task.options["program"].index(name)]], "program")
    image = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(made)
    return image


def _put(name: str, content: bytes, mode: int) -> None:
    os.makedirs(os.path.dirname(name), exist_ok=True)
    boxes.put(name, content, mode)


def _series(ground: Ground, task: Job, control: int, image: int | None) -> NoReturn:
    box = ground.box
    (line,), (path,), environment = _prepared(box, task, control)
    program = [f"{box}/program/{name}" for name in task.options["program"]]

    def start(stdin: int, argv: list[str]) -> int:
        return _start(path if image is None else image, [*line, *argv], environment, stdin) or 0

    cases.serve(linux.unix_socket(control, socket.SOCK_SEQPACKET), cases.watcher(ground, program), start)


def _prepared(box: str, task: Job, control: int) -> tuple[list[list[str]], list[str], dict[str, str]]:
    """The commands, the programs that they name, and the environment; the sample's clocks begin."""
    environment = {**os.environ, **task.options["environment"]}
    commands = [[word.replace("{program}", f"{box}/program") for word in line] for line in task.options["commands"]]
    paths = [_executable(line[0], environment["PATH"]) for line in commands]
    os.chdir(f"{box}/{task.options['cwd']}")
    os.write(control, _CLOCK.pack(b"C", time.process_time_ns(), time.monotonic_ns()))
    return commands, paths, environment


def _commands(box: str, task: Job, control: int, image: int | None) -> NoReturn:
    commands, paths, environment = _prepared(box, task, control)
    status = peak = 0
    for path, line in zip(paths, commands, strict=True):
        status, usage = _run(path if image is None else image, line, environment)
        peak = max(peak, usage)
        if status != 0:
            break
    os.write(control, WAITED.pack(b"W", status, peak * 1024))
    os._exit(0)


def _executable(name: str, path: str) -> str:
    """Where `name` is; this process ends as unready where it is nowhere: a toolchain that lacks is our failure."""
    if "/" in name:
        if not name.startswith(("/usr/", "/opt/", "/bin/")) or os.access(name, os.X_OK):
            return name
        os._exit(UNREADY)
    for folder in path.split(":"):
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    os._exit(UNREADY)


def _run(program: str | int, line: list[str], environment: dict[str, str]) -> tuple[int, int]:
    """Run one command, by path or descriptor, to its end: its wait status, and its peak of resident memory, KiB."""
    pid = _start(program, line, environment)
    if pid is None:
        return _NOT_FOUND << 8, 0
    while True:
        ended, status, usage = os.wait4(-1, 0)
        if ended == pid:
            return status, usage.ru_maxrss


def _start(program: str | int, line: list[str], environment: dict[str, str], stdin: int = 0) -> int | None:
    """Start one command, by path or descriptor; None, and a word on stderr, where that cannot be."""
    try:
        if not isinstance(program, str):
            return _spawn_image(program, line, environment, stdin)
        moves = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_CLOSE, stdin)] if stdin else []
        return os.posix_spawn(program, line, environment, file_actions=moves, setsigdef=_ALL_SIGNALS, setsigmask=[])
    except OSError as error:
        os.write(2, f"the program cannot be started: {error.strerror}\n".encode())
        return None


def _spawn_image(image: int, line: list[str], environment: dict[str, str], stdin: int) -> int:
    """Start what the descriptor holds; posix_spawn takes paths alone."""
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        if stdin:
            os.dup2(stdin, 0)
            os.close(stdin)
        for number in _ALL_SIGNALS:
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):  # those that the C library keeps for itself
                continue
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execve(image, line, environment)
    except OSError as error:
        os.write(2, f"the program cannot be started: {error.strerror}\n".encode())
    finally:
        os._exit(_NOT_FOUND)
