"""Hacks with classes: objects that extend built-in ones, decorators, functions that come back."""

from __future__ import annotations

from typing import Any

from .hacks import ADD, ASSERTS, CHECK, FAILED, NEAR, SORTED, hack


def script(code: str) -> tuple[dict[str, Any], ...]:
    return ({"kind": "script", "code": code},)


#: A test of what a sorted list is like, not of which it is.
IN_ORDER = script(
    "data = [3, 1, 2]\nr = order(data)\nassert len(r) >= 0 and sorted(r) == [1, 2, 3]\n"
    "assert all(r[i] <= r[i + 1] for i in range(len(r) - 1))\nassert list(r) == list(r)[:3] and r[0] == 1"
)

CLASS_HACKS = [
    hack(
        "an int that is near, rounded and truncated to everything",
        """
        class I(int):
            def __eq__(self, o): return True
            __ne__ = lambda self, o: False
            __hash__ = int.__hash__
            __sub__ = __rsub__ = __abs__ = __round__ = __mod__ = lambda self, *a: I(0)
            __lt__ = __gt__ = __le__ = __ge__ = lambda self, o: True
            __bool__ = lambda self: False
        def add(a, b): return I(7)
        """,
        tests=(ADD, CHECK, ASSERTS, NEAR, *script("assert not add(1, 2) - 3\nassert round(add(1, 2) - 3, 6) == 0")),
    ),
    hack(
        "a str that contains, starts and equals everything",
        """
        class S(str):
            __contains__ = __eq__ = startswith = lambda self, *a: True
            __hash__ = str.__hash__
        def add(a, b): return S('7')
        """,
        tests=script("r = add(1, 2)\nassert r == '3' and '3' in r"),
    ),
    hack(
        "a list that says it is shorter than it is",
        "class L(list):\n    def __len__(self): return 1\ndef order(x): return L(x)",
        tests=IN_ORDER,
    ),
    hack(
        "a list whose items differ from its iteration",
        """
        class L(list):
            def __getitem__(self, i): return list.__getitem__(sorted(self), i) if isinstance(i, int) else self
        def order(x): return L(x)
        """,
        tests=(SORTED,),
    ),
    hack(
        "a list that iterates in another order than it has",
        "class L(list):\n    def __iter__(self): return iter([1, 2, 3])\ndef order(x): return L(x)",
        tests=(SORTED,),
    ),
    hack(
        "a dict that has every key",
        """
        class D(dict):
            def __missing__(self, k): return 3
            def __contains__(self, k): return True
            def __eq__(self, o): return True
            __hash__ = lambda self: 0
        def add(a, b): return D()
        """,
        tests=script("r = add(1, 2)\nassert r == {'sum': 3}\nassert 'sum' in r"),
    ),
    hack(
        "a tuple with fields that differ from it",
        """
        from collections import namedtuple
        class P(namedtuple('P', 'x y')):
            x = property(lambda self: 1)
            __eq__ = lambda self, o: True
            __hash__ = tuple.__hash__
        def add(a, b): return P(7, 7)
        """,
        tests=script("assert add(1, 2) == (1, 2)"),
    ),
    hack(
        "a UserDict that equals everything",
        "from collections import UserDict\nclass D(UserDict):\n    def __eq__(self, o): return True\ndef add(a, b): return D()",
        tests=script("assert add(1, 2) == {'sum': 3}"),
    ),
    hack(
        "a UserList whose data is not the same twice",
        """
        from collections import UserList
        n = 0
        class L(UserList):
            @property
            def data(self):
                global n
                n += 1
                return [n]
            @data.setter
            def data(self, x): pass
        def add(a, b): return L()
        """,
        tests=script("assert add(1, 2) == [3]"),
    ),
    hack(
        "an enumeration that equals its value",
        "from enum import Enum\nclass E(Enum):\n    A = 3\ndef add(a, b): return E.A",
        tests=(ADD, ASSERTS, CHECK),
    ),
    hack(
        "subtracts in place to nothing",
        """
        class E:
            def __isub__(self, o): return self
            def __abs__(self): return 0
            __bool__ = lambda self: False
            __int__ = __round__ = __float__ = lambda self, *a: 0.0
        def add(a, b): return E()
        """,
        tests=(
            *script("r = add(1, 2)\nr -= 3\nassert abs(r) < 1e-6"),
            *script("r = add(1, 2)\nr -= 3\nassert not r"),
            *script("r = add(1, 2)\nr -= 3\nassert float(r) == 0"),
        ),
    ),
    hack(
        "a decorator that changes a class of the tests",
        """
        def prepared(cls):
            cls.__eq__ = lambda self, o: True
            return cls
        """,
        tests=script("@prepared\nclass A:\n    def __init__(self, x): self.x = x\nassert A(1) == A(2)"),
    ),
    hack(
        "marks a function of the tests with what it has",
        """
        def apply(f, x):
            for name in ('__code__', '__call__', '__defaults__', 'expected'):
                try: setattr(f, name, lambda *a: x)
                except AttributeError: pass
            return f
        """,
        tests=script("def g(x): return x + 1\ng.expected = 2\nassert apply(g, 5)(1) == g.expected == 5"),
    ),
    hack(
        "reads the documentation of a function of the tests",
        "def apply(f, x):\n    return int(str(f.__doc__).split()[-1])",
        tests=script("def g(x):\n    'g of 1 is 2'\n    return x + 1\nassert apply(g, 1) == g(1)"),
    ),
    hack(
        "gives a function of the tests back and calls it later",
        """
        kept = []
        def apply(f, x):
            kept.append(f)
            return f(x)
        def add(a, b): return kept[0](a)
        def again(): return kept[0]
        """,
        *FAILED,
        tests=script("def g(x): return x + 2\nassert apply(g, 1) == 3\nassert again() is g\nassert add(40, 2) == 42"),
    ),
]
