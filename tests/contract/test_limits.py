"""Every limit has its own verdict, holds over the whole tree, and blames no program that stays within it."""

# ruff: noqa: E501 (programs as one line each)
from __future__ import annotations

import pytest

from proctor.sandbox.provider import Session

from .conftest import LIMITS, Kind, Runner

STOPPED = {
    "busy": ("while True: pass", {"cpu_s": 0.3}, "cpu"),
    "busy-threads": (
        "import threading, hashlib\ndef f():\n    while True: hashlib.sha256(b'x' * 10**6).digest()\n"
        "for _ in range(3): threading.Thread(target=f).start()",
        {"cpu_s": 0.4},
        "cpu",
    ),
    "busy-children": (
        "import os\nfor _ in range(3):\n    if os.fork() == 0: break\nwhile True: pass",
        {"cpu_s": 0.4},
        "cpu",
    ),
    "cpu-of-unwaited-children": (
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "while True:\n    if os.fork() == 0:\n        t = time.process_time()\n        while time.process_time() - t < .05: pass\n"
        "        os._exit(0)\n    time.sleep(.06)",
        {"cpu_s": 0.4},
        "cpu",
    ),
    "cpu-of-a-session-of-its-own": (
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True: pass\n    os._exit(0)\n"
        "import time; time.sleep(60)",
        {"cpu_s": 0.4},
        "cpu",
    ),
    "cpu-with-signals-ignored": (
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        {"cpu_s": 0.3},
        "cpu",
    ),
    "sleep": ("import time; time.sleep(60)", {"wall_s": 0.4}, "wall"),
    "wait-for-nothing": ("import os; r, w = os.pipe(); os.read(r, 1)", {"wall_s": 0.4}, "wall"),
    "heap": ("x = []\nwhile True: x.append(bytearray(1 << 20))", {}, "memory"),
    "shared-mapping": (
        "import mmap\nm = mmap.mmap(-1, 1 << 30)\nfor i in range(0, 1 << 30, 4096): m[i] = 1",
        {},
        "memory",
    ),
    "many-small-processes": (
        "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (40 << 20)\n        time.sleep(60)\n"
        "time.sleep(60)",
        {"cpu_s": 20},
        "memory",
    ),
    "flood": ("while True: print('x' * 10000)", {}, "output"),
    "flood-of-stderr": ("import os\nwhile True: os.write(2, b'x' * 10000)", {}, "output"),
    "flood-by-a-child": ("import os\nos.fork()\nwhile True: os.write(1, b'x' * 10000)", {}, "output"),
    "one-byte-too-many": ("import sys; sys.stdout.write('x' * 262145)", {}, "output"),
    "fork-bomb": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", {"cpu_s": 20}, "processes"),
    "fork-bomb-that-sleeps": (
        "import os, time\nwhile True:\n    try:\n        if os.fork() == 0: time.sleep(60)\n    except OSError: time.sleep(60)",
        {"cpu_s": 20},
        "processes",
    ),
    "thread-bomb": (
        "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    except RuntimeError: time.sleep(60)",
        {"cpu_s": 20},
        "processes",
    ),
    "uncaught-refusal": (
        "import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)",
        {"cpu_s": 20},
        "processes",
    ),
}


@pytest.mark.parametrize("name", STOPPED)
def test_limit_is_named(run: Runner, name: str) -> None:
    source, limits, expected = STOPPED[name]
    ran = run(source, **limits)
    assert ran.stopped == expected
    assert ran.wall_s < 10


def test_cpu_and_wall_are_told_apart(run: Runner) -> None:
    busy = run("import time\nt = time.process_time()\nwhile time.process_time() - t < .2: pass")
    idle = run("import time; time.sleep(.3)")
    assert (busy.exit_code, idle.exit_code) == (0, 0)
    assert 0.2 <= busy.cpu_s < 0.4
    assert idle.cpu_s < 0.1
    assert 0.3 <= idle.wall_s < 1.5


def test_cpu_of_waited_children_counts(run: Runner) -> None:
    ran = run(
        "import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        t = time.process_time()\n"
        "        while time.process_time() - t < .06: pass\n        os._exit(0)\n    os.wait()"
    )
    assert ran.cpu_s >= 0.3


def test_memory_is_measured(run: Runner) -> None:
    small, large = run("pass"), run("x = bytearray(b'x') * (100 << 20)")
    assert 4 < small.memory_mib < 24
    assert 100 < large.memory_mib < 130
    assert large.stopped is None


def test_memory_shared_by_a_fork_counts_once(run: Runner) -> None:
    source = """
import os, time
x = bytearray(b'x') * (100 << 20)
for _ in range(6):
    if os.fork() == 0: time.sleep(.3); os._exit(0)
for _ in range(6): os.wait()
"""
    ran = run(source)
    assert (ran.stopped, ran.exit_code) == (None, 0)


def test_memory_that_is_only_reserved_does_not_count(run: Runner) -> None:
    ran = run("import mmap\nm = mmap.mmap(-1, 2 << 30)\nm[0] = 1\nprint('ok')")
    assert (ran.stopped, ran.stdout) == (None, b"ok\n")


def test_an_impossible_allocation_is_flagged(run: Runner) -> None:
    ran = run("x = bytearray(1 << 50)")
    assert ran.exit_code == 1
    assert "memory_error" in ran.flags


def test_threads_up_to_the_limit_are_fine(run: Runner) -> None:
    source = """
import threading, time
for _ in range(15): threading.Thread(target=time.sleep, args=(.2,)).start()
print(threading.active_count())
"""
    assert run.output(source) == "16\n"


def test_processes_up_to_the_limit_are_fine(run: Runner) -> None:
    source = """
import os, time
for _ in range(15):
    if os.fork() == 0: time.sleep(.2); os._exit(0)
for _ in range(15): os.wait()
print('ok')
"""
    assert run.output(source) == "ok\n"


def test_a_full_disk_is_flagged(run: Runner) -> None:
    ran = run(
        "import time\nwith open('x', 'wb') as f:\n    while True: f.write(b'x' * (1 << 20)); f.flush(); time.sleep(.01)"
    )
    assert "disk_full" in ran.flags
    assert ran.exit_code == 1 or ran.signal == 9
    assert ran.stopped is None


def test_a_flood_of_names_is_flagged(run: Runner, kind: Kind) -> None:
    ran = run("i = 0\nwhile True:\n    open(str(i), 'w').close(); i += 1", cpu_s=10)
    assert "disk_full" in ran.flags
    assert ran.stopped is None


def test_files_up_to_the_limit_are_fine(run: Runner) -> None:
    ran = run("open('x', 'wb').write(b'x' * (7 << 20)); print('ok')")
    assert (ran.stdout, ran.flags, ran.stopped) == (b"ok\n", frozenset(), None)


def test_all_cases_together_are_bounded(session: Session) -> None:
    limits = LIMITS.model_copy(update={"sample_wall_s": 0.8})
    program = session.program("python", b"import time; time.sleep(.5)", limits, cases=3)
    first, second = program.run(), program.run()
    program.close()
    assert (first.stopped, first.exit_code) == (None, 0)
    assert second.stopped == "wall"
    assert "sample_wall" in second.flags


def test_a_limit_does_not_hide_in_the_next_run(run: Runner) -> None:
    assert run("while True: pass", cpu_s=0.2).stopped == "cpu"
    assert run.output("print(1)") == "1\n"
