"""A candidate and its tests, side by side: clocks per case, deaths of either, and nothing of one in the other."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import pytest

from proctor.errors import SandboxLost
from proctor.sandbox.provider import PairRan, Provider, Session

from .conftest import LIMITS, later


def cases(*pairs: tuple[list[Any], Any]) -> dict[str, Any]:
    return {
        "kind": "function",
        "entry_point": "f",
        "cases": [{"args": args, "kwargs": {}, "expected": expected, "result": "return"} for args, expected in pairs],
        "compare": {"abs_tol": 0, "rel_tol": 0, "types": "json"},
    }


def pair(session: Session, source: str, tests: dict[str, Any], stop: str = "all", **limits: float) -> PairRan:
    return session.pair(
        "python", source.encode(), json.dumps(tests).encode(), LIMITS.model_copy(update=limits), stop=stop
    )


def verdicts(ran: PairRan) -> list[str]:
    return [case.verdict for case in ran.cases]


def test_cases_are_told_one_by_one(session: Session) -> None:
    ran = pair(session, "def f(x): return x + 1", cases(([1], 2), ([2], 9), ([3], 4)))
    assert verdicts(ran) == ["passed", "wrong_answer", "passed"]
    assert (ran.total, ran.tests_error) == (3, None)
    assert ran.tests.exit_code == 0


def test_first_failure_stops(session: Session) -> None:
    ran = pair(session, "def f(x): return x + 1", cases(([1], 2), ([2], 9), ([3], 4)), stop="first_failure")
    assert verdicts(ran) == ["passed", "wrong_answer"]


def test_first_case_skips(session: Session) -> None:
    tests = cases(([1], 9), ([2], 3))
    ran = session.pair(
        "python", b"def f(x): return x + 1", json.dumps(tests).encode(), LIMITS, stop="all", first_case=1
    )
    assert verdicts(ran) == ["passed"]


def test_a_candidate_that_does_not_compile(session: Session) -> None:
    ran = pair(session, "def f(x) return", cases(([1], 2)))
    assert ran.candidate.compile_error
    assert "SyntaxError" in ran.candidate.compile_error
    assert verdicts(ran) == []


def test_cpu_is_counted_per_case(session: Session) -> None:
    source = (
        "import time\ndef f(x):\n    t = time.process_time()\n    while time.process_time() - t < x: pass\n    return x"
    )
    ran = pair(session, source, cases(([0.3], 0.3), ([0.3], 0.3), ([0.3], 0.3)), cpu_s=0.6)
    assert verdicts(ran) == ["passed"] * 3
    assert all(0.25 < case.cpu_s < 0.6 for case in ran.cases)


def test_a_case_over_its_cpu_is_cut_short(session: Session) -> None:
    source = "def f(x):\n    while x == 2: pass\n    return x"
    ran = pair(session, source, cases(([1], 1), ([2], 2), ([3], 3)), cpu_s=0.4)
    assert verdicts(ran) == ["passed"]
    assert ran.candidate.stopped == "cpu"


def test_a_case_over_its_wall_is_cut_short(session: Session) -> None:
    source = "import time\ndef f(x):\n    if x == 2: time.sleep(60)\n    return x"
    ran = pair(session, source, cases(([1], 1), ([2], 2)), wall_s=0.5)
    assert verdicts(ran) == ["passed"]
    assert ran.candidate.stopped == "wall"


def test_all_cases_together_are_bounded(session: Session) -> None:
    source = "import time\ndef f(x): time.sleep(.3); return x"
    ran = pair(session, source, cases(*(([i], i) for i in range(9))), sample_wall_s=1)
    assert ran.candidate.stopped == "wall"
    assert "sample_wall" in ran.candidate.flags
    assert 1 <= len(ran.cases) < 9


DEATHS = {
    "os-exit-at-import": ("import os; os._exit(0)", None),
    "sys-exit-at-import": ("import sys; sys.exit(0)\ndef f(x): return x", None),
    "os-exit-in-the-call": ("import os\ndef f(x): os._exit(0)", None),
    "killed-by-itself": ("import os\ndef f(x): os.kill(os.getpid(), 15)", None),
    "segfault": ("import ctypes\ndef f(x): ctypes.string_at(0)", None),
    "memory": ("def f(x):\n    y = []\n    while True: y.append(bytearray(1 << 22))", "memory"),
    "output": ("def f(x):\n    while True: print('x' * 10000)", "output"),
    "processes": (
        "import os\ndef f(x):\n    while True:\n        try: os.fork()\n        except OSError: pass",
        "processes",
    ),
    "endless-import": ("while True: pass", "cpu"),
    "closed-descriptors": ("import os\nos.closerange(3, 500)\ndef f(x): return x", None),
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_candidate_that_dies_passes_nothing(session: Session, name: str) -> None:
    source, stopped = DEATHS[name]
    ran = pair(session, source, cases(([1], 1), ([2], 2)), cpu_s=1, wall_s=12)
    assert "passed" not in verdicts(ran)
    assert ran.candidate.stopped == stopped
    again = pair(session, "def f(x): return x", cases(([1], 1)))
    assert verdicts(again) == ["passed"]


def test_what_the_candidate_prints_is_kept(session: Session) -> None:
    ran = pair(session, "import sys\ndef f(x): print('out'); print('err', file=sys.stderr); return x", cases(([1], 1)))
    assert (ran.candidate.stdout, ran.candidate.stderr) == (b"out\n", b"err\n")
    assert ran.tests.stdout == b""


def test_closing_ends_a_pair(fresh: Provider) -> None:
    session = fresh.session()
    timer = later(0.4, session.close)
    started = time.monotonic()
    with pytest.raises(SandboxLost):
        pair(session, "import time\ndef f(x): time.sleep(60)", cases(([1], 1)), wall_s=60, sample_wall_s=60)
    timer.join()
    assert time.monotonic() - started < 2.4
    fresh.give_back(session)


SEARCH = """
import ctypes, os
def f(reverse, copies):
    needle = bytes(bytearray(reversed(reverse.encode())))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    r, w = os.pipe()
    def page(at):
        if libc.write(w, ctypes.c_void_p(at), 4096) != 4096: return b''
        return os.read(r, 4096)
    made = [bytes(bytearray(needle)) for _ in range(copies)]
    top, near = libc.sbrk(0), id(made) & ~4095
    found = 0
    for start, end in ((top - (64 << 20), top), (near - (128 << 20), near + (128 << 20))):
        for at in range(start & ~4095, end, 4096): found += page(at).count(needle)
    return 'none' if found <= 2 else 'many'
"""


def test_the_tests_are_nowhere_in_the_candidates_memory(session: Session) -> None:
    """The expected value is the needle: it comes to the candidate reversed, as an argument, and never as it is."""
    needle = secrets.token_hex(24)
    tests = cases(([needle[::-1], 0], "none"), ([needle[::-1], 50], "many"))
    tests["cases"][0]["kwargs"] = {}
    tests["note"] = [needle] * 100
    for _ in range(2):  # the second candidate comes from a zygote that has forked before
        ran = pair(session, SEARCH, tests, cpu_s=20, wall_s=40)
        assert verdicts(ran) == ["passed", "passed"]


def test_the_candidate_finds_neither_process_nor_file_of_the_tests(session: Session) -> None:
    source = """
import os
def f(x):
    found = []
    for pid in range(1, 3000):
        if pid not in (os.getpid(), os.getppid()):
            try: os.kill(pid, 0); found.append(pid)
            except OSError: pass
    for root in ('/tmp', '/dev/shm', '..', '/sandbox'):
        for folder, _, files in os.walk(root):
            found += [folder + '/' + name for name in files if name != 'main.py']
    return [n for n in found if 'test' in str(n) or type(n) is int]
"""
    assert verdicts(pair(session, source, cases(([1], [])))) == ["passed"]


def test_only_the_socket_to_the_tests_is_open_in_the_candidate(session: Session) -> None:
    source = """
import os, stat
def f(x):
    found = []
    for fd in range(3, 500):
        try: found.append(stat.S_ISSOCK(os.fstat(fd).st_mode))
        except OSError: pass
    return found
"""
    assert verdicts(pair(session, source, cases(([1], [True])))) == ["passed"]


def test_many_pairs_in_a_row(session: Session) -> None:
    for i in range(30):
        assert verdicts(pair(session, f"def f(x): return x + {i}", cases(([1], 1 + i)))) == ["passed"]


def script(code: str) -> dict[str, Any]:
    return {"kind": "script", "code": code, "entry_point": None}


LEAVES = {
    "chance": "import random\nrandom.seed(7)\nassert f() is None",
    "module": "import solution\nassert solution.f() is None",
    "failure": "x = [f() for _ in range(3)]\nassert x is None",
    "generator": "g = iter(stream())\nassert next(g) == 0",
    "globals": "print = left = 7\nassert f() is None",
    "patch": "import math\nmath.pi = 3\nassert f() is None",
    "environment": "import os\nos.environ['LEFT'] = '1'\nassert f() is None",
    "limits": "import sys\nsys.setrecursionlimit(60)\nassert f() is None",
    "end": "import os\nos._exit(0)\nassert f() is None",
}
LOOKS = (
    "import math, os, random, sys\ntry: import solution\nexcept ImportError: pass\n"
    "assert 'left' not in globals() and print is not 7\nassert math.pi > 3.1 and 'LEFT' not in os.environ\n"
    "assert sys.getrecursionlimit() > 900\nassert random.random() != random.Random(7).random()\nassert f() == 'second'"
)


@pytest.mark.parametrize("name", LEAVES)
def test_nothing_of_the_tests_is_left_for_the_next_ones(session: Session, name: str) -> None:
    first = "def f(): pass\ndef stream():\n    try: yield from range(9)\n    finally: print('closed')"
    pair(session, first, script(LEAVES[name]))
    for _ in range(2):
        ran = pair(session, "def f(): return 'second'", script(LOOKS))
        assert verdicts(ran) == ["passed"] * ran.total if ran.total else False, ran


def test_a_group_with_the_same_tests(session: Session) -> None:
    """The samples of a group come one after another: each is judged by itself, whatever the one before did."""
    tests = script("assert f([1, 2]) == 3")
    outcomes = {
        "def f(x): return sum(x)": ["passed"],
        "def f(x): return 4": ["wrong_answer"],
        "import os\ndef f(x): os._exit(0)": [],
        "def f(x): raise KeyError(x)": ["runtime_error"],
        "def f(x):\n    x.append(9)\n    return 3": ["passed"],
        "def f(x):\n    while True: pass": [],
    }
    for _ in range(2):
        for source, expected in outcomes.items():
            assert verdicts(pair(session, source, tests, cpu_s=0.5)) == expected
