"""Which tests leave nothing behind in their process."""

from __future__ import annotations

import ast

import pytest

from proctor_supervisor.pair import traces

NONE = {
    "asserts": "assert f(1) == 2",
    "check": "def check(candidate):\n    assert candidate([1]) == [1], 'x'\ncheck(f)",
    "pure imports": "import math, itertools as it\nfrom collections import Counter\nassert Counter(f()) == math.pi",
    "the solution": "from solution import f\nassert f(1)",
    "random": "import random\nrng = random.Random(3)\nassert f(rng.random())",
    "fields of objects": "a = Node(1)\na.next = Node(2)\nassert f(a).next.value == 2",
    "fields of their own": "class A:\n    def __init__(self): self.x = 1\nassert f(A()).x",
    "items": "d = {}\nd['a'] = 1\nassert f(d)",
}
SOME = {
    "system modules": "import sys\nassert f(1)",
    "files": "assert open('x').read() == f()",
    "threads": "import threading\nassert f(1)",
    "a module's attribute": "import math\nmath.pi = 3\nassert f(1)",
    "a renamed module's attribute": "import math as m\nm.pi = 3\nassert f(1)",
    "a class's attribute": "from collections import Counter\nCounter.most_common = None\nassert f(1)",
    "a module's table": "import re\nre._cache['x'] = 1\nassert f(1)",
    "a registry": "from collections.abc import Sequence\nSequence.register(int)\nassert f(1)",
    "setattr": "import math\nsetattr(math, 'pi', 3)\nassert f(1)",
    "exec": "exec('import sys')\nassert f(1)",
    "globals": "globals()['print'] = None\nassert f(1)",
    "dunders": "f.__class__.__bases__\nassert f(1)",
    "an inner import": "def g():\n    import os\n    return os\nassert f(1)",
    "coroutines": "async def g(): pass\nassert f(1)",
    "a relative import": "from . import x\nassert f(1)",
}


@pytest.mark.parametrize("name", NONE)
def test_leaves_none(name: str) -> None:
    assert traces.leaves_none(ast.parse(NONE[name]), "solution")


@pytest.mark.parametrize("name", SOME)
def test_leaves_some(name: str) -> None:
    assert not traces.leaves_none(ast.parse(SOME[name]), "solution")
