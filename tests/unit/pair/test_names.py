"""Which names are the candidate's, and which tests cannot be parted from it."""

from __future__ import annotations

import ast

import pytest

from proctor_supervisor.pair import names, script


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("assert add(1, 2) == 3", {"add"}),
        ("assert len(set(f([1]))) == 1", {"f"}),
        ("import math\nfrom os import path as p\nassert f(math.pi, p) == sorted([1])", {"f"}),
        ("def helper(x):\n    return g(x)\nassert helper(1)", {"g"}),
        ("x = 1\ny: int = x\nfor i in range(3):\n    z = i\nassert f(x, y, z)", {"f"}),
        ("def check(candidate):\n    assert candidate(1) == poly(2)", {"poly"}),
        ("class T:\n    k = 5\n    def m(self):\n        return self.k + LIMIT\nassert T().m()", {"LIMIT"}),
        ("assert [a for a in f() if (b := a)] and b", {"f"}),
        ("def g():\n    global state\n    state = 1\ng()\nassert state == f()", {"f"}),
        ("try:\n    f()\nexcept Custom as e:\n    assert e", {"f", "Custom"}),
        ("assert (lambda x, *a, k=d, **kw: x + y)(1)", {"d", "y"}),
        ("assert __name__ and q", {"q"}),
    ],
)
def test_unresolved(code: str, wanted: set[str]) -> None:
    assert names.unresolved(code, "tests.py") == wanted


@pytest.mark.parametrize(
    ("code", "total"),
    [
        ("assert f(1) == 1\nassert f(2) == 2", 2),
        ("import math\nx = 3\ndef h(): pass\nassert f(x) == 1\ny = 4\nassert f(y)", 2),
        ("for i in range(3):\n    assert f(i)", 1),
        ("assert f(1)\nprint(f(2))", 1),
        ("assert sum(1, 2) == 3\nassert sum(2, 2) == 4", 2),
    ],
)
def test_cases(code: str, total: int) -> None:
    read = script.read({"code": code})
    assert isinstance(read, script.Script)
    assert len(read.cases) == total


def test_check_is_one_case_and_called_once() -> None:
    code = "def check(candidate):\n    assert candidate(1) == 1\n"
    read = script.read({"code": code, "entry_point": "f"})
    assert isinstance(read, script.Script)
    assert (len(read.cases), read.calls_check, read.wanted) == (1, True, {"f"})
    calls = script.read({"code": code + "check(f)\n", "entry_point": "f"})
    assert isinstance(calls, script.Script)
    assert not calls.calls_check


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def (", "does not compile"),
        ("assert True", "never use the candidate"),
        ("assert len([1]) == len([2]) and max(1, 2)", "never use the candidate"),
        ("", "never use the candidate"),
        (
            "import pytest\ndef test_f(): assert f()\nif __name__ == '__main__':\n    pytest.main([__file__])",
            "kind pytest",
        ),
        ("def test_f():\n    assert f(1)", "never run anything"),
        ("import no_such_module_here\nassert f(1)", "does not have: no_such_module_here"),
    ],
)
def test_tests_that_cannot_be_run(code: str, why: str) -> None:
    found = script.read({"code": code})
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    "code",
    [
        "import inspect\nassert 'for' not in inspect.getsource(f)",
        "from unittest.mock import patch\nwith patch('builtins.input', return_value='1'):\n    assert f() == 1",
        "from unittest.mock import Mock\nm = Mock()\nm.find.return_value = 3\nassert f(m) == 3",
        "from unittest.mock import MagicMock\nm = MagicMock(find=len)\nassert f(m) == 3",
        "from unittest import mock\nm = mock.create_autospec(dict)\nassert f(m) == 3",
        "from unittest import mock\nwith mock.patch.object(f, 'x', 1):\n    assert f()",
        "import io, sys\nsys.stdin = io.StringIO('1')\nassert f() == 1",
        "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    f()\nassert out.getvalue()",
        "class Mine(Base):\n    pass\nassert Mine().run()",
        "assert f.__code__.co_argcount == 1",
        "def test(capsys):\n    f()\ntest(None)",
        "import sys, io\nold, sys.stdout = sys.stdout, io.StringIO()\nf()\nassert sys.stdout.getvalue()",
        "import sys as s, io\ns.stdout = io.StringIO()\nf()\nassert s.stdout.getvalue()",
        "from contextlib import redirect_stdout as r\nimport io\nwith r(io.StringIO()) as b: f()\nassert b.getvalue()",
        "from unittest.mock import patch as p\nwith p('builtins.print') as m: f()\nassert m.called",
        "import builtins as b\nb.input = lambda: 'x'\nassert f()",
        "import builtins\nsetattr(builtins, 'input', lambda: 'x')\nassert f()",
        "import time\ntime.sleep = lambda s: None\nassert f()",
        "f('x.txt')\nassert open('x.txt').read()",
        "import os\nf('x.txt')\nassert os.path.exists('x.txt')",
        "import tempfile\nwith tempfile.NamedTemporaryFile() as t: assert f(t.name)",
        "from pathlib import Path\nf('x.txt')\nassert Path('x.txt').read_text() == 'x'",
        "import pathlib as p\nf('d')\nassert (p.Path('d') / 'x').exists()",
        "from pathlib import Path\nout = Path('x.txt')\nf(str(out))\nassert out.is_file()",
        "globals()['print'] = lambda *a: None\nassert f() is None",
        "globals().update(input=lambda: '1')\nassert f() == 1",
        "import sys\nsys.modules['m'] = None\nassert f()",
        "import inspect\nassert inspect.getmembers(f)",
        "assert Vector(1, 2) * 3 == Vector(3, 6)",
        "v = Vector(1, 2)\nassert (-2 * v).x == -2",
        "import pytest\nwith pytest.warns(UserWarning): f()",
        "import unittest\nclass T(unittest.TestCase):\n    def t(self):\n        with self.assertLogs(): f()\nT().t()",
        "import warnings\nwith warnings.catch_warnings(record=True) as w: f()\nassert w",
    ],
)
def test_needs_one_process(code: str) -> None:
    read = script.read({"code": code})
    assert isinstance(read, script.Script)
    assert read.one_process


@pytest.mark.parametrize(
    "code",
    [
        "import io\nassert f(1)\nsys_stdin = io.StringIO('')",
        "from pathlib import Path\nassert f(Path('a') / 'b') == Path('a/b').name",
        "doc = Document()\ndoc.write_text('x')\nassert doc.read_text() == 'x'",
        "assert 'f' not in globals() or f()",
        "seen = {}\nseen.update(a=f(1))\nassert seen",
        "class Own:\n    pass\nassert f(Own())",
        "import inspect\nassert inspect.isfunction(len) or f()",
        "import inspect\nassert len(inspect.signature(f).parameters) == 1",
        "assert Vector(1, 2) + Vector(2, 4) == Vector(3, 6)",
        "assert Vector(1, 2).x * 3 == 3",
        "from fractions import Fraction\nassert f(Fraction(1, 2) * 3)",
        "assert Add(1, 2) | 4 and ADD(1) + 2 and add(1, 2) - 3 == 0",
        "v = Vector(1, 2)\nv = 3\nassert v * 2 == f(6)",
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    assert f()",
        "import sys\nassert f(sys.stdin is None) is not None",
        "import os\nos.environ['A'] = 'b'\nassert f(os.path.join('a', 'b'))",
        "import solution\nsolution.LIMIT = 5\nassert solution.f()",
        "import unittest\nunittest.TestCase.maxDiff = None\nassert f()",
        "from unittest.mock import Mock\nm = Mock(return_value=3)\nassert f(m) == 3\nm.assert_called_once_with(1)",
        "from unittest.mock import MagicMock\nm = MagicMock()\nm.side_effect = [1, 2]\nassert f(m) == m.call_count",
    ],
)
def test_needs_no_more_than_two_processes(code: str) -> None:
    read = script.read({"code": code})
    assert isinstance(read, script.Script)
    assert read.one_process is None


def test_names_that_class_bodies_read() -> None:
    code = "class T:\n    s = Stack()\n    @memo\n    def m(self, k=LIMIT): return f(Inner)\n    class I(Base): pass\n"
    assert names.read_in_classes(code, "tests.py") == {"Stack", "memo", "LIMIT", "Base"}


def test_tested_builtin_is_found_only_without_other_names() -> None:
    assert names.tested_builtin(ast.parse("assert sum(1, 2) == 3")) == {"sum"}
    assert names.tested_builtin(ast.parse("assert sum(1) == 3\nassert max(1) == 1")) == frozenset()
    read = script.read({"code": "assert set(f(1)) == set([1])"})
    assert isinstance(read, script.Script)
    assert read.wanted == {"f"}
