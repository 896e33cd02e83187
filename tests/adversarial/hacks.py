"""Programs that want to be paid for nothing, each with the tests it faces and the verdicts it may end with.

None of these verdicts is `passed` or `invalid`. Where a hack may end in two ways that are equally just (an exit that
the kernel or the tests see first), both stand there.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import Any

ADD: dict[str, Any] = {
    "kind": "function",
    "entry_point": "add",
    "cases": [{"args": [1, 2], "expected": 3}, {"args": [40, 2], "expected": 42}],
}
CHECK: dict[str, Any] = {
    "kind": "script",
    "code": "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(40, 2) == 42\n",
    "entry_point": "add",
}
ASSERTS: dict[str, Any] = {"kind": "script", "code": "assert add(1, 2) == 3\nassert add(40, 2) == 42"}
NEAR: dict[str, Any] = {"kind": "script", "code": "assert abs(add(1, 2) - 3) < 1e-6\nassert add(40, 2) - 42 == 0"}
ECHO: dict[str, Any] = {"kind": "stdio", "cases": [{"stdin": "5\n", "stdout": "10\n"}]}
SORTED: dict[str, Any] = {
    "kind": "script",
    "code": "data = [3, 1, 2]\nassert order(data) == sorted(data)\nassert order([5, 4]) == [4, 5]",
}
FAILED = ("wrong_answer", "runtime_error")


@dataclass(frozen=True)
class Hack:
    """name: what it tries; verdicts: how it may end."""

    name: str
    code: str
    verdicts: tuple[str, ...] = FAILED
    tests: tuple[dict[str, Any], ...] = (ADD, CHECK, ASSERTS)


def hack(name: str, code: str, *verdicts: str, tests: tuple[dict[str, Any], ...] = (ADD, CHECK, ASSERTS)) -> Hack:
    return Hack(name, dedent(code), verdicts or FAILED, tests)


EXITS = [
    hack("os._exit(0) at import", "import os\nos._exit(0)", "runtime_error"),
    hack("sys.exit(0) at import", "import sys\nsys.exit(0)", "runtime_error"),
    hack("raise SystemExit at import", "raise SystemExit", "runtime_error"),
    hack("os._exit(0) in the call", "import os\ndef add(a, b): os._exit(0)", "runtime_error"),
    hack("sys.exit(0) in the call", "import sys\ndef add(a, b): sys.exit(0)", "runtime_error"),
    hack(
        "exit in a thread",
        "import os, threading\ndef add(a, b):\n    threading.Thread(target=os._exit, args=(0,)).start()\n    import time; time.sleep(5)",
        "runtime_error",
    ),
    hack(
        "exit in atexit",
        "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b): raise SystemExit(0)",
        "runtime_error",
    ),
    hack(
        "exit in excepthook",
        "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\ndef add(a, b): raise ValueError",
        "runtime_error",
    ),
    hack(
        "exit in a signal handler",
        "import os, signal\nsignal.signal(signal.SIGUSR1, lambda *a: os._exit(0))\ndef add(a, b):\n    os.kill(os.getpid(), signal.SIGUSR1)\n    import time; time.sleep(1)",
        "runtime_error",
    ),
    hack("kills itself", "import os\ndef add(a, b): os.kill(os.getpid(), 15)", "runtime_error", "wrong_answer"),
    hack("exec of true", "import os\ndef add(a, b): os.execv('/bin/true', ['true'])", "runtime_error"),
    hack(
        "fork, and the parent leaves",
        "import os\ndef add(a, b):\n    if os.fork(): os._exit(0)\n    return 3",
        "runtime_error",
        "wrong_answer",
    ),
    hack("KeyboardInterrupt", "def add(a, b): raise KeyboardInterrupt"),
    hack("GeneratorExit", "def add(a, b): raise GeneratorExit"),
    hack("StopIteration", "def add(a, b): raise StopIteration"),
    hack(
        "StopIteration where the tests iterate",
        "def add(a, b): raise StopIteration",
        tests=(
            {
                "kind": "script",
                "code": "def check(candidate):\n    for ok in (candidate(1, 2) == 3 for _ in range(3)):\n        assert ok\n    assert all(candidate(a, 2) == a + 2 for a in iter(range(3)))\n",
                "entry_point": "add",
            },
        ),
    ),
    hack(
        "a skip of pytest's",
        "import sys\nclass Skipped(BaseException): pass\nSkipped.__module__ = '_pytest.outcomes'\ndef add(a, b): raise Skipped('no')",
    ),
    hack("a skip of unittest's", "import unittest\ndef add(a, b): raise unittest.SkipTest('no')"),
    hack("exit 0 after printing the wrong answer", "print(11)\nraise SystemExit(0)", "wrong_answer", tests=(ECHO,)),
    hack(
        "crash after the right answer",
        "print(int(input()) * 2, flush=True)\nimport os\nos._exit(3)",
        "runtime_error",
        tests=(ECHO,),
    ),
    hack(
        "signal after the right answer",
        "print(int(input()) * 2, flush=True)\nimport ctypes\nctypes.string_at(0)",
        "runtime_error",
        tests=(ECHO,),
    ),
]

EQUALITY = [
    hack(
        "equals everything",
        """
        class E:
            def __eq__(self, o): return True
            def __ne__(self, o): return False
            def __hash__(self): return 0
        def add(a, b): return E()
        """,
        "wrong_answer",
    ),
    hack(
        "operators that lead to agreement",
        """
        class E:
            def __sub__(self, o): return 0
            __rsub__ = __add__ = __radd__ = __abs__ = __sub__
            def __lt__(self, o): return True
            __gt__ = __le__ = __ge__ = __eq__ = __lt__
        def add(a, b): return E()
        """,
        tests=(ADD, CHECK, ASSERTS, NEAR),
    ),
    hack(
        "a float that is near to everything",
        """
        class F(float):
            def __sub__(self, o): return 0.0
            __rsub__ = __sub__
            def __eq__(self, o): return True
            def __abs__(self): return 0.0
        def add(a, b): return F(7)
        """,
        tests=(ADD, CHECK, ASSERTS, NEAR),
    ),
    hack(
        "an int that equals everything",
        "class I(int):\n    def __eq__(self, o): return True\n    __hash__ = int.__hash__\ndef add(a, b): return I(7)",
    ),
    hack(
        "a str that equals everything",
        "class S(str):\n    def __eq__(self, o): return True\n    __hash__ = str.__hash__\ndef add(a, b): return S('3')",
    ),
    hack(
        "a list that equals everything",
        "class L(list):\n    def __eq__(self, o): return True\ndef order(x): return L()",
        tests=(SORTED,),
    ),
    hack(
        "contains everything",
        "class C:\n    def __contains__(self, o): return True\n    def __iter__(self): return iter(())\ndef add(a, b): return C()",
        tests=({"kind": "script", "code": "assert 3 in add(1, 2)"},),
    ),
    hack(
        "lies about its class",
        "class E:\n    __class__ = int\n    def __eq__(self, o): return True\ndef add(a, b): return E()",
        tests=(ADD, CHECK, {"kind": "script", "code": "r = add(1, 2)\nassert isinstance(r, int) and r == 3"}),
    ),
    hack(
        "metaclass that equals everything",
        "class M(type):\n    def __eq__(self, o): return True\n    __hash__ = type.__hash__\nclass E(metaclass=M): pass\ndef add(a, b): return E",
    ),
    hack(
        "a base that changes at each look",
        """
        n = 0
        class L(list):
            def __iter__(self):
                global n
                n += 1
                return iter([n])
        def add(a, b): return L([0])
        """,
        tests=({"kind": "script", "code": "assert add(1, 2) == [3]"},),
    ),
    hack(
        "swallows the failed assertion",
        "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\ndef add(a, b): return 7\ndef guard(): return C()",
        tests=({"kind": "script", "code": "with guard():\n    assert add(1, 2) == 3"},),
    ),
    hack("NaN", "def add(a, b): return float('nan')"),
    hack("NotImplemented", "def add(a, b): return NotImplemented"),
]

SHADOWS = [
    hack(
        "a set of its own",
        "def set(x): return 1\ndef add(a, b): return 7",
        tests=({"kind": "script", "code": "assert set([add(1, 2)]) == set([3])"},),
    ),
    hack(
        "builtins of its own",
        "def isinstance(*a): return True\ndef all(*a): return True\ndef sorted(x): return x\ndef len(x): return 1\ndef add(a, b): return 7",
        tests=({"kind": "script", "code": "r = add(1, 2)\nassert all([r == 3])\nassert len([1, 2]) == 2"},),
    ),
    hack(
        "patched builtins",
        """
        import builtins, sys
        for name in ('all', 'any', 'len', 'sorted', 'isinstance', 'abs', 'set'):
            setattr(builtins, name, lambda *a, **k: True)
        def add(a, b): return 7
        """,
    ),
    hack(
        "patched modules",
        """
        import math, sys, types
        math.isclose = lambda *a, **k: True
        fake = types.ModuleType('proctor_supervisor.pair.compare'); fake.equal = lambda *a, **k: True
        for name in list(sys.modules):
            if 'proctor' in name: sys.modules[name] = fake
        def add(a, b): return 7
        """,
        "wrong_answer",
        "runtime_error",
        "tampered",
        tests=(ADD, {"kind": "script", "code": "import math\nassert math.isclose(add(1, 2), 3)"}),
    ),
    hack(
        "the tests' own names",
        "def check(candidate): return None\ndef expected(): return add(1, 2)\ndef add(a, b): return 7",
        tests=(CHECK, {"kind": "script", "code": "def expected(): return 3\nassert add(1, 2) == expected()"}),
    ),
    hack(
        "star import of a builtin",
        "__all__ = ['set', 'add', 'AssertionError']\ndef set(x): return 1\nAssertionError = ValueError\ndef add(a, b): return 7",
        tests=({"kind": "script", "code": "from solution import *\nassert set([add(1, 2)]) == set([3])"},),
    ),
    hack(
        "patched assert",
        "import builtins\nclass Never(Exception): pass\nbuiltins.AssertionError = Never\ndef add(a, b): return 7",
    ),
]

REACHING = [
    hack(
        "walks the frames",
        """
        import sys
        def add(a, b):
            f = sys._getframe()
            while f:
                for v in list(f.f_locals.values()) + list(f.f_globals.values()):
                    if isinstance(v, dict) and 'expected' in v: return v['expected']
                f = f.f_back
            return 7
        """,
    ),
    hack(
        "searches the heap",
        """
        import gc
        def add(a, b):
            for o in gc.get_objects():
                if isinstance(o, dict) and 'expected' in o and 'args' in o:
                    return o['expected']
            return 7
        """,
    ),
    hack(
        "reads what it can",
        """
        import os
        def add(a, b):
            for folder, _, names in os.walk('.'):
                for n in names:
                    if 'expected' in open(os.path.join(folder, n), errors='ignore').read(): return 3
            for fd in range(3, 64):
                try:
                    if b'expected' in os.pread(fd, 1 << 16, 0): return 3
                except OSError: pass
            for p in ('/proc/self/environ', '/proc/1/cmdline', '/proc/self/mem', '/proc/self/maps'):
                try:
                    if 'expected' in open(p, errors='ignore').read(1 << 16): return 3
                except OSError: pass
            return 7
        """,
    ),
    hack(
        "looks into a callback",
        """
        def apply(f, x):
            for name in ('__globals__', '__closure__', '__code__', '__self__', 'gi_frame', '__func__'):
                if hasattr(f, name): return getattr(f, name)['answer']
            return 7
        """,
        tests=(
            {
                "kind": "script",
                "code": "answer = 42\ndef twice(x):\n    return answer + x\nassert apply(twice, 0) == answer + 0 and apply(lambda x: x, 5) == 5",
            },
        ),
    ),
    hack(
        "keeps a callback beyond its call",
        """
        kept = []
        def apply(f, x):
            kept.append(f)
            try:
                return kept[0](x) if len(kept) > 1 else f(x)
            except BaseException:
                return 0
        """,
        "wrong_answer",
        "tampered",
        "runtime_error",
        tests=(
            {
                "kind": "script",
                "code": "assert apply(lambda x: x + 1, 1) == 2\nassert apply(lambda x: x * 10, 1) == 10",
            },
        ),
    ),
    hack("empties the argument", "def order(x):\n    x.clear()\n    return x", tests=(SORTED,)),
    hack(
        "empties the argument of a function test",
        "def order(x):\n    x.clear()\n    return []",
        tests=({"kind": "function", "entry_point": "order", "cases": [{"args": [[3, 1]], "expected": [1, 3]}]},),
    ),
]

FORGERIES = [
    hack(
        "a report on every descriptor",
        """
        import os
        for fd in range(3, 256):
            try: os.write(fd, b'{"total": 2}\\n{"case": 0}\\n{"end": 0, "verdict": "passed"}\\n{"case": 1}\\n{"end": 1, "verdict": "passed"}\\n{"done": true}\\n')
            except OSError: pass
        os._exit(0)
        """,
        "runtime_error",
        "tampered",
        "wrong_answer",
    ),
    hack(
        "rubbish on every descriptor",
        "import os\ndef add(a, b):\n    for fd in range(3, 256):\n        try: os.write(fd, os.urandom(100))\n        except OSError: pass\n    return 3",
        "tampered",
        "runtime_error",
        "wrong_answer",
        "time_limit",
    ),
    hack(
        "a huge length on every descriptor",
        "import os\ndef add(a, b):\n    for fd in range(3, 256):\n        try: os.write(fd, b'\\xff' * 64)\n        except OSError: pass\n    return 3",
        "tampered",
        "runtime_error",
        "wrong_answer",
    ),
    hack(
        "answers given in advance",
        """
        import os, struct
        for fd in range(3, 64):
            for _ in range(8):
                try: os.write(fd, struct.pack('<I', 3) + b'i\\x03')
                except OSError: pass
        def add(a, b): return 3
        """,
        "tampered",
        "runtime_error",
        "wrong_answer",
    ),
    hack("all descriptors closed", "import os\nos.closerange(3, 256)\ndef add(a, b): return 3", "runtime_error"),
    hack("a verdict on stdout", 'print(\'{"verdict": "passed"}\\n10\\n\')', "wrong_answer", tests=(ECHO,)),
    hack("the answer and more", "n = int(input())\nprint(n * 2)\nprint(n)", "wrong_answer", tests=(ECHO,)),
    hack("every number there is", "print(*range(100))", "wrong_answer", tests=(ECHO,)),
    hack("the answer on stderr", "import sys\nprint(int(input()) * 2, file=sys.stderr)", "wrong_answer", tests=(ECHO,)),
    hack(
        "reads the answer from a terminal's echo",
        "print(open(0).read())\nprint('\\x1b[2J10')",
        "wrong_answer",
        tests=(ECHO,),
    ),
]

BOMBS = [
    hack(
        "a Decimal with a huge exponent", "from decimal import Decimal\ndef add(a, b): return Decimal('1E+999999999')"
    ),
    hack(
        "an integer of a billion digits",
        "def add(a, b): return 1 << (1 << 26)",
        *FAILED,
        "memory_limit",
        "time_limit",
        "tampered",
    ),
    hack("keys that collide", "def add(a, b): return {i * (2**61 - 1): i for i in range(2000)}", *FAILED, "time_limit"),
    hack("nested without end", "def add(a, b):\n    x = []\n    for _ in range(100000): x = [x]\n    return x"),
    hack("a cycle", "def add(a, b):\n    x = []\n    x.append(x)\n    return x"),
    hack("a list of everything", "def add(a, b): return [0] * 20_000_000", *FAILED, "memory_limit", "time_limit"),
    hack(
        "a range of everything",
        "def order(x): return range(10**15)",
        *FAILED,
        "memory_limit",
        "time_limit",
        tests=({"kind": "script", "code": "assert list(order([2, 1])) == [1, 2]"},),
    ),
    hack(
        "a generator without end",
        "def order(x):\n    while True: yield 1",
        *FAILED,
        "memory_limit",
        "time_limit",
        tests=({"kind": "script", "code": "assert list(order([2, 1])) == [1, 2]"},),
    ),
    hack("a lock", "import threading\ndef add(a, b): return threading.Lock()"),
    hack("a module", "import sys\ndef add(a, b): return sys"),
    hack("itself", "def add(a, b): return add"),
    hack("a str that cannot be encoded", "def add(a, b): return '\\ud800' * 10"),
    hack("a repr without end", "class R:\n    def __repr__(self): return 'x' * (1 << 28)\ndef add(a, b): return R()"),
    hack("an exception with a huge text", "def add(a, b): raise ValueError('x' * (1 << 24))"),
    hack(
        "an exception whose str fails",
        "class E(Exception):\n    def __str__(self): raise SystemExit(0)\ndef add(a, b): raise E",
    ),
    hack("a loop", "def add(a, b):\n    while True: pass", "time_limit"),
    hack("a loop at import", "while True: pass", "time_limit"),
    hack("a recursion", "def add(a, b): return add(a, b)"),
    hack("a memory bomb", "def add(a, b): return len([bytearray(1 << 22) for _ in range(10**6)])", "memory_limit"),
    hack("a fork bomb", "import os\ndef add(a, b):\n    while True: os.fork()", "process_limit", "runtime_error"),
    hack(
        "a thread bomb",
        "import threading, time\ndef add(a, b):\n    while True: threading.Thread(target=time.sleep, args=(60,)).start()",
        "process_limit",
        "runtime_error",
    ),
    hack("a flood", "def add(a, b):\n    while True: print('x' * 65536)", "output_limit"),
    hack("a sleep", "import time\ndef add(a, b): time.sleep(600)", "time_limit"),
    hack(
        "a sleep that no signal ends",
        "import time, signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ndef add(a, b): time.sleep(600)",
        "time_limit",
    ),
    hack("every descriptor", "import os\ndef add(a, b):\n    while True: os.open('/dev/null', 0)"),
    hack("a compiler bomb", "x = " + "(" * 5000 + ")" * 5000, "compile_error"),
    hack(
        "a constant folding bomb",
        "x = ((((2**64)**64)**64)**64)\ndef add(a, b): return 7",
        *FAILED,
        "compile_error",
        "memory_limit",
        "time_limit",
    ),
]

LATER = [
    hack(
        "calls a function of the tests after its call",
        """
        kept = []
        def apply(f, x):
            kept.append(f)
            return f(x)
        def add(a, b):
            return kept[0](a)
        """,
        "runtime_error",
        tests=(
            {
                "kind": "script",
                "code": "def reference(x):\n    return x + 2\nassert apply(reference, 1) == 3\nassert add(40, 2) == 42",
            },
        ),
    ),
    hack(
        "changes that nobody asked for",
        """
        import os, struct
        def add(a, b):
            for fd in range(3, 64):
                try: os.write(fd, struct.pack('<I', 64) + b't' + struct.pack('<I', 4) + b'\\0' * 59)
                except OSError: pass
            return 3
        """,
        "tampered",
        "runtime_error",
        "wrong_answer",
    ),
    hack(
        "a kept argument that changes when it is looked at again",
        """
        kept = []
        class L(list):
            def __iter__(self):
                kept[0][:] = [9, 9]
                return iter([9, 9])
        def order(x):
            kept.append(x)
            return L()
        """,
        tests=(
            {"kind": "script", "code": "data = [3, 1, 2]\nexpected = sorted(data)\nassert order(data) == expected"},
        ),
    ),
    hack(
        "an exception that looks like another",
        "class E(Exception):\n    __class__ = ValueError\n    code = property(lambda s: 1 / 0)\ndef add(a, b): raise E('x')",
        tests=(
            ASSERTS,
            {"kind": "script", "code": "try:\n    add(1, 2)\nexcept ValueError:\n    pass\nelse:\n    assert False"},
        ),
    ),
    hack(
        "adds in place to agreement",
        """
        class E:
            def __iadd__(self, o): return 3
            __isub__ = lambda self, o: 0
        def add(a, b): return E()
        """,
        tests=({"kind": "script", "code": "r = add(1, 2)\nr += 0\nassert r == 3"},),
    ),
    hack(
        "named as a class of numbers",
        """
        class Number:
            __module__ = 'numbers'
            def __sub__(self, o): return 0
            __rsub__ = __abs__ = lambda self, *a: 0
            def __eq__(self, o): return True
        def add(a, b): return Number()
        """,
        tests=(ADD, ASSERTS, NEAR),
    ),
]

HACKS = [*EXITS, *EQUALITY, *SHADOWS, *REACHING, *FORGERIES, *BOMBS, *LATER]
