"""Right programs that do odd things. Every one must pass: no right program is blamed."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import Any


@dataclass(frozen=True)
class Oddity:
    """name: what is odd; code passes the tests."""

    name: str
    code: str
    tests: dict[str, Any]


def script(name: str, code: str, tests: str, entry_point: str | None = None) -> Oddity:
    return Oddity(name, dedent(code), {"kind": "script", "code": dedent(tests), "entry_point": entry_point})


def stdio(name: str, code: str, stdin: str = "5\n", stdout: str = "10\n") -> Oddity:
    return Oddity(name, dedent(code), {"kind": "stdio", "cases": [{"stdin": stdin, "stdout": stdout}]})


def function(name: str, code: str, entry_point: str, *cases: dict[str, Any], **compare: Any) -> Oddity:
    tests = {"kind": "function", "entry_point": entry_point, "cases": list(cases), "compare": compare}
    return Oddity(name, dedent(code), tests)


STDIO = [
    stdio(
        "threads",
        "import threading\nn = int(input())\nt = threading.Thread(target=lambda: print(n * 2))\nt.start()\nt.join()",
    ),
    stdio(
        "a thread left to finish",
        "import threading, time\nn = int(input())\ndef f():\n    time.sleep(0.2)\n    print(n * 2)\nthreading.Thread(target=f).start()",
    ),
    stdio(
        "multiprocessing",
        "import multiprocessing as m\ndef f(x): return x * 2\nif __name__ == '__main__':\n    with m.Pool(2) as p: print(p.map(f, [int(input())])[0])",
    ),
    stdio(
        "asyncio",
        "import asyncio\nasync def main():\n    await asyncio.sleep(0.01)\n    print(int(input()) * 2)\nasyncio.run(main())",
    ),
    stdio(
        "subprocess",
        "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(int(input())*2)'], stdin=sys.stdin, capture_output=True, text=True).stdout.strip())",
    ),
    stdio(
        "temp files",
        "import tempfile\nwith tempfile.TemporaryFile('w+') as f:\n    f.write(input())\n    f.seek(0)\n    print(int(f.read()) * 2)",
    ),
    stdio(
        "deep recursion",
        "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000) - 20000 + int(input()) * 2)",
    ),
    stdio(
        "deep recursion in a big thread",
        "import sys, threading\nsys.setrecursionlimit(10**7)\nthreading.stack_size(256 << 20)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nt = threading.Thread(target=lambda: print(f(50000) - 50000 + int(input()) * 2))\nt.start()\nt.join()",
    ),
    stdio("sys.stdin.buffer", "import sys\nprint(int(sys.stdin.buffer.read()) * 2)"),
    stdio("open(0)", "print(int(open(0).read()) * 2)"),
    stdio("os.read of standard input", "import os\nprint(int(os.read(0, 100)) * 2)"),
    stdio("/dev/stdin", "print(int(open('/dev/stdin').read()) * 2)"),
    stdio("fileinput", "import fileinput\nfor line in fileinput.input(): print(int(line) * 2)"),
    stdio("big input unread", "print(10)", "7\n" * 3_000_000),
    stdio("input() without newline at the end", "print(int(input()) * 2)", "5"),
    stdio(
        "input() until EOFError", "t = 0\ntry:\n    while True: t += int(input()) * 2\nexcept EOFError:\n    print(t)"
    ),
    stdio("unicode", "print(input()[::-1])", "añ😀é\n", "é😀ña\n"),
    stdio("exit() after the right answer", "print(int(input()) * 2)\nexit()"),
    stdio("quit() and sys.exit()", "import sys\nprint(int(input()) * 2)\nsys.exit()"),
    stdio("os._exit(0) after the right answer", "import os\nprint(int(input()) * 2, flush=True)\nos._exit(0)"),
    stdio(
        "if __name__ == '__main__'", "def main():\n    print(int(input()) * 2)\nif __name__ == '__main__':\n    main()"
    ),
    stdio("output without newline", "print(int(input()) * 2, end='')"),
    stdio("windows line ends", "print(int(input()) * 2, end='\\r\\n')"),
    stdio("warnings on stderr", "import warnings\nwarnings.warn('old')\nprint(int(input()) * 2)"),
    stdio("200 kB of output", "print('x' * 200000)", "", "x" * 200000 + "\n"),
    stdio(
        "its own stdout",
        "import io, sys\nn = int(input())\nsys.stdout = io.TextIOWrapper(open(1, 'wb', closefd=False), line_buffering=True)\nprint(n * 2)",
    ),
    stdio(
        "pickles a class of its own",
        "import pickle\nclass P:\n    def __init__(self, n): self.n = n\nprint(pickle.loads(pickle.dumps(P(int(input())))).n * 2)",
    ),
    stdio(
        "a dataclass",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    n: int\nprint(P(int(input())).n * 2)",
    ),
    stdio(
        "a signal it expects",
        "import signal\nn = int(input())\nsignal.signal(signal.SIGALRM, lambda *a: print(n * 2))\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\nsignal.pause()",
    ),
]

PAIRS = [
    script(
        "own objects as keys of results",
        "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return self.x == o.x\n    def __hash__(self): return 7\ndef f(): return {P(1): 'a', P(2): 'b'}\ndef g(): return {P(1), P(2), P(3)}",
        "r = f()\nassert len(r) == 2 and sorted(k.x for k in r) == [1, 2] and r[P(2)] == 'b'\nassert len(g()) == 3 and P(3) in g()",
    ),
    script(
        "a generator",
        "def squares(n):\n    for i in range(n): yield i * i",
        "import types\ng = squares(3)\nassert isinstance(g, types.GeneratorType)\nassert next(g) == 0\nassert list(g) == [1, 4]",
    ),
    script(
        "send to a generator",
        "def echo():\n    x = None\n    while True: x = yield x",
        "g = echo()\nnext(g)\nassert g.send(5) == 5\nassert g.send('a') == 'a'",
    ),
    script(
        "a class",
        "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n    def pop(self): return self.items.pop()\n    def __len__(self): return len(self.items)",
        "s = Stack()\ns.push(1)\ns.push([2])\nassert len(s) == 2\nassert s.pop() == [2] and s.items == [1]\nassert isinstance(s, Stack) and type(s) is Stack",
    ),
    script(
        "attributes set by the tests",
        "class Node:\n    def __init__(self, v): self.v, self.left, self.right = v, None, None\ndef total(n): return 0 if n is None else n.v + total(n.left) + total(n.right)",
        "r = Node(1)\nr.left = Node(2)\nr.right = Node(3)\nr.left.left = Node(4)\nassert total(r) == 10\nassert r.left.left.v == 4 and r.right.left is None\nassert r.left is r.left",
    ),
    script(
        "equality of its own objects",
        "class P:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return isinstance(o, P) and self.x == o.x\n    def __hash__(self): return hash(self.x)\n    def __lt__(self, o): return self.x < o.x\ndef make(x): return P(x)",
        "assert make(1) == P(1)\nassert make(1) != P(2)\nassert sorted([P(2), P(1)])[0] == P(1)\nassert len({P(1), P(1)}) == 1\nassert P(1) in [P(3), P(1)]",
    ),
    script(
        "operators between its own objects",
        "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n    def __eq__(self, o): return self.x == o.x",
        "assert V(1) + V(2) == V(3)\nassert (V(1) + V(2)).x == 3",
    ),
    script(
        "a dataclass",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0\ndef origin(): return P(0)",
        "assert origin() == P(0, 0)\nassert origin().x == 0 and repr(origin()) == 'P(x=0, y=0)'",
    ),
    script(
        "a namedtuple",
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)",
        "assert f() == (1, 2)\nassert f().x == 1 and f()[1] == 2 and f() == P(1, 2)\nx, y = f()\nassert f()._asdict() == {'x': 1, 'y': 2}",
    ),
    script(
        "an enum",
        "from enum import Enum\nclass C(Enum):\n    RED = 1\n    BLUE = 2\ndef f(): return C.RED",
        "assert f() == C.RED and f() is C.RED\nassert f().name == 'RED' and f().value == 1\nassert [c.name for c in C] == ['RED', 'BLUE']\nassert C(2) == C.BLUE and C['RED'] is f()",
    ),
    script(
        "an IntEnum",
        "from enum import IntEnum\nclass C(IntEnum):\n    A = 1\ndef f(): return C.A",
        "assert f() == 1\nassert f() == C.A\nassert f().name == 'A'",
    ),
    script(
        "an exception of its own",
        "class Empty(Exception):\n    pass\nclass Worse(Empty):\n    def __init__(self, n): super().__init__(f'n={n}'); self.n = n\ndef f(x):\n    if x == 1: raise Empty('nothing')\n    if x == 2: raise Worse(5)\n    return x",
        "try:\n    f(1)\n    assert False\nexcept Empty as e:\n    assert str(e) == 'nothing'\ntry:\n    f(2)\n    assert False\nexcept Empty as e:\n    assert isinstance(e, Worse) and e.args == ('n=5',)\nassert f(3) == 3",
    ),
    script(
        "a builtin exception",
        "def f(x):\n    if x < 0: raise ValueError('negative', x)\n    return {}[x]",
        "try:\n    f(-1)\nexcept ValueError as e:\n    assert e.args == ('negative', -1)\nelse:\n    assert False\ntry:\n    f(1)\nexcept KeyError as e:\n    assert e.args[0] == 1\nelse:\n    assert False",
    ),
    script(
        "unittest",
        "def f(x):\n    if x < 0: raise ValueError('negative')\n    return x * 2",
        "import unittest\nclass T(unittest.TestCase):\n    def test_value(self): self.assertEqual(f(2), 4)\n    def test_error(self):\n        with self.assertRaisesRegex(ValueError, 'neg'): f(-1)\nresult = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\nassert result.wasSuccessful() and result.testsRun == 2",
    ),
    script(
        "arguments changed in place",
        "def order(x): x.sort()\ndef swap(d): d['a'], d['b'] = d['b'], d['a']\ndef grow(s, m):\n    s.add(3)\n    m[0][0] = 9",
        "x = [3, 1, 2]\nassert order(x) is None\nassert x == [1, 2, 3]\nd = {'a': 1, 'b': 2}\nswap(d)\nassert d == {'a': 2, 'b': 1}\ns, m = {1}, [[0]] * 2\ngrow(s, m)\nassert s == {1, 3} and m == [[9], [9]] and m[0] is m[1]",
    ),
    script(
        "the argument itself as result",
        "def f(x):\n    x.append(1)\n    return x",
        "x = []\nassert f(x) is x and x == [1]",
    ),
    script(
        "callbacks",
        "def apply(f, xs): return [f(x) for x in xs]\ndef compose(f, g): return lambda x: f(g(x))",
        "assert apply(lambda x: x + 1, [1, 2]) == [2, 3]\nassert apply(str, [1]) == ['1']\nassert apply(len, ['ab']) == [2]\nseen = []\napply(seen.append, [1, 2])\nassert seen == [1, 2]",
    ),
    script(
        "a callback that raises",
        "def safe(f):\n    try: return f()\n    except ZeroDivisionError: return 'caught'",
        "assert safe(lambda: 1 / 0) == 'caught'\ntry:\n    safe(lambda: {}['x'])\n    assert False\nexcept KeyError:\n    pass",
    ),
    script(
        "a decorator",
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a): return f(f(*a))\n    return g",
        "@twice\ndef inc(x): return x + 1\nassert inc is not None",
        None,
    ),
    script(
        "iterators of the tests",
        "def take(it, n): return [next(it) for _ in range(n)]\ndef total(it): return sum(it)",
        "import itertools\nassert take(itertools.count(5), 3) == [5, 6, 7]\nassert total(x * x for x in range(4)) == 14\nassert total(map(int, ['1', '2'])) == 3",
    ),
    script(
        "a context manager",
        "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef opened(x):\n    log.append('in')\n    try: yield x\n    finally: log.append('out')\nclass Quiet:\n    def __enter__(self): return self\n    def __exit__(self, kind, e, t): return kind is ValueError",
        "with opened(5) as x:\n    assert x == 5\nassert log == ['in', 'out']\nwith Quiet():\n    raise ValueError\nassert True == (len(log) == 2)",
    ),
    script(
        "a coroutine",
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x * 2",
        "import asyncio\nassert asyncio.run(f(2)) == 4\nasync def both(): return await asyncio.gather(f(1), f(2))\nassert asyncio.run(both()) == [2, 4]",
    ),
    script(
        "types that cross",
        "from collections import *\nfrom decimal import Decimal\nfrom fractions import Fraction\nimport datetime\ndef f(x): return x\ndef kinds(): return [deque([1], 2), Counter('aab'), defaultdict(list, {1: [2]}), OrderedDict(a=1), Decimal('1.10'), Fraction(1, 3), datetime.date(2020, 1, 2), range(3), frozenset({1}), b'x', bytearray(b'y'), 1j, 10**40, float('inf'), None, ..., slice(1, 2)]",
        "from collections import *\nfrom decimal import Decimal\nfrom fractions import Fraction\nimport datetime, math\nassert kinds() == [deque([1], 2), Counter('aab'), defaultdict(list, {1: [2]}), OrderedDict(a=1), Decimal('1.10'), Fraction(1, 3), datetime.date(2020, 1, 2), range(3), frozenset({1}), b'x', bytearray(b'y'), 1j, 10**40, float('inf'), None, ..., slice(1, 2)]\nassert [type(x) for x in kinds()][:4] == [deque, Counter, defaultdict, OrderedDict]\nfor x in kinds(): assert f(x) == x\nassert math.isnan(f(float('nan'))) and f('\\ud800') == '\\ud800' and f({(1, 2): {3}}) == {(1, 2): {3}}",
    ),
    script("a bool is a bool", "def f(x): return x > 1", "assert f(2) is True and f(0) is False and f(2) == True"),
    script(
        "closures and counters",
        "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step",
        "c, d = counter(), counter()\nassert (c(), c(), d()) == (1, 2, 1)",
    ),
    script(
        "global state",
        "seen = []\ncount = 0\ndef f(x):\n    global count\n    count += 1\n    seen.append(x)\n    return len(seen)",
        "assert f('a') == 1\nassert count == 1 and seen == ['a']\nassert f('b') == 2\nassert count == 2 and seen == ['a', 'b']",
    ),
    script(
        "static, class methods and properties",
        "class A:\n    k = 5\n    def __init__(self): self._v = 1\n    @property\n    def v(self): return self._v\n    @v.setter\n    def v(self, x): self._v = x\n    @staticmethod\n    def s(x): return x + 1\n    @classmethod\n    def c(cls): return cls()",
        "assert A.s(1) == 2 and A.k == 5 and A.c().v == 1\na = A()\na.v = 7\nassert a.v == 7 and hasattr(a, 'v') and not hasattr(a, 'w')",
    ),
    script(
        "inheritance",
        "class Shape:\n    def area(self): return 0\nclass Square(Shape):\n    def __init__(self, s): self.s = s\n    def area(self): return self.s ** 2\ndef make(): return Square(3)",
        "assert isinstance(make(), Shape) and isinstance(make(), Square) and issubclass(Square, Shape)\nassert make().area() == 9 and type(make()).__name__ == 'Square'",
    ),
    script(
        "a dict of its own kind",
        "class D(dict):\n    def __missing__(self, k): return 0\ndef f(): return D(a=1)",
        "r = f()\nassert r == {'a': 1} and r['b'] == 0 and len(r) == 1 and list(r) == ['a'] and 'a' in r",
    ),
    script(
        "indexing and slicing",
        "class M:\n    def __init__(self): self.d = [1, 2, 3]\n    def __getitem__(self, i): return self.d[i]\n    def __setitem__(self, i, v): self.d[i] = v",
        "m = M()\nm[0] = 9\nassert m[0] == 9 and m[1:] == [2, 3] and m[-1] == 3",
    ),
    script(
        "str and format",
        "class T:\n    def __str__(self): return 'T!'\n    def __format__(self, s): return 'F' + s\ndef f(): return T()",
        "assert str(f()) == 'T!' and f'{f():x}' == 'Fx' and '%s' % f() == 'T!'",
    ),
    script(
        "deep results",
        "def nest(n):\n    x = None\n    for _ in range(n): x = (x, n)\n    return x",
        "x, depth = nest(300), 0\nwhile x is not None:\n    x, depth = x[0], depth + 1\nassert depth == 300",
    ),
    script(
        "a tail of classes",
        "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        seen: Dict[int, int] = {}\n        for i, n in enumerate(nums):\n            if target - n in seen: return [seen[target - n], i]\n            seen[n] = i",
        "assert Solution().twoSum([2, 7, 11], 9) == [0, 1]",
    ),
    script(
        "a class of the tests as data",
        "def invert(n):\n    if n is None: return None\n    n.left, n.right = invert(n.right), invert(n.left)\n    return n",
        "class T:\n    def __init__(self, v, left=None, right=None): self.v, self.left, self.right = v, left, right\nt = T(1, T(2), T(3))\nr = invert(t)\nassert r is t and r.left.v == 3 and r.right.v == 2",
    ),
    script("prints a lot", "def f():\n    for i in range(10000): print(i)\n    return 1", "assert f() == 1"),
    script(
        "logs at import and reads no input",
        "import sys\nprint('loaded', file=sys.stderr)\ndata = sys.stdin.read()\ndef f(): return data",
        "assert f() == ''",
    ),
    script(
        "threads and processes in the call",
        "import threading, subprocess, sys\ndef f():\n    out = []\n    t = threading.Thread(target=out.append, args=(1,))\n    t.start()\n    t.join()\n    r = subprocess.run([sys.executable, '-c', 'print(2)'], capture_output=True, text=True)\n    return out + [int(r.stdout)]",
        "assert f() == [1, 2]",
    ),
    script(
        "the module's main block does not run",
        "def f(): return 1\nif __name__ == '__main__':\n    raise SystemExit(1)",
        "assert f() == 1",
    ),
    script(
        "imports of the solution by name",
        "LIMIT = 3\ndef f(x): return min(x, LIMIT)\n_hidden = 1",
        "from solution import f, LIMIT\nimport solution\nassert f(5) == LIMIT == solution.LIMIT and solution.f(1) == 1",
    ),
    script(
        "a function named as a builtin", "def sum(a, b): return a * b", "assert sum(2, 3) == 6\nassert sum(1, 1) == 1"
    ),
    script(
        "memoized recursion",
        "from functools import lru_cache\n@lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)",
        "assert fib(80) == 23416728348467685 and fib.cache_info().currsize > 0",
    ),
    function(
        "tuples for lists",
        "def f(n): return tuple((i, i * i) for i in range(n))",
        "f",
        {"args": [2], "expected": [[0, 0], [1, 1]]},
    ),
    function(
        "integers for floats",
        "def f(x): return x * 2",
        "f",
        {"args": [1.5], "expected": 3},
        {"args": [2], "expected": 4.0},
    ),
    function(
        "integer keys",
        "def f(xs): return {x: xs.count(x) for x in xs}",
        "f",
        {"args": [[1, 1, 2]], "expected": {"1": 2, "2": 1}},
    ),
    function(
        "NaN and infinity",
        "def f(x): return [float('nan'), float('-inf')]",
        "f",
        {"args": [0], "expected": [float("nan"), float("-inf")]},
    ),
    function("big integers", "def f(x): return x ** 50", "f", {"args": [10**20], "expected": 10**1000}),
    function("a tolerance", "def f(x): return x / 3", "f", {"args": [1], "expected": 0.3333333}, abs_tol=1e-6),
    function(
        "literals",
        "def f(s): return {x: (x,) for x in s}",
        "f",
        {"args": [{"$py": "{1, 2}"}], "expected": {"$py": "{1: (1,), 2: (2,)}"}},
        types="strict",
    ),
    function(
        "the argument as result", "def f(x): x.sort()", "f", {"args": [[2, 1]], "expected": [1, 2], "result": "arg0"}
    ),
    function(
        "a method",
        "class Solution:\n    def add(self, a: int, b: Optional[int] = 1) -> int: return a + b",
        "Solution.add",
        {"args": [1], "kwargs": {"b": 5}, "expected": 6},
    ),
    function(
        "a linked list",
        "class Solution:\n    def rev(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        out = None\n        while head: head.next, out, head = out, head, head.next\n        return out",
        "Solution.rev",
        {"args": [[1, 2, 3]], "expected": [3, 2, 1]},
        {"args": [[]], "expected": None},
    ),
    function(
        "a tree",
        "class Solution:\n    def inv(self, root: Optional[TreeNode]) -> Optional[TreeNode]:\n        if root: root.left, root.right = self.inv(root.right), self.inv(root.left)\n        return root",
        "Solution.inv",
        {"args": [[1, 2, 3, None, 4]], "expected": [1, 3, 2, None, None, 4]},
    ),
    function("a coroutine", "async def f(x): return x + 1", "f", {"args": [1], "expected": 2}),
    function("surrogates and NUL", "def f(s): return s + '\\x00'", "f", {"args": ["\ud800"], "expected": "\ud800\x00"}),
]

#: What tests do with objects, containers and functions that both processes hold.
HELD_BY_BOTH = [
    script(
        "append to attr",
        "class Node:\n    def __init__(self, v, children=None): self.v=v; self.children=children if children is not None else []; self.table={}\ndef total(n): return n.v+sum(map(total,n.children))\n",
        "r=Node(1)\nr.children.append(Node(2))\nr.children.append(Node(3))\nassert total(r)==6\nassert len(r.children)==2",
    ),
    script(
        "nested child append",
        "class Node:\n    def __init__(self, v, children=None): self.v=v; self.children=children if children is not None else []; self.table={}\ndef total(n): return n.v+sum(map(total,n.children))\n",
        "r=Node(1)\nr.children.append(Node(2))\nr.children[0].children.append(Node(5))\nassert total(r)==8",
    ),
    script(
        "attr dict set",
        "class Node:\n    def __init__(self, v, children=None): self.v=v; self.children=children if children is not None else []; self.table={}\ndef total(n): return n.v+sum(map(total,n.children))\n",
        "r=Node(1)\nr.table['k']=5\nr.table.setdefault('l',[]).append(1)\nassert r.table=={'k':5,'l':[1]}",
    ),
    script(
        "attr held, candidate changes",
        "class A:\n    def __init__(self): self.log=[]\n    def add(self,x): self.log.append(x)\n",
        "a=A()\nlog=a.log\na.add(1)\nassert log==[1]\nassert a.log is log or a.log==log\nlog.clear()\na.add(2)\nassert log==[2] and a.log==[2]",
    ),
    script(
        "global list mutated",
        "memo={}\ndef fib(n):\n    if n in memo: return memo[n]\n    memo[n]=n if n<2 else fib(n-1)+fib(n-2)\n    return memo[n]",
        "assert fib(10)==55\nmemo.clear()\nassert len(memo)==0\nassert fib(3)==2\nassert len(memo)==4\nmemo[50]=7\nassert fib(50)==7",
    ),
    script(
        "result list same identity",
        "class A:\n    def __init__(self): self.items=[]\n    def get(self): return self.items\n",
        "a=A()\na.get().append(3)\nassert a.items==[3]",
    ),
    script(
        "exc attrs",
        "class E(Exception):\n    def __init__(self,code,msg): super().__init__(msg); self.code=code; self.extra={'a':1}\n    def tell(self): return self.code*2\n    @property\n    def twice(self): return self.code*2\nclass F(E):\n    def __str__(self): return f'F[{self.code}]'\ndef f(x):\n    if x: raise F(6,'m')\n    raise E(5,'m')",
        "try:\n    f(0)\n    assert False\nexcept E as e:\n    assert e.code==5 and e.extra=={'a':1} and e.tell()==10 and e.twice==10\n    assert str(e)=='m'\ntry:\n    f(1)\n    assert False\nexcept E as e:\n    assert str(e)=='F[6]'\n    assert e.code==6 and type(e) is F",
    ),
    script(
        "exc cause",
        "def f():\n    try: 1/0\n    except ZeroDivisionError as z: raise ValueError('x') from z",
        "try: f()\nexcept ValueError as e:\n    assert isinstance(e.__cause__,ZeroDivisionError)",
    ),
    script(
        "exc returned",
        "class E(Exception):\n    pass\ndef f(): return E('a')\ndef g(): return ValueError('b')",
        "assert isinstance(f(),E) and str(f())=='a'\nassert isinstance(g(),ValueError) and g().args==('b',)",
    ),
    script(
        "deepcopy",
        "class A:\n    def __init__(self): self.x=[1]\n",
        "import copy\na=A()\nb=copy.deepcopy(a)\nassert b is not a and b.x==[1]\nb.x=[2]\nassert a.x==[1]\nc=copy.copy(a)\nassert c.x==a.x",
    ),
    script(
        "abc checks",
        "class S:\n    def __len__(self): return 2\n    def __getitem__(self,i):\n        if i>1: raise IndexError\n        return i\n    def __iter__(self): return iter([0,1])\n    def __contains__(self,x): return x in (0,1)\n    def __hash__(self): return 3\ndef f(): return S()",
        "from collections.abc import Iterable,Sized,Container,Hashable,Collection,Callable,Iterator\nx=f()\nassert isinstance(x,Iterable) and isinstance(x,Sized) and isinstance(x,Container) and isinstance(x,Hashable) and isinstance(x,Collection)\nassert not isinstance(x,Iterator) and not isinstance(x,Callable)\nassert isinstance(f,Callable)",
    ),
    script(
        "abc sub",
        "from collections.abc import *\nclass S(Sequence):\n    def __init__(s,d): s.d=d\n    def __len__(s): return len(s.d)\n    def __getitem__(s,i): return s.d[i]\nclass M(MutableMapping):\n    def __init__(s): s.d={}\n    def __getitem__(s,k): return s.d[k]\n    def __setitem__(s,k,v): s.d[k]=v\n    def __delitem__(s,k): del s.d[k]\n    def __iter__(s): return iter(s.d)\n    def __len__(s): return len(s.d)",
        "from collections.abc import Sequence,MutableMapping,Mapping\ns=S([1,2,3])\nassert isinstance(s,Sequence) and list(s)==[1,2,3] and 2 in s and s.index(3)==2 and s.count(1)==1 and list(reversed(s))==[3,2,1]\nm=M()\nm['a']=1\nm.update(b=2)\nassert isinstance(m,MutableMapping) and isinstance(m,Mapping) and dict(m)=={'a':1,'b':2} and m.get('z',5)==5 and m.pop('a')==1 and list(m.items())==[('b',2)]\ndel m['b']\nassert not m\ntry:\n    m['q']\n    assert False\nexcept KeyError: pass",
    ),
    script(
        "type hints",
        "import typing\ndef f(a:int,b:str='x')->typing.List[int]:\n    'doc'\n    return [a]",
        "assert f.__name__=='f' and f.__doc__=='doc'\nassert f.__annotations__['a'] is int\nassert callable(f) and hasattr(f,'__call__')\nassert f.__defaults__==('x',)",
    ),
    script(
        "get_type_hints",
        "def f(a:int)->str: return 'x'",
        "import typing\nh=typing.get_type_hints(f)\nassert h=={'a':int,'return':str}",
    ),
    script(
        "flags",
        "from enum import Flag,IntFlag,auto,Enum\nclass P(Flag):\n    R=auto()\n    W=auto()\nclass Q(IntFlag):\n    R=1\n    W=2\nclass C(str,Enum):\n    A='a'\ndef f(): return P.R|P.W\ndef g(): return Q.R|Q.W\ndef h(): return C.A",
        "assert f()==P.R|P.W\nassert P.R in f()\nassert f()&P.W==P.W\nassert g()==3\nassert Q.R in g()\nassert h()=='a' and h()==C.A and h() is C.A and C('a') is C.A\nassert len(P)==2\nassert bool(f()&P.R)\nassert P.R.name=='R'\nassert C.A.value=='a'",
    ),
    script(
        "namedtuple methods",
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x:int\n    y:int=2\n    def s(self): return self.x+self.y\n    @property\n    def t(self): return 2*self.x",
        "p=P(1)\nassert p.s()==3 and p.t==2 and p==(1,2) and isinstance(p,P) and isinstance(p,tuple)\nassert p._replace(x=5).s()==7\nassert P._fields==('x','y')\nassert P._make([3,4])==(3,4)\nassert repr(p)=='P(x=1, y=2)'\nassert hash(p)==hash((1,2))\nassert {p:1}[(1,2)]==1\na,b=p\nassert p<P(2)\nassert p+(3,)==(1,2,3)\nassert P(x=1,y=2)==p\nassert len(p)==2 and p[0]==1 and p[1:]==(2,)",
    ),
    script(
        "dataclass utils",
        "from dataclasses import dataclass,field\n@dataclass(order=True,frozen=True)\nclass P:\n    x:int\n    y:list=field(default_factory=list)\ndef mk(): return P(1,[2])",
        "import dataclasses\np=mk()\nassert dataclasses.is_dataclass(p)\nassert dataclasses.asdict(p)=={'x':1,'y':[2]}\nq=dataclasses.replace(p,x=5)\nassert q.x==5 and q.y==[2]\nassert P(1)<P(2)\nassert [f.name for f in dataclasses.fields(P)]==['x','y']\nassert dataclasses.astuple(p)==(1,[2])\ntry:\n    p.x=3\n    assert False\nexcept dataclasses.FrozenInstanceError: pass\ntry:\n    p.x=3\n    assert False\nexcept AttributeError: pass",
    ),
    script(
        "slots",
        "class A:\n    __slots__=('x',)\n    def __init__(self): self.x=1",
        "a=A()\nassert a.x==1\ntry:\n    a.y=1\n    assert False\nexcept AttributeError: pass\nassert A.__slots__==('x',)\nassert not hasattr(a,'__dict__')",
    ),
    script(
        "matrix ops",
        "class M:\n    def __init__(s,r): s.r=r\n    def __mul__(s,o):\n        if isinstance(o,M): return M([[sum(a*b for a,b in zip(r,c)) for c in zip(*o.r)] for r in s.r])\n        return M([[x*o for x in r] for r in s.r])\n    def __eq__(s,o): return s.r==o.r\n    def __getitem__(s,i): return s.r[i]",
        "m=M([[1,2],[3,4]])\nassert (m*m).r==[[7,10],[15,22]]\nassert m*m==M([[7,10],[15,22]])\nassert m[0][1]==2\nm[0][1]=9\nassert m.r[0]==[1,9]",
    ),
    script(
        "grid by attribute set",
        "class G:\n    def __init__(s,n): s.g=[[0]*n for _ in range(n)]\n    def sum(s): return sum(map(sum,s.g))",
        "g=G(2)\ng.g[0][0]=5\ng.g[1]=[1,1]\nassert g.sum()==7\nassert g.g==[[5,0],[1,1]]",
    ),
    script(
        "class attr change",
        "class A:\n    n=0\n    items=[]\n    def __init__(s): A.n+=1",
        "A(); A()\nassert A.n==2\nA.n=0\nA()\nassert A.n==1\nA.items.append(3)\nassert A.items==[3]\nassert A().items==[3]",
    ),
    script(
        "class attr reset in unittest",
        "class Reg:\n    items={}\n    @classmethod\n    def add(c,k,v): c.items[k]=v",
        "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): Reg.items.clear()\n    def test_a(self):\n        Reg.add('a',1)\n        self.assertEqual(Reg.items,{'a':1})\n    def test_b(self):\n        Reg.add('b',1)\n        self.assertEqual(Reg.items,{'b':1})\nif __name__=='__main__': unittest.main()",
    ),
    script(
        "random seed",
        "import random\ndef f(n): return [random.randint(0,9) for _ in range(n)]",
        "import random\nrandom.seed(1)\na=f(5)\nrandom.seed(1)\nassert f(5)==a",
    ),
    script(
        "random seed equal",
        "import random\ndef f(n): return [random.randint(0,9) for _ in range(n)]",
        "import random\nrandom.seed(1)\ne=[random.randint(0,9) for _ in range(5)]\nrandom.seed(1)\nassert f(5)==e",
    ),
    script(
        "env",
        "import os\ndef f(): return os.environ.get('K','none')",
        "import os\nos.environ['K']='v'\nassert f()=='v'",
    ),
    script(
        "io file arg",
        "def f(h): return h.read().upper()\ndef g(h): h.write('hi')",
        "import io\nassert f(io.StringIO('ab'))=='AB'\ns=io.StringIO()\ng(s)\nassert s.getvalue()=='hi'",
    ),
    script(
        "decorate",
        "import functools,time\ndef memo(f):\n    c={}\n    @functools.wraps(f)\n    def g(*a):\n        if a not in c: c[a]=f(*a)\n        return c[a]\n    g.cache=c\n    return g\ndef count(f):\n    def g(*a,**k):\n        g.calls+=1\n        return f(*a,**k)\n    g.calls=0\n    return g",
        "@memo\ndef sq(x): return x*x\nassert sq(3)==9\nassert sq(3)==9\nassert sq.cache=={(3,):9}\nassert sq.__name__=='sq'\n@count\ndef h(): return 1\nh(); h()\nassert h.calls==2",
    ),
    script(
        "decorate with args",
        "import functools\ndef retry(n):\n    def d(f):\n        @functools.wraps(f)\n        def g(*a):\n            for i in range(n):\n                try: return f(*a)\n                except ValueError:\n                    if i==n-1: raise\n        return g\n    return d",
        "calls=[]\n@retry(3)\ndef flaky():\n    calls.append(1)\n    if len(calls)<3: raise ValueError('x')\n    return 'ok'\nassert flaky()=='ok' and len(calls)==3",
    ),
    script(
        "event emitter",
        "class E:\n    def __init__(s): s.h={}\n    def on(s,n,f): s.h.setdefault(n,[]).append(f)\n    def emit(s,n,*a):\n        for f in s.h.get(n,[]): f(*a)",
        "got=[]\ne=E()\ne.on('x',lambda v: got.append(v))\ne.emit('x',4)\nassert got==[4]\ndef h(a): got.append(a*2)\ne.on('x',h)\ne.emit('x',1)\nassert got==[4,1,2]",
    ),
    script(
        "observer objects",
        "class Subject:\n    def __init__(s): s.o=[]\n    def attach(s,o): s.o.append(o)\n    def notify(s,m):\n        for o in s.o: o.update(m)",
        "class Obs:\n    def __init__(s): s.m=[]\n    def update(s,m): s.m.append(m)\no=Obs()\ns=Subject()\ns.attach(o)\ns.notify('hi')\nassert o.m==['hi']",
    ),
    script(
        "append own class",
        "class N:\n    def __init__(s,v): s.v=v\ndef f(x): x.append(N(1))\ndef g(d): d['a']=N(2)\ndef mk(): return N(5)",
        "x=[]\nf(x)\nassert x[0].v==1\nd={}\ng(d)\nassert d['a'].v==2 and isinstance(d['a'],N)\nassert mk().v==5",
    ),
    script(
        "builtin fn result",
        "def f(): return {'m':max,'l':len}\ndef g(): return abs\nimport math\ndef h(): return math.sqrt",
        "assert f()['m']([1,3])==3\nassert g()(-2)==2\nassert h()(4)==2.0\nassert list(map(g(),[-1]))==[1]",
    ),
    script(
        "too large then on",
        "def f():\n    x=[]\n    for _ in range(3000): x=[x]\n    return x\ndef g(x): x.append(1); return x",
        "y=[]\ntry: f()\nexcept Exception: pass\ng(y)\nassert y==[1]\ng(y)\nassert y==[1,1]",
    ),
    script(
        "callback mutates",
        "def each(xs,f):\n    for x in xs: f(xs,x)\ndef ev(xs,f): \n    xs.append(9)\n    return f()",
        "a=[1,2]\neach(a,lambda l,x: l.__setitem__(0,x*5) if x==2 else None)\nassert a==[10,2]\nb=[]\nassert ev(b,lambda: len(b))==1",
    ),
    script(
        "sort cmp in place",
        "import functools\ndef sort(a,k): a.sort(key=k)",
        "a=list(range(3000,0,-1))\nsort(a,lambda x:x)\nassert a==list(range(1,3001))",
    ),
    script(
        "big list",
        "def f(x): return [v+1 for v in x]",
        "x=list(range(300000))\nfor _ in range(3): x=f(x)\nassert x[0]==3",
    ),
    script(
        "cycle arg",
        "def f(a): a.append(a); return a",
        "x=[]\nr=f(x)\nassert r is x and x[0] is x",
    ),
    script(
        "swap nested",
        "def f(m): m[0],m[1]=m[1],m[0]",
        "m=[[1],[2]]\na=m[0]\nf(m)\nassert m==[[2],[1]] and m[1] is a",
    ),
    script(
        "defaultdict factory",
        "from collections import defaultdict\ng=defaultdict(list)\ndef add(a,b): g[a].append(b)",
        "g['x'].append(1)\nadd('x',2)\nassert g=={'x':[1,2]}\ng['q']\nassert 'q' in g",
    ),
    script(
        "generator holds arg",
        "def f(x):\n    for v in x: yield v",
        "x=[1]\ng=f(x)\nassert next(g)==1\nx.append(2)\nassert next(g)==2",
    ),
    script(
        "unittest fixtures",
        "class Bank:\n    def __init__(s): s.acc={}\n    def open(s,n,b=0):\n        if n in s.acc: raise ValueError(f'{n} exists')\n        s.acc[n]=b\n    def dep(s,n,a):\n        s.acc[n]+=a\n        return s.acc[n]",
        "import unittest\nclass T(unittest.TestCase):\n    def setUp(self):\n        self.b=Bank()\n        self.b.open('x',5)\n    def test_a(self):\n        self.assertEqual(self.b.dep('x',2),7)\n        self.assertIn('x',self.b.acc)\n        self.assertDictEqual(self.b.acc,{'x':7})\n    def test_b(self):\n        with self.assertRaises(ValueError) as cm: self.b.open('x')\n        self.assertEqual(str(cm.exception),'x exists')\n        self.assertIsInstance(self.b,Bank)\n        self.assertIsNotNone(self.b)\n        self.assertTrue(self.b)\n        with self.assertRaises(KeyError): self.b.dep('q',1)\nif __name__=='__main__': unittest.main()",
    ),
    script(
        "sysexit code",
        "import sys\ndef f(): sys.exit(3)",
        "try:\n    f()\n    assert False\nexcept SystemExit as e:\n    assert e.code==3",
    ),
    script(
        "json err",
        "import json\ndef f(s): return json.loads(s)",
        "import json\ntry: f('{')\nexcept json.JSONDecodeError as e: assert e.pos==1 and e.lineno==1\nassert f('[1]')==[1]",
    ),
    script(
        "iter class",
        "class R:\n    def __init__(s,n): s.n=n; s.i=0\n    def __iter__(s): return s\n    def __next__(s):\n        if s.i>=s.n: raise StopIteration\n        s.i+=1\n        return s.i",
        "r=R(3)\nassert next(r)==1 and list(r)==[2,3]\ntry:\n    next(r)\n    assert False\nexcept StopIteration: pass\nassert next(r,None) is None\nassert sum(R(3))==6 and [a*b for a,b in zip(R(2),R(2))]==[1,4] and dict(enumerate(R(1)))=={0:1}\na,b=R(2)\nassert max(R(4))==4\nassert tuple(R(2))==(1,2)",
    ),
    script(
        "async ctx",
        "import asyncio\nclass A:\n    async def __aenter__(s): return s\n    async def __aexit__(s,*a): s.closed=True\n    async def get(s): return 4\n    async def gen(s):\n        for i in range(3): yield i",
        "import asyncio\nasync def main():\n    a=A()\n    async with a as x: assert await x.get()==4\n    assert a.closed\n    assert [i async for i in a.gen()]==[0,1,2]\nasyncio.run(main())",
    ),
    script(
        "trie",
        "class T:\n    def __init__(s): s.root={}\n    def insert(s,w):\n        n=s.root\n        for ch in w: n=n.setdefault(ch,{})\n        n['$']=True\n    def search(s,w):\n        n=s.root\n        for ch in w:\n            if ch not in n: return False\n            n=n[ch]\n        return '$' in n",
        "t=T()\nt.insert('ab')\nassert t.search('ab') and not t.search('a')\nassert t.root=={'a':{'b':{'$':True}}}\nt.root['a']['c']={'$':True}\nassert t.search('ac')",
    ),
    script(
        "class attr via instance",
        'class C:\n    PI=3.14\n    names=("a","b")\n    def __init__(s): s.__p=1\n    def __call__(s,x): return x+1',
        'c=C()\nassert c.PI==3.14 and C.names[0]=="a" and c._C__p==1 and c(1)==2 and callable(c)\nC.PI=3\nassert c.PI==3\nassert getattr(c,"zz",7)==7\nsetattr(c,"q",2)\nassert c.q==2\ndelattr(c,"q")\nassert not hasattr(c,"q")',
    ),
    script(
        "dict sub attr",
        "class AD(dict):\n    def __getattr__(s,k):\n        try: return s[k]\n        except KeyError: raise AttributeError(k)\n    def __setattr__(s,k,v): s[k]=v",
        "a=AD(x=1)\nassert a.x==1\na.y=2\nassert a['y']==2 and a=={'x':1,'y':2} and a.get('z') is None and list(a.items())==[('x',1),('y',2)]\nassert sorted(a.keys())==['x','y'] and len(a)==2 and {**a}=={'x':1,'y':2}",
    ),
    script(
        "iadd",
        "class C:\n    def __init__(s): s.n=0\n    def __iadd__(s,o): s.n+=o; return s",
        "c=C()\nc+=5\nassert c.n==5",
    ),
]

ODDITIES = [*STDIO, *PAIRS, *HELD_BY_BOTH]
