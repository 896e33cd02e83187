"""Candidates take turns in one isolation where nothing is left in it: each is judged as if it stood there alone."""

# ruff: noqa: E501 (programs as one line each)
from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest

from proctor.sandbox.namespace import NamespaceProvider
from proctor.sandbox.provider import Provider, Session
from proctor.settings import Settings

from .conftest import LIMITS, Kind
from .test_limits import STOPPED
from .test_pairs import cases, pair, verdicts

FINE = "def f(x): return x + 1"
WHO = "import os\ndef f(x): print(os.getpid()); return x"

#: Tells all that a candidate can see of where it stands, but its number.
OBSERVER = """
import fcntl, os, resource, signal, sys, threading
def f(x):
    folders = ["/sandbox", "/sandbox/work", "/sandbox/tmp", "/sandbox/shm", "/tmp", "/var/tmp", "/dev/shm"]
    files = [(p, sorted(os.listdir(p)), oct(os.stat(p).st_mode)) for p in folders if os.access(p, os.R_OK)]
    pipes = [(oct(os.fstat(n).st_mode), fcntl.fcntl(n, fcntl.F_GETPIPE_SZ)) for n in (1, 2)]
    flags = [fcntl.fcntl(n, fcntl.F_GETFL) for n in (0, 1, 2)]
    limits = [(n, resource.getrlimit(getattr(resource, n))) for n in sorted(dir(resource)) if n.startswith("RLIMIT_")]
    mask = os.umask(0)
    os.umask(mask)
    stdin = (oct(os.fstat(0).st_mode), os.lseek(0, 0, os.SEEK_CUR), sys.stdin.read())
    groups = (os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid())
    ours = (os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)), os.sched_getscheduler(0))
    blocked = [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
    use = os.statvfs("/sandbox")
    room = (use.f_blocks, use.f_bfree, use.f_files, use.f_ffree)
    for told in (files, pipes, flags, limits, oct(mask), stdin, groups, ours, blocked, room):
        print(told)
    print(os.getcwd(), sorted(os.environ), threading.active_count())
    return x
"""

#: What a candidate does before it answers right: function bodies.
LEAVINGS = {
    "file": "open('/tmp/left', 'w').write('x')",
    "file-in-work": "open('left.py', 'w').write('x = 1')",
    "file-in-shm": "open('/dev/shm/left', 'w').write('x')",
    "file-in-the-box": "open('/sandbox/left', 'w').write('x')",
    "file-and-no-folder": "open('/tmp/left', 'w').write('x'); os.rmdir('/sandbox/shm')",
    "empty-file-for-a-folder": "os.rmdir('/sandbox/shm'); open('/sandbox/shm', 'w').close()",
    "another-folder": "os.rmdir('/sandbox/shm'); os.mkdir('/sandbox/shm', 0o700)",
    "folders-exchanged": "os.rename('/sandbox/shm', '/sandbox/s'); os.rename('/sandbox/tmp', '/sandbox/shm'); os.rename('/sandbox/s', '/sandbox/tmp')",
    "folder-moved": "os.rename('/sandbox/shm', '/sandbox/tmp/shm')",
    "mode-of-a-folder": "os.chmod('/sandbox/tmp', 0o500)",
    "mode-of-the-box": "os.chmod('/sandbox', 0o500)",
    "times-of-a-folder": "os.utime('/sandbox/tmp', (1, 1))",
    "file-removed-again": "open('/tmp/left', 'w').write('x'); os.unlink('/tmp/left')",
    "program-linked": "os.link('/sandbox/main.py', '/sandbox/work/main.py')",
    "program-moved": "os.rename('/sandbox/main.py', '/sandbox/work/main.py')",
    "program-removed": "os.unlink('/sandbox/main.py')",
    "program-a-folder": "os.unlink('/sandbox/main.py'); os.mkdir('/sandbox/main.py')",
    "program-a-link": "os.unlink('/sandbox/main.py'); os.symlink('/etc/passwd', '/sandbox/main.py')",
    "program-rewritten": "open('/sandbox/main.py', 'w').write('raise SystemExit')",
    "disk-full": "open('/tmp/left', 'wb').write(b'x' * (6 << 20))",
    "nice": "os.nice(10)",
    "nice-of-all": "[os.setpriority(w, n, 10) for w in (os.PRIO_PGRP, os.PRIO_USER) for n in (0, 1)]",
    "nice-of-process-1": "os.setpriority(os.PRIO_PROCESS, 1, 10)",
    "cpus-of-process-1": "os.sched_setaffinity(1, [0])",
    "limits-of-process-1": "resource.prlimit(1, resource.RLIMIT_NOFILE, (4, 4))",
    "limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "mask": "os.umask(0o777)",
    "signals-to-process-1": "[os.kill(1, n) for n in range(1, 65) if n not in (32, 33)]",
    "signals-to-all": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; [os.kill(-1, n) for n in (1, 2, 15, 9)]",
    "signal-to-the-group": "signal.signal(15, signal.SIG_IGN); os.killpg(0, 15)",
    "ignored": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 10, 15, 17)]",
    "blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, [1, 2, 15])",
    "process": "os.fork() or time.sleep(60)",
    "orphan": "os.fork() or (os.setsid(), os.fork() or time.sleep(60), os._exit(0))",
    "stopped-process": "os.fork() or (os.kill(os.getpid(), 19), time.sleep(60))",
    "many-processes": "[os.fork() or time.sleep(60) for _ in range(8)]",
    "thread": "threading.Thread(target=time.sleep, args=(60,)).start()",
    "timer": "signal.setitimer(signal.ITIMER_REAL, 60)",
    "pipe-small": "[fcntl.fcntl(n, fcntl.F_SETPIPE_SZ, 4096) for n in (1, 2)]",
    "pipe-modes": "[os.fchmod(n, 0o400) for n in (1, 2)]",
    "non-blocking": "[os.set_blocking(n, False) for n in (0, 1, 2)]",
    "packets": "[fcntl.fcntl(n, fcntl.F_SETFL, os.O_DIRECT | os.O_APPEND) for n in (1, 2)]",
    "stdin-at-its-end": "os.lseek(0, 100, os.SEEK_SET)",
    "stdin-mode": "os.fchmod(0, 0)",
    "streams-closed": "[os.close(n) for n in (0, 1, 2)]",
    "output": "print('left'); print('left', file=sys.stderr)",
    "environment": "os.environ['LEFT'] = '1'",
    "folder-of-its-own": "os.chdir('/')",
    "locks": "[fcntl.flock(n, fcntl.LOCK_EX | fcntl.LOCK_NB) for n in (0, 1, 2)]",
}  # fmt: skip


def _leaver(body: str) -> str:
    imports = "import fcntl, os, resource, signal, sys, threading, time"
    return f"{imports}\ndef f(x):\n    try:\n        {body}\n    except (OSError, ValueError): pass\n    return x + 1"


def _seen(session: Session) -> list[str]:
    """What the observer tells."""
    ran = pair(session, OBSERVER, cases(([1], 1)))
    assert verdicts(ran) == ["passed"]
    return ran.candidate.stdout.decode().splitlines()


def _fine(session: Session, times: int = 1) -> None:
    for _ in range(times):
        ran = pair(session, FINE, cases(([1], 2)))
        assert (verdicts(ran), ran.candidate.stdout, ran.candidate.stderr) == (["passed"], b"", b"")


@pytest.fixture(scope="module")
def untouched(provider: Provider, kind: Kind) -> Iterator[list[str]]:
    """What a candidate sees after none that left anything; nothing where each stands alone."""
    session = provider.session()
    _fine(session, 2)
    yield _seen(session) if kind.tier == "B" else []
    provider.give_back(session)


def test_candidates_take_turns(session: Session, kind: Kind) -> None:
    _fine(session, 2)
    seen = {pair(session, WHO, cases(([1], 1))).candidate.stdout for _ in range(3)}
    assert len(seen) == (3 if kind.tier == "B" else len(seen))


@pytest.mark.parametrize("name", LEAVINGS)
def test_nothing_is_left_for_the_next(session: Session, untouched: list[str], name: str) -> None:
    _fine(session, 2)
    ran = pair(session, _leaver(LEAVINGS[name]), cases(([1], 2)))
    assert set(verdicts(ran)) <= {"passed"}
    assert ran.tests_error is None
    if untouched:
        assert _seen(session) == untouched
    _fine(session, 2)


@pytest.mark.parametrize("name", ["busy", "cpu-of-a-session-of-its-own", "sleep", "heap", "flood", "fork-bomb"])
def test_a_limit_ends_its_turn_alone(session: Session, name: str) -> None:
    source, limits, expected = STOPPED[name]
    bad = f"def f(x):\n    exec({source!r}, {{'__name__': 'x'}})"
    for _ in range(2):
        _fine(session, 2)
        pair(session, FINE, cases(([1], 2)), **limits)
        ran = pair(session, bad, cases(([1], 2)), **limits)
        assert ran.candidate.stopped == expected
        ran = pair(session, FINE, cases(([1], 2)), **limits)
        assert (verdicts(ran), ran.candidate.stopped) == (["passed"], None)


def test_the_account_is_the_turns_own(session: Session) -> None:
    """What earlier candidates used counts for nobody after them."""
    tests, limits = cases(([1], 2)), {"cpu_s": 0.5, "memory_mib": 128}
    busy = "import time\ndef f(x):\n    b = bytearray(60 << 20)\n    while time.process_time() < 0.3: pass\n    return x + 1"
    for _ in range(4):
        ran = pair(session, busy, tests, **limits)
        assert (verdicts(ran), ran.candidate.stopped) == (["passed"], None)
        assert 0.2 < ran.candidate.cpu_s < 0.5
        assert 60 < ran.candidate.memory_mib < 128
        ran = pair(session, FINE, tests, **limits)
        assert (verdicts(ran), ran.candidate.stopped) == (["passed"], None)
        assert ran.candidate.cpu_s < 0.2
        assert ran.candidate.memory_mib < 60


def test_each_stands_alone_where_that_is_asked_for() -> None:
    provider = NamespaceProvider(Settings(min_tier="B", share_isolation=False), tier="B")
    session = provider.session()
    assert {pair(session, WHO, cases(([1], 1))).candidate.stdout for _ in range(3)} == {b"1\n"}
    program = session.program("python", b"import os; print(os.getpid())", LIMITS, cases=3)
    assert [program.run().stdout for _ in range(3)] == [b"1\n"] * 3
    program.close()
    provider.give_back(session)
    provider.close()


def test_compile_errors_take_turns(session: Session) -> None:
    for _ in range(3):
        ran = pair(session, "def f(x: return", cases(([1], 2)))
        assert ran.candidate.compile_error
        assert "SyntaxError" in ran.candidate.compile_error
        _fine(session)


#: Reads all of its memory that lies in the heap or near an object, and says how often two texts stand side by side.
SEARCHER = """
import ctypes, gc, os
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
def pages():
    top = libc.sbrk(0) & ~4095
    near = {id(o) >> 20 for o in gc.get_objects()} | {id(o) >> 20 for d in gc.get_objects() if type(d) is dict for o in d}
    yield from (m + at for m in {n + k for n in near for k in (-1, 0, 1)} for m in [m << 20] for at in range(0, 1 << 20, 4096))
    yield from range(top - (64 << 20), top, 4096)
def f(first, second):
    first, second = first[::-1].encode(), second[::-1].encode()
    r, w = os.pipe()
    buffer, found = bytearray(8192), 0
    seen = set()
    for page in pages():
        if page in seen or libc.write(w, ctypes.c_void_p(page), ctypes.c_size_t(4096)) != 4096:
            continue
        seen.add(page)
        buffer[:4096] = buffer[4096:]
        os.readv(r, [memoryview(buffer)[4096:]])
        at = buffer.find(first)
        while at >= 0:
            found += buffer[at + len(first):at + len(first) + len(second)] == second
            at = buffer.find(first, at + 1)
    return found > 0
"""


def test_a_candidate_holds_nothing_of_the_one_before(session: Session) -> None:
    """Not its source, in no corner of its memory; its own source it finds."""
    first, second = secrets.token_hex(8), secrets.token_hex(8)
    source = f"{FINE}\n# {first}{second} {'x' * 2000}\nTEXT = '{first}{second}'\n"
    args = [first[::-1], second[::-1]]
    _fine(session, 2)
    assert verdicts(pair(session, source, cases(([1], 2)))) == ["passed"]
    assert verdicts(pair(session, SEARCHER, cases((args, False)))) == ["passed"]
    assert verdicts(pair(session, f"{SEARCHER}\nTEXT = '{first}{second}'", cases((args, True)))) == ["passed"]


def test_tests_that_end_early_leave_the_ward(session: Session) -> None:
    """A candidate that has not ended when its tests have is killed for that; the others after it stand where it did."""
    endless = "import atexit, threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n" + FINE
    for _ in range(3):
        assert verdicts(pair(session, endless, cases(([1], 2)))) == ["passed"]
        _fine(session)


def test_sources_of_every_size(session: Session) -> None:
    for size in (0, 1 << 10, 15 << 10, 17 << 10, 60 << 10, 70 << 10, 900 << 10, 1100 << 10, 0):
        ran = session.pair(
            "python", f"{FINE}\n#{'x' * size}".encode(), json.dumps(cases(([1], 2))).encode(), LIMITS, stop="all"
        )
        assert verdicts(ran) == ["passed"]
