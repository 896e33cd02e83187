"""Scripts that are programs: what they run below `if __name__ == "__main__"`, and by unittest, counts."""

from __future__ import annotations

from .hacks import Hack, hack
from .oddities import Oddity, script

_CASE = """import unittest
class T(unittest.TestCase):
    def test_sum(self): self.assertEqual(add(1, 2), 3)
    def test_zero(self): self.assertEqual(add(0, 0), 0)
"""
_FOUND = "unittest.defaultTestLoader.loadTestsFromTestCase(T)"
PROGRAMS = {
    "unittest.main()": f"{_CASE}unittest.main()",
    "unittest.main() of a program": f"{_CASE}if __name__ == '__main__':\n    unittest.main(verbosity=2)",
    "unittest.main() that does not exit": f"{_CASE}unittest.main(argv=['x'], exit=False)",
    "a runner whose result nobody reads": f"{_CASE}unittest.TextTestRunner().run({_FOUND})",
    "a test that runs itself": f"{_CASE}T('test_zero').run()\nT('test_sum').run()",
    "the main function of a program": (
        "def main():\n    assert add(1, 2) == 3\n    print('ok')\nif __name__ == '__main__':\n    main()"
    ),
    "functions found by name": (
        "import inspect, sys\ndef test_sum(): assert add(1, 2) == 3\n"
        "for name, f in inspect.getmembers(sys.modules[__name__], inspect.isfunction):\n"
        "    if name.startswith('test_'): f()"
    ),
}
_TESTS = tuple({"kind": "script", "code": code} for code in PROGRAMS.values())
_SKIPS = "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.skipTest('no')\n"

PROGRAM_HACKS: list[Hack] = [
    hack("a wrong result in a program of tests", "def add(a, b): return 7", tests=_TESTS),
    hack(
        "raises the skip of unittest in a program of tests",
        "import unittest\ndef add(a, b): raise unittest.SkipTest('no')",
        tests=_TESTS[:3],
    ),
    hack(
        "defines the names of a program of tests",
        "import unittest\nclass T(unittest.TestCase): pass\ndef test_sum(): pass\ndef main(*a, **k): pass\n"
        "unittest.main = main\ndef add(a, b): return 7",
        tests=_TESTS,
    ),
    hack(
        "where unittest skips and runs nothing",
        "def add(a, b): return a + b",
        tests=(
            {"kind": "script", "code": f"{_SKIPS}assert add(1, 2) == 3\nunittest.main()"},
            {"kind": "script", "code": "import unittest\nassert add(1, 2) == 3\nunittest.main()"},
        ),
    ),
]
PROGRAM_ODDITIES: list[Oddity] = [
    *(script(name, "def add(a, b): return a + b", code) for name, code in PROGRAMS.items()),
    script(
        "what a program of tests defines is in its module",
        "def same(x): return x",
        """
        import __main__, pickle, typing
        class A:
            other: 'B'
            def __init__(self): self.x = 1
        class B: pass
        assert same(__main__.A) is A
        assert pickle.loads(pickle.dumps(same(A()))).x == 1
        assert typing.get_type_hints(A) == {'other': B}
        """,
    ),
]
