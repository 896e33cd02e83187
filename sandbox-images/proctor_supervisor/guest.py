"""What runs in a sample's process: the last of our code before it is the sample's, and the end of it.

Order: take the descriptors, close all others; stand in the isolation of the tier; put the files in place; give up every
right; compile; say so on the control socket and close it; run. No code of a candidate's runs before the control socket
is closed, so what comes over it is ours. (A test process, which runs none, keeps it for its runs, see `resident`.)

Over `control` (SOCK_SEQPACKET) go: `D` with a descriptor of the sample's folder; then `C`, the CPU nanoseconds
used so far and the monotonic clock, or `X` and the text of a compile error.

The program runs as CPython runs a script: module `__main__`, standard streams as in C.UTF-8, exit status, traceback
(our frames left out), threads joined, atexit, the module's objects released. As process 1 (tier B) of its pid namespace
it would ignore signals at their default action: those that a program may send to itself get a handler that ends it
with 128 + n, and its children have the defaults again. SIGKILL to itself stays without effect, and abort() ends in
SIGSEGV. (Where process 1 is ours, as for cases of a series and candidates of a ward, none of that is needed.)
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import atexit
import builtins
import gc
import io
import logging
import os
import random
import resource
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import types
from functools import partial
from typing import NoReturn

from . import boxes, cases, isolate, job, linux, native, turns
from .isolate import Ground
from .job import Job
from .pair import candidate, warm
from .zygote import Life

CLOCK = struct.Struct("=cQQ")
_TEXT_MAX = 16 * 1024
_C_CALLS = 4  # what exec and the like take of the recursion limit beside our frames; measured
_MORTAL = tuple(map(int, (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGTERM,
                          signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU, signal.SIGIO)))  # fmt: skip

#: Words without which no program comes to the module `random`, whose seeding touches 36 pages.
_BY_CHANCE = (b"random", b"statistics", b"import_module", b"__import__")

_WARM_ROUNDS = 16

_held: set = set()

#: What `_at_the_end` says where a program has started no thread and registered nothing.
_at_rest: tuple[int, ...] | None = None

#: sys.path of a program after its own folder; set by `main` before the zygotes fork.
path: list[str] = []

#: Our own modules, which a program is not to find loaded; set with `path`.
our_modules: list[str] = []


def make_ready(ground: Ground) -> None:
    """In the zygote, once for all samples: what a fresh interpreter has and no sample can tell from its own, and what
    samples inherit of the isolation.

    The standard streams stand on the numbers 0, 1 and 2, so they are made here on files of the kinds that samples have.
    """
    global _at_rest
    isolate.ready_samples(ground)
    _at_rest = _at_the_end()
    held = [os.dup(fd) for fd in range(3)]
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    empty = job.sealed([], "stdin")
    for number, fd in enumerate((empty, write_end, write_end)):
        os.dup2(fd, number)
    _streams()
    for number, fd in enumerate(held):
        os.dup2(fd, number)
    for fd in (*held, read_end, write_end, empty):
        os.close(fd)
    sys.path[:] = [f"{ground.box}/work", *path]
    for _ in range(_WARM_ROUNDS):  # see `pair.warm`
        _execute(compile("pass", "main.py", "exec"), {"__builtins__": builtins})
        _flush()
        _depth()
    candidate.make_ready()
    if ground.tier == "B":
        os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_default_signals)
        for number in _MORTAL:
            _signal.signal(number, _die)  # the module's own wrapper costs more than the call


def rehearse() -> None:
    """Do what samples do first, and leave no trace of it."""
    fd = job.write(Job("candidate", dict.fromkeys(job.LIMITS, 1), 1, 1.0, blobs=[b"def f(x):\n    return [x]\n"]))
    task = job.read(fd)
    os.close(fd)
    _use_first(task.blobs[0])


def _use_first(source: bytes) -> None:
    compile(source, "main.py", "exec", dont_inherit=True)
    warm.warm_up(1)
    _flush()


def enter(ground: Ground, fds: list[int], stands: bool) -> NoReturn:
    """The child's whole life. `fds` as `zygote` says; stands: whether it stands apart already."""
    job_fd, control_fd, stdin, stdout, stderr, *more = fds
    for number, fd in enumerate((stdin, stdout, stderr)):
        os.dup2(fd, number)
    linux.close_but(job_fd, control_fd, *more, *([ground.proc] if ground.jail else []))
    task = job.read(job_fd)
    os.close(job_fd)
    ground = isolate.of_sample(ground, task.number)
    control = linux.unix_socket(control_fd, socket.SOCK_SEQPACKET)
    if task.kind == "native":
        native.enter(ground, task, control, more, stands)
    _prepare(ground, task, control, stands)
    _run(ground, task, control, more)


def _prepare(ground: Ground, task: Job, control: socket.socket, stands: bool) -> None:
    stdin_size = os.fstat(0).st_size if task.stdin_file else 0
    spare = sum(map(len, task.blobs)) + stdin_size + 4096 * (len(task.files) + 4) + task.options.get("room", 0)
    box = ground.box
    folder = isolate.enter(ground, task.limits["disk_mib"], spare, stands=stands)
    if task.kind not in ("tests", "ward"):
        boxes.put(f"{box}/main.py", task.blobs[0])
    if task.stdin_file:
        boxes.put(f"{box}/stdin", os.pread(0, stdin_size, 0))
    first = len(task.blobs) - len(task.files)
    for name, content in zip(task.files, task.blobs[first:], strict=True):
        os.makedirs(os.path.dirname(f"{box}/work/{name}"), exist_ok=True)
        boxes.put(f"{box}/work/{name}", content)
    socket.send_fds(control, [b"D"], [folder])
    os.close(folder)
    if task.kind == "series":
        linux.adopt_orphans()
    elif task.kind == "ward":
        turns.limit_patience(control)
    isolate.give_up(ground, isolate.rlimits(task.limits, task.tasks, task.cpu_s, spare // (1 << 20) + 1))


def _run(ground: Ground, task: Job, control: socket.socket, more: list[int]) -> NoReturn:
    if task.kind == "tests":
        _tests(ground, task, control, more)
    if task.kind == "ward":
        _ward(ground, task, control)
    main = f"{ground.box}/main.py"
    code = _compile(task.blobs[0], main, control)
    if task.kind == "series":
        _series(ground, task, code, control)
    _begin(control)
    if task.kind == "candidate":
        _candidate(ground, task, code, more)
    _program(ground, task, code)


def _series(ground: Ground, task: Job, code: types.CodeType, control: socket.socket) -> NoReturn:
    for number in _MORTAL:
        _signal.signal(number, _signal.SIG_DFL)  # its cases are no process 1
    source = f"{ground.box}/main.py"
    cpu_s = int(task.limits["cpu_s"] + task.limits["compile_s"]) + 2
    chance, main = _seeds(task), _main_module(source)
    sys.argv = ["main.py"]

    def case(argv: list[str]) -> NoReturn:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        if chance:
            random.seed()
        sys.argv += argv
        gc.enable()
        _run_main(main, code)

    gc.freeze()
    _tell_clock(control)
    cases.serve(control, cases.watcher(ground, [source]), cases.forking(control, case))


def _ward(ground: Ground, task: Job, control: socket.socket) -> NoReturn:
    for number in (*_MORTAL, signal.SIGINT):
        _signal.signal(number, _signal.SIG_DFL)  # process 1 is deaf to them, and those of its turns are not process 1
    main, cpu_s = f"{ground.box}/main.py", int(task.options["cpu_s"]) + 2

    def turn(source: bytes, peer: int) -> NoReturn:
        _signal.signal(signal.SIGINT, _signal.default_int_handler)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        task.blobs = [source]
        boxes.put(main, source)
        code = _compile(source, main, control)
        _begin(control)
        _candidate(ground, task, code, [peer])

    gc.freeze()
    turns.serve(control, main, task.options["room"], partial(_use_first, b"def f(x):\n    return [x]\n"), turn)


def _begin(control: socket.socket) -> None:
    _tell_clock(control)
    control.close()


def _tell_clock(control: socket.socket) -> None:
    control.send(_clock())


def _clock() -> bytes:
    return CLOCK.pack(b"C", time.process_time_ns(), time.monotonic_ns())


def _compile(source: bytes, name: str, control: socket.socket) -> types.CodeType:
    try:
        return compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        text = "".join(traceback.format_exception_only(error))
        control.send(b"X" + text.encode("utf-8", "backslashreplace")[:_TEXT_MAX])
        os._exit(1)


def _candidate(ground: Ground, task: Job, code: types.CodeType, more: list[int]) -> NoReturn:
    _stage(task)
    candidate.main(linux.unix_socket(more[0], socket.SOCK_STREAM), task.blobs[0], code)


def _tests(ground: Ground, task: Job, control: socket.socket, more: list[int]) -> NoReturn:
    from .pair import tests

    gc.enable()
    _tell_clock(control)
    tests.main(control, more[0])


def _stage(task: Job) -> None:
    """What a fresh interpreter has beyond `make_ready`: arguments, collector, chance."""
    sys.argv = ["main.py", *task.argv]
    if _seeds(task):
        random.seed()
    gc.enable()


def _seeds(task: Job) -> bool:
    """Whether the program may draw random numbers."""
    return any(word in task.blobs[0] for word in _BY_CHANCE)


def _die(number: int, _frame: object) -> None:
    os._exit(128 + number)


def _hold_signals() -> None:
    """A signal that comes between the fork and the child's `_default_signals` must not be lost."""
    global _held
    _held = signal.pthread_sigmask(signal.SIG_BLOCK, _MORTAL)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held)


def _default_signals() -> None:
    """In a child of process 1, which is an ordinary process again."""
    for number in _MORTAL:
        if signal.getsignal(number) is _die:
            signal.signal(number, signal.SIG_DFL)
    _release_signals()


def _streams() -> None:
    sys.stdin = sys.__stdin__ = _stream(0, "<stdin>", "r", "surrogateescape", False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _stream(1, "<stdout>", "w", "surrogateescape", False)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "<stderr>", "w", "backslashreplace", True)  # type: ignore[misc]


def _stream(fd: int, name: str, mode: str, errors: str, line_buffering: bool) -> io.TextIOWrapper:
    raw = io.FileIO(fd, mode + "b", closefd=False)
    raw.name = name
    buffered = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    stream = io.TextIOWrapper(buffered, "utf-8", errors, newline="\n", line_buffering=line_buffering)
    stream.mode = mode  # type: ignore[misc]
    return stream


def _program(ground: Ground, task: Job, code: types.CodeType) -> NoReturn:
    _stage(task)
    _run_main(_main_module(f"{ground.box}/main.py"), code)


def _main_module(file: str) -> types.ModuleType:
    """A fresh `__main__`, in place; our own modules are out of sight."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=file, __builtins__=builtins, __annotations__={})
    for name in our_modules:
        del sys.modules[name]
    sys.modules["__main__"] = main
    return main


def _run_main(main: types.ModuleType, code: types.CodeType) -> NoReturn:
    sys.setrecursionlimit(1000 + _depth() + _C_CALLS)
    status = _execute(code, main.__dict__)
    _finish(status, main.__dict__)


def _depth() -> int:
    frame = sys._getframe(1)
    depth = 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def _execute(code: types.CodeType, names: dict) -> int:
    try:
        exec(code, names)
    except SystemExit as error:
        return _exit_status(error.code)
    except BaseException as error:
        _report(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _report(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    try:
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    except BaseException:
        sys.__excepthook__(type(error), error, trace)


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    try:
        print(code, file=sys.stderr)
    except BaseException:
        pass
    return 1


def _finish(status: int, names: dict) -> NoReturn:
    """End as Py_FinalizeEx does, as far as a program can see it."""
    if _at_rest is None or _at_the_end() != _at_rest:
        for step in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
            try:
                step()
            except BaseException as error:
                _report(error)
    flushed = _flush()
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    for private in (True, False):
        for name in [n for n in names if n != "__builtins__" and n.startswith("_") == private]:
            try:
                names[name] = None
            except BaseException:
                continue
    gc.collect()
    os._exit(status if _flush() and flushed else 120)


def _at_the_end() -> tuple[int, ...] | None:
    """How much joining threads and exit functions would find to do; None where it cannot be told."""
    try:
        return (
            atexit._ncallbacks(),
            len(vars(logging)["_handlerList"]),
            len(threading._active),  # type: ignore[attr-defined]
            len(threading._shutdown_locks),  # type: ignore[attr-defined]
            len(threading._threading_atexits),  # type: ignore[attr-defined]
        )
    except Exception:
        return None


def _flush() -> bool:
    fine = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException:
            fine = False
    return fine


LIFE = Life(make_ready, isolate.stand, rehearse, enter)
