"""Hacks that bide their time: they change what they gave, look at what they are held against, or run while the tests do."""

from __future__ import annotations

from .class_hacks import script
from .hacks import ADD, ASSERTS, CHECK, FAILED, NEAR, SORTED, hack

CLOSE = script("import math\nassert math.isclose(add(1, 2), 3, rel_tol=1e-6)\nassert abs(add(40, 2) - 42) <= 1e-9 * 42")
TOLERANT = {**ADD, "compare": {"abs_tol": 1e-6, "rel_tol": 1e-6}}
PROPERTIES = script(
    "r = order([3, 1, 2])\nassert set(r) == {1, 2, 3}\nassert max(r) == r[-1] and min(r) == r[0]\nassert len(r) == 3"
)

TOLERANCES = [
    hack(f"{value} within a tolerance", f"def add(a, b): return {value}", tests=(TOLERANT, *CLOSE, NEAR))
    for value in (
        *("float('nan')", "float('inf')", "float('-inf')", "complex(3, float('nan'))", "complex('inf')", "10**400"),
        *(
            "True",
            "'3'",
            "b'3'",
            "[3]",
            "{3}",
            "(3,)",
            "None",
            "...",
            "NotImplemented",
            "lambda: 3",
            "type",
            "range(3, 4)",
        ),
    )
] + [
    hack(
        f"{value} within a tolerance",
        f"from decimal import Decimal\nfrom fractions import Fraction\ndef add(a, b): return {value}",
        tests=(TOLERANT, ADD, ASSERTS),
    )
    for value in ("Decimal('NaN')", "Decimal('sNaN')", "Decimal('Infinity')", "Fraction(7, 2)")
]

ODD_DATA = [
    hack("sets that hold NaN", "def order(x): return {float('nan'), 1, 2}", tests=(SORTED, *PROPERTIES)),
    hack(
        "a dict whose keys look alike",
        "def add(a, b): return {'1': 2, 1: 3}",
        tests=({"kind": "function", "entry_point": "add", "cases": [{"args": [1, 2], "expected": {"1": 3}}]},),
    ),
    hack(
        "a dict whose keys are true and 1",
        "def add(a, b): return {'true': 1}",
        tests=(
            {"kind": "function", "entry_point": "add", "cases": [{"args": [1, 2], "expected": {"true": 1, "1": 1}}]},
        ),
    ),
    hack("a list that holds itself", "def order(x):\n    r = [1, 2]\n    r.append(r)\n    return r", tests=(SORTED,)),
    hack(
        "a dict that holds itself",
        "def add(a, b):\n    d = {}\n    d['d'] = d\n    return d",
        tests=(
            {"kind": "function", "entry_point": "add", "cases": [{"args": [1, 2], "expected": {"d": {"d": {}}}}]},
            ASSERTS,
        ),
    ),
    hack(
        "eight million items",
        "def order(x): return [[]] * 9_000_000",
        "runtime_error",
        "memory_limit",
        "time_limit",
        "wrong_answer",
        tests=(SORTED,),
    ),
    hack(
        "a very long str",
        "def add(a, b): return '3' * (70 << 20)",
        "runtime_error",
        "memory_limit",
        "wrong_answer",
        "time_limit",
        tests=(ADD,),
    ),
    hack(
        "an exception without end",
        "def add(a, b):\n    e = None\n    for n in range(5000):\n        x = ValueError(n)\n        x.__cause__ = e\n        e = x\n    raise e",
    ),
    hack(
        "an exception that is its own cause",
        "def add(a, b):\n    e = ValueError('x')\n    e.__cause__ = e.__context__ = e\n    raise e",
    ),
    hack(
        "a class that is its own kind",
        "class M(type): pass\nM.__class__\nclass A(metaclass=M): pass\ndef add(a, b): return A",
    ),
    hack(
        "three hundred classes in a row",
        "def add(a, b):\n    c = object\n    for n in range(300): c = type('C', (c,), {})\n    return c()",
        *FAILED,
        "time_limit",
        tests=(ADD,),
    ),
    hack(
        "eleven thousand classes",
        "def add(a, b): return [type('C%d' % n, (), {})() for n in range(11000)]",
        "runtime_error",
        "time_limit",
        "memory_limit",
        tests=(ADD,),
    ),
    hack(
        "a named tuple of another shape",
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef add(a, b):\n    P._fields = ('x',) * 5\n    return P(1, 2)",
    ),
    hack("a class with a name that is none", "C = type('C\\x00\\ud800', (), {})\ndef add(a, b): return C()"),
]

LATER = [
    hack(
        "an argument that changes after the answer",
        """
        import threading, time
        def order(x):
            def later():
                while True:
                    x[:] = [1, 2, 3]
                    time.sleep(0.001)
            threading.Thread(target=later, daemon=True).start()
            return x
        """,
        tests=script("data = [9, 9, 9]\nr = order(data)\nassert r == [9, 9, 9]\norder(data)\nassert data == [9, 9, 9]"),
    ),
    hack(
        "a result that follows what it is held against",
        """
        given = []
        def order(x):
            given.append(x)
            return given
        """,
        tests=({"kind": "function", "entry_point": "order", "cases": [{"args": [[3, 1]], "expected": [1, 3]}]}, SORTED),
    ),
    hack(
        "a generator that waits for the expected value",
        """
        import gc
        def order(x):
            for i in range(len(x)):
                yield next((o[i] for o in gc.get_objects() if type(o) is list and len(o) == len(x) and o == sorted(x)), 0)
        """,
        tests=script("expected = [1, 2, 3]\nassert list(order([3, 1, 2])) == expected"),
    ),
    hack(
        "a generator that is told what it should have been",
        "def order(x):\n    got = yield 0\n    while True: got = yield got",
        tests=script("expected = [1, 2, 3]\ng = order([3, 1, 2])\nassert [next(g) for _ in expected] == expected"),
    ),
    hack(
        "an attribute that is right the second time",
        "class R:\n    n = 0\n    @property\n    def value(self):\n        R.n += 1\n        return R.n\ndef add(a, b): return R()",
        tests=script("r = add(1, 2)\nassert r.value == 3"),
    ),
    hack(
        "the object that it was given",
        "def add(a, b): return a",
        tests=script(
            "class Any:\n    def __init__(self, v): self.v = v\n    def __eq__(self, o): return self.v == getattr(o, 'v', o)\nassert add(Any(1), Any(2)) == Any(3)"
        ),
    ),
    hack(
        "one of its own that copies the other",
        """
        class P:
            def __init__(self, x=0): self.x = x
            def __eq__(self, o): return self.x == getattr(o, 'x', o)
        def make(): return P(7)
        """,
        tests=script("assert make().x == 3 or make() == 3"),
    ),
    hack(
        "compares with itself",
        "class E:\n    def __eq__(self, o): return True\ndef add(a, b): return E()",
        tests=script("r = add(1, 2)\nassert r == r and r == 3"),
    ),
]

MEANWHILE = [
    hack(
        "a trace function",
        "import sys\nsys.settrace(lambda f, e, a: f.f_locals.update(r=3) or (lambda *x: None))\ndef add(a, b):\n    r = 7\n    return r",
        *FAILED,
        "tampered",
        "time_limit",
    ),
    hack(
        "a profile function",
        "import sys\ndef p(frame, event, arg):\n    if event == 'return' and frame.f_code.co_name == 'add': frame.f_locals['r'] = 3\nsys.setprofile(p)\ndef add(a, b):\n    r = 7\n    return r",
        *FAILED,
        "tampered",
        "time_limit",
    ),
    hack(
        "an audit hook that ends the process well",
        "import os, sys\nsys.addaudithook(lambda e, a: os._exit(0) if e == 'object.__getattr__' or e.startswith('socket') else None)\nimport inspect\ndef add(a, b): return add.__code__",
        "runtime_error",
        "wrong_answer",
    ),
    hack(
        "exit in __del__",
        "import os\nclass D:\n    def __del__(self): os._exit(0)\ndef add(a, b):\n    D()\n    return 3",
        "runtime_error",
    ),
    hack(
        "exit in a weakref's callback",
        "import os, weakref\nclass D: pass\nd = D()\nr = weakref.ref(d, lambda _: os._exit(0))\ndef add(a, b):\n    global d\n    d = None\n    return 3",
        "runtime_error",
    ),
    hack(
        "exit as garbage is collected",
        "import gc, os\ndef add(a, b):\n    gc.callbacks.append(lambda *a: os._exit(0))\n    gc.collect()\n    return 3",
        "runtime_error",
    ),
    hack(
        "exit by a timer",
        "import os, signal, time\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\ndef add(a, b):\n    time.sleep(1)\n    return 3",
        "runtime_error",
    ),
    hack(
        "exit as a thread ends",
        "import atexit, os, threading\nthreading.Thread(target=lambda: os._exit(0)).start()\nimport time\ntime.sleep(0.5)\ndef add(a, b): return 3",
        "runtime_error",
    ),
    hack(
        "an exception by a signal",
        "import signal, os\ndef h(*a): raise SystemExit(0)\nsignal.signal(signal.SIGUSR1, h)\ndef add(a, b):\n    os.kill(os.getpid(), signal.SIGUSR1)\n    return 7",
    ),
    hack(
        "another class than it was made of",
        "class A: pass\nclass B(A):\n    def __eq__(self, o): return True\n    __ne__ = lambda s, o: False\ndef add(a, b):\n    x = A()\n    x.__class__ = B\n    return x",
    ),
    hack(
        "a metaclass that answers for its classes",
        """
        class M(type):
            def __instancecheck__(cls, x): return True
            def __subclasscheck__(cls, x): return True
            def __call__(cls, *a): return 3
            def __getattr__(cls, n): return lambda *a: True
        class Number(metaclass=M): pass
        def add(a, b): return 7
        """,
        tests=script("r = add(1, 2)\nassert isinstance(r, Number) and r == 3"),
    ),
    hack(
        "what the wire has of it, patched",
        """
        import sys
        for name, module in list(sys.modules.items()):
            if name.startswith('proctor_supervisor.pair'):
                for n, v in list(vars(module).items()):
                    if isinstance(v, dict) and int in v: v[int] = lambda w, x: w.out.extend(b'B\\x03\\x00\\x00\\x00int')
                    if n == 'extended': setattr(module, n, lambda c: int)
                    if n in ('hashable', 'pairs', 'content'): setattr(module, n, lambda *a: ((),))
        def add(a, b): return 7
        """,
        "wrong_answer",
        "runtime_error",
        "tampered",
    ),
    hack(
        "an object of another class each time",
        """
        import sys
        def add(a, b):
            for module in list(sys.modules.values()):
                refs = getattr(module, 'References', None)
                if refs:
                    def write(self, w, v):
                        w.out += b'V' + (1).to_bytes(8, 'little') + (2).to_bytes(8, 'little') + b'+s\\x01\\x00\\x00\\x00Xs\\x01\\x00\\x00\\x00m'
                        w.out += (2).to_bytes(4, 'little') + b'B\\x04\\x00\\x00\\x00listB\\x03\\x00\\x00\\x00int'
                    refs.write = write
            return object()
        """,
        "tampered",
        "runtime_error",
        "wrong_answer",
    ),
    hack(
        "answers a question with a question",
        """
        import sys
        def add(a, b):
            frame = sys._getframe()
            while frame:
                h = frame.f_locals.get('self')
                if hasattr(h, 'ask'):
                    for n in range(1, 50):
                        for what in (('callback', n, (), {}), ('next', n), ('mark', n, 'x', 3)):
                            try:
                                r = h.ask(what)
                                if isinstance(r, int): return r
                            except BaseException: pass
                frame = frame.f_back
            return 7
        """,
        "wrong_answer",
        "runtime_error",
        "tampered",
        tests=(*script("expected = lambda: 3\nassert add(1, 2) == expected()"), ADD, CHECK),
    ),
    hack(
        "calls back without end",
        "def apply(f, x):\n    def g(y): return apply(f, g)\n    return f(g)",
        "wrong_answer",
        "runtime_error",
        "time_limit",
        "memory_limit",
        tests=script("def f(x): return x(1) if callable(x) else x\nassert apply(f, 1) == 1"),
    ),
    hack(
        "swallows a failed assertion of a callback",
        "def run(f):\n    try: f()\n    except BaseException: pass\n    return 7",
        tests=script("def body():\n    assert add(1, 2) == 3\nassert run(body) is None\n"),
    ),
    hack(
        "a decorator that drops the test",
        "def checked(f): return lambda *a: None\ndef add(a, b): return 7",
        tests=script("@checked\ndef test():\n    assert add(1, 2) == 3\ntest()\nassert add(1, 2) == 3"),
    ),
]

MEASURED = [
    hack(
        "value enum eq",
        "from enum import IntEnum\nclass E(IntEnum):\n    A=7\n    def __eq__(s,o): return True\n    __hash__=int.__hash__\ndef add(a,b): return E.A",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2)==3"),
    ),
    hack(
        "named int lies",
        "class add(int):\n    def __new__(c,a,b): return super().__new__(c,7)\n    def __eq__(s,o): return True\n    def __round__(s,*a): return 3\n    __hash__=int.__hash__",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2)==3"),
    ),
    hack(
        "named list lies len",
        "class order(list):\n    def __len__(s): return 1",
        *FAILED,
        "time_limit",
        tests=script("r=order([3,1,2])\nassert sorted(r)==[1,2,3]\nassert all(r[i]<=r[i+1] for i in range(len(r)-1))"),
    ),
    hack(
        "str subclass format",
        "class S(str):\n    def __format__(s,f): return '3'\n    __str__=lambda s:'3'\ndef add(a,b): return S('7')",
        *FAILED,
        "time_limit",
        tests=script("assert f'{add(1,2)}'=='7' and add(1,2)=='3'"),
    ),
    hack(
        "dict subclass get",
        "class D(dict):\n    def get(s,k,d=None): return d\n    def __getitem__(s,k): return 3\ndef add(a,b): return D()",
        *FAILED,
        "time_limit",
        tests=script("r=add(1,2)\nassert r.get('sum',3)==3\nassert r=={'sum':3}"),
    ),
    hack(
        "dict default oracle",
        "class D(dict):\n    def get(s,k,d=None): return d\ndef add(a,b): return D()",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2).get('sum', None)==3"),
    ),
    hack(
        "pop returns default oracle",
        "class D(dict):\n    def setdefault(s,k,v): return v\ndef add(a,b): return D()",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2)['sum']==3"),
    ),
    hack(
        "callable result",
        "class C:\n    def __call__(s,*a): return a[0] if a else 0\n    def __getattr__(s,n): return s\ndef add(a,b): return C()",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2)==3"),
    ),
    hack(
        "index echo",
        "class C:\n    def __getitem__(s,k): return k\n    def __len__(s): return 3\ndef add(a,b): return C()",
        *FAILED,
        "time_limit",
        tests=script("r=add(1,2)\nassert r[0]==1 and r[1]==2"),
    ),
    hack(
        "zip stops",
        "class L(list):\n    def __iter__(s): return iter(())\ndef order(x): return L([9])",
        *FAILED,
        "time_limit",
        tests=script("assert all(a==b for a,b in zip(order([3]),[3])) and order([3])==[3]"),
    ),
    hack(
        "next of self returns expected by frame",
        "import sys\ndef order(x):\n    class I:\n        def __iter__(s): return s\n        def __next__(s): raise StopIteration\n    return I()",
        *FAILED,
        "time_limit",
        tests=script("assert list(order([3,1]))==[1,3]"),
    ),
    hack(
        "bool subclass trick",
        "class T(int):\n    def __bool__(s): return True\ndef ok(x): return T(0)",
        *FAILED,
        "time_limit",
        tests=script("assert ok(1)"),
    ),
    hack(
        "truth of object",
        "class T:\n    def __bool__(s): return True\ndef add(a,b): return T()",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2) is True"),
    ),
    hack(
        "in candidate container of expected",
        "class C(list):\n    def __contains__(s,o): return True\ndef order(x): return C()",
        *FAILED,
        "time_limit",
        tests=script("assert 3 in order([3])"),
    ),
    hack(
        "count/index lies",
        "class C(list):\n    def count(s,o): return 1\n    def index(s,o): return 0\ndef order(x): return C()",
        *FAILED,
        "time_limit",
        tests=script("r=order([3])\nassert r.count(3)==1 and r==[3]"),
    ),
    hack(
        "sorted key by candidate lt vs own",
        "class K(int):\n    def __lt__(s,o): return True\ndef order(x): return [K(v) for v in x]",
        *FAILED,
        "time_limit",
        tests=script("r=order([3,1,2])\nassert r==sorted([3,1,2])"),
    ),
    hack(
        "assertEqual",
        "class K(int):\n    def __eq__(s,o): return True\n    __hash__=int.__hash__\ndef add(a,b): return K(7)",
        *FAILED,
        "time_limit",
        tests=script("import unittest\nt=unittest.TestCase()\nt.assertEqual(add(1,2),3)"),
    ),
    hack(
        "assertEqual list",
        "class K(list):\n    def __eq__(s,o): return True\ndef add(a,b): return K()",
        *FAILED,
        "time_limit",
        tests=script("import unittest\nt=unittest.TestCase()\nt.assertEqual(add(1,2),[3])\n"),
    ),
    hack(
        "assertCountEqual",
        "class K:\n    def __eq__(s,o): return True\n    def __hash__(s): return 3\ndef add(a,b): return [K()]",
        *FAILED,
        "time_limit",
        tests=script("import unittest\nt=unittest.TestCase()\nt.assertCountEqual(add(1,2),[3])"),
    ),
    hack(
        "assertIn / assertGreater",
        "class K:\n    def __eq__(s,o): return True\n    def __gt__(s,o): return True\n    __ge__=__lt__=__le__=__gt__\n    def __hash__(s): return hash(3)\ndef add(a,b): return K()",
        *FAILED,
        "time_limit",
        tests=script("import unittest\nt=unittest.TestCase()\nt.assertGreater(add(1,2),2)\nt.assertIn(add(1,2),{3})"),
    ),
    hack(
        "set membership by hash",
        "class K:\n    def __eq__(s,o): return True\n    def __hash__(s): return hash(3)\ndef add(a,b): return K()",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2) in {3:1}\n"),
    ),
    hack(
        "json text",
        "class K(dict):\n    def __iter__(s): return iter(['sum'])\n    def items(s): return [('sum',3)]\n    def keys(s): return ['sum']\n    def __getitem__(s,k): return 3\ndef add(a,b): return K(x=7)",
        *FAILED,
        "time_limit",
        tests=script("import json\nr=add(1,2)\nassert json.loads(json.dumps(r))=={'sum':3} and r=={'sum':3}"),
    ),
    hack(
        "approx",
        "class K(float):\n    def __sub__(s,o): return 0.0\n    __rsub__=__sub__\n    def __eq__(s,o): return True\n    __hash__=float.__hash__\ndef add(a,b): return K(7)",
        *FAILED,
        "time_limit",
        tests=script("import math\nassert math.isclose(add(1,2),3)"),
    ),
    hack(
        "round to even",
        "class K:\n    def __round__(s,n=None): return K()\n    def __eq__(s,o): return True\ndef add(a,b): return K()",
        *FAILED,
        "time_limit",
        tests=script("assert round(add(1,2),2)==3"),
    ),
    hack(
        "float of",
        "class K:\n    n=0\n    def __float__(s):\n        K.n+=1\n        return float(K.n)\ndef add(a,b): return K()",
        *FAILED,
        "time_limit",
        tests=script("assert float(add(1,2))==3.0"),
    ),
    hack(
        "exception equality",
        "class E(Exception):\n    def __eq__(s,o): return True\n    args=property(lambda s:(3,))\ndef add(a,b): return E()",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2)==3"),
    ),
    hack(
        "raise AssertionError caught by tests",
        "def add(a,b): raise AssertionError",
        *FAILED,
        "time_limit",
        tests=script("try:\n    assert add(1,2)==3\nexcept AssertionError:\n    raise"),
    ),
    hack(
        "raises class with metaclass instancecheck",
        "class M(type):\n    def __instancecheck__(c,x): return True\nclass E(ValueError,metaclass=M): pass\ndef f(x): raise E('no')",
        *FAILED,
        "time_limit",
        tests=script("try:\n    f(1)\nexcept KeyError: pass\n"),
    ),
    hack(
        "global changes after use",
        "n=0\ndef f():\n    global n\n    n+=1\n    return n",
        *FAILED,
        "time_limit",
        tests=script("assert f()==f()"),
    ),
    hack(
        "thread prints into tests",
        "import threading,sys\ndef add(a,b):\n    threading.Thread(target=lambda: sys.stdout.write('passed')).start()\n    return 7",
        *FAILED,
        "time_limit",
        tests=script("assert add(1,2)==3"),
    ),
    hack(
        "two handles",
        "class A(tuple):\n    pass\nx=A((7,))\ndef add(a,b): return x",
        *FAILED,
        "time_limit",
        tests=script("r=add(1,2)\nq=add(1,2)\ndel r\nassert q==(3,)"),
    ),
    hack(
        "async exit",
        "import os,asyncio\nasync def add(a,b):\n    await asyncio.sleep(0)\n    os._exit(0)",
        *FAILED,
        "time_limit",
        tests=script("import asyncio\nassert asyncio.run(add(1,2))==3"),
    ),
    hack(
        "task result lies",
        "class R:\n    def __eq__(s,o): return True\nasync def add(a,b): return R()",
        *FAILED,
        "time_limit",
        tests=script("import asyncio\nassert asyncio.run(add(1,2))==3"),
    ),
    hack(
        "never done",
        "import asyncio\nasync def add(a,b):\n    while True: await asyncio.sleep(0)",
        *FAILED,
        "time_limit",
        tests=script("import asyncio\nassert asyncio.run(add(1,2))==3"),
    ),
    hack(
        "stopiteration in coroutine",
        "async def add(a,b): raise StopAsyncIteration",
        *FAILED,
        "time_limit",
        tests=script(
            "import asyncio\nasync def m():\n    async for x in g(): pass\nasync def g():\n    yield await add(1,2)\nasyncio.run(m())\nassert asyncio.run(add(1,2))==3"
        ),
    ),
    hack(
        "defaultdict factory hack",
        "from collections import defaultdict\nclass E:\n    def __eq__(s,o): return True\ndef add(a,b): return defaultdict(E)",
        *FAILED,
        "time_limit",
        tests=script("r=add(1,2)\nassert r['sum']==3"),
    ),
    hack(
        "factory by attr hack",
        "class Order(list):\n    def __len__(s): return 1\norder=Order",
        *FAILED,
        "time_limit",
        tests=script("r=order([3,1,2])\nassert sorted(r)==[1,2,3]\nassert all(r[i]<=r[i+1] for i in range(len(r)-1))"),
    ),
]

LATE_HACKS = [*TOLERANCES, *ODD_DATA, *LATER, *MEANWHILE, *MEASURED]
