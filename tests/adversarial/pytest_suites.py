"""Suites for pytest, each with the code that it examines and the verdict that this gets."""

from __future__ import annotations

from dataclasses import dataclass

SOLUTION = """
import math
CONST = 7
class Stack:
    def __init__(self): self.items=[]
    def push(self,x): self.items.append(x)
    def pop(self):
        if not self.items: raise IndexError('pop from empty stack')
        return self.items.pop()
    def __len__(self): return len(self.items)
class MyErr(ValueError):
    def __init__(self, msg, code=0):
        super().__init__(msg); self.code=code
def add(a,b): return a+b
def div(a,b):
    if b==0: raise ZeroDivisionError('division by zero!')
    return a/b
def fail(x): raise MyErr(f'bad value: {x}', code=3)
def circle(r): return math.pi*r*r
def vec(): return [0.1+0.2, 1/3]
def dct(): return {'a':0.1+0.2}
def gen(n):
    for i in range(n): yield i
"""


@dataclass(frozen=True)
class Suite:
    """name: what is used; files: the tests'; verdict: what `code` gets of them."""

    name: str
    code: str
    files: dict[str, str]
    module: str
    verdict: str


HONEST = [
    Suite(
        "fixtures",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nfrom solution import Stack, add, div\n@pytest.fixture\ndef stack():\n    s=Stack(); s.push(1); s.push(2)\n    return s\n@pytest.fixture(scope='module')\ndef shared(): return []\n@pytest.fixture(autouse=True)\ndef auto(): yield\n@pytest.fixture(params=[1,2])\ndef num(request): return request.param\ndef test_len(stack): assert len(stack)==2\ndef test_pop(stack):\n    assert stack.pop()==2\n    assert stack.pop()==1\n    with pytest.raises(IndexError, match='empty stack'): stack.pop()\ndef test_num(num, shared):\n    shared.append(num)\n    assert add(num,0)==num\n@pytest.mark.parametrize('a,b,c',[(1,2,3),(0,0,0),('a','b','ab'),([1],[2],[1,2])],ids=['x','y','z','w'])\ndef test_add(a,b,c): assert add(a,b)==c\n@pytest.mark.parametrize('x',[1,2])\n@pytest.mark.parametrize('y',[3,4])\ndef test_grid(x,y): assert add(x,y)==x+y\nclass TestDiv:\n    def setup_method(self): self.v=4\n    def teardown_method(self): pass\n    @classmethod\n    def setup_class(cls): cls.k=2\n    def test_div(self): assert div(self.v,self.k)==2\n    def test_zero(self):\n        with pytest.raises(ZeroDivisionError) as e: div(1,0)\n        assert 'zero' in str(e.value) and e.type is ZeroDivisionError\ndef setup_module(m): pass\ndef teardown_function(f): pass\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "approx raises",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nimport solution\nimport solution as s\nfrom solution import *\ndef test_approx():\n    assert circle(1)==pytest.approx(3.14159, rel=1e-4)\n    assert vec()==pytest.approx([0.3,1/3])\n    assert dct()==pytest.approx({'a':0.3})\n    assert s.add(0.1,0.2)==pytest.approx(0.3)\ndef test_err():\n    with pytest.raises(MyErr, match=r'bad value: \\d+') as ei: fail(5)\n    assert ei.value.code==3\n    with pytest.raises(ValueError): s.fail(1)\n    with pytest.raises((KeyError,ValueError)): solution.fail(1)\n    with pytest.raises(TypeError): add(1)\n    with pytest.raises(TypeError): add(1,'a')\n    with pytest.raises(s.MyErr): fail(1)\ndef test_const(): assert CONST==7==s.CONST\ndef test_gen(): assert list(gen(3))==[0,1,2]\n@pytest.mark.slow\ndef test_marked(): assert add(1,1)==2\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "unittest style",
        SOLUTION,
        {
            "test_solution.py": "import unittest\nfrom solution import add, div, Stack, MyErr, fail\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): cls.s=Stack()\n    def setUp(self): self.n=1\n    def tearDown(self): pass\n    def test_sub(self):\n        for a in range(3):\n            with self.subTest(a=a): self.assertEqual(add(a,1),a+1)\n    def test_raises(self):\n        self.assertRaises(ZeroDivisionError, div, 1, 0)\n        with self.assertRaises(MyErr) as cm: fail(1)\n        self.assertEqual(cm.exception.code,3)\n        self.assertAlmostEqual(div(1,3),0.3333,places=3)\n    def test_x(self):\n        self.addCleanup(lambda: None)\n        self.assertListEqual(add([1],[2]),[1,2])\n        self.assertIsInstance(self.s,Stack)\n        self.assertCountEqual(add([1],[2]),[2,1])\nif __name__=='__main__': unittest.main()\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "caplog recwarn request tmp",
        "import warnings,logging\ndef f():\n    warnings.warn('x',DeprecationWarning)\n    return 1\ndef g():\n    logging.getLogger('z').warning('hello')\n    return 2",
        {
            "test_solution.py": "import pytest\nfrom solution import f, g\ndef test_a():\n    assert f()==1\ndef test_b(request):\n    assert g()==2 and request.node.name=='test_b'\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "async via asyncio",
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x+1",
        {
            "test_solution.py": "import asyncio\nfrom solution import f\ndef test_a(): assert asyncio.run(f(1))==2\ndef test_b():\n    async def go(): return await asyncio.gather(f(1),f(2))\n    assert asyncio.run(go())==[2,3]\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "helper funcs and dataclass params",
        SOLUTION,
        {
            "test_solution.py": "import pytest, dataclasses\nfrom solution import add, Stack\n@dataclasses.dataclass\nclass Case:\n    a: int\n    b: int\n    out: int\nCASES=[Case(1,2,3),Case(2,2,4)]\n@pytest.mark.parametrize('case',CASES)\ndef test_c(case): assert add(case.a,case.b)==case.out\ndef check(s,n): assert len(s)==n\ndef test_s():\n    s=Stack()\n    for i in range(5): s.push(i)\n    check(s,5)\n    assert [s.pop() for _ in range(5)]==[4,3,2,1,0]\n    assert not s.items\n@pytest.fixture\ndef factory():\n    def make(*xs):\n        s=Stack()\n        for x in xs: s.push(x)\n        return s\n    return make\ndef test_f(factory): assert len(factory(1,2))==2\n@pytest.mark.usefixtures('factory')\nclass TestX:\n    s=Stack()\n    def test_1(self): assert isinstance(self.s,Stack)\n    @pytest.mark.parametrize('n',range(3))\n    def test_2(self,n): assert add(n,n)==2*n\n    @staticmethod\n    def helper(): return 1\n    def test_3(self): assert self.helper()==1\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "candidate classes in parametrize",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nimport solution\nfrom solution import *\n@pytest.mark.parametrize('err',[MyErr,ValueError])\ndef test_e(err):\n    with pytest.raises(err): fail(1)\n@pytest.mark.parametrize('fn,args,out',[(add,(1,2),3),(div,(4,2),2)])\ndef test_f(fn,args,out): assert fn(*args)==out\n@pytest.mark.parametrize('s',[Stack()])\ndef test_s(s): assert len(s)==0\ndef test_raises_msg():\n    try: fail(9)\n    except MyErr as e: assert '9' in str(e)\n    else: pytest.fail('no error')\n"
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "two files",
        SOLUTION,
        {
            "test_a.py": "from solution import add\nfrom helpers import ONE\ndef test_a(): assert add(ONE,1)==2",
            "helpers.py": "ONE=1",
            "tests/test_b.py": "import solution\ndef test_b(): assert solution.add(1,2)==3",
        },
        module="solution",
        verdict="passed",
    ),
    Suite(
        "other module",
        SOLUTION,
        {"test_a.py": "from mymod import add\nimport mymod as m\ndef test_a(): assert add(1,1)==2 and m.CONST==7"},
        module="mymod",
        verdict="passed",
    ),
]

#: Skipped, expected to fail, not collected, failing only in a subtest or at teardown; or not to be had in two processes.
NOT_PAID = [
    Suite(
        "subtest fails",
        SOLUTION.replace("return a+b", "return a+b if a!=2 else 0"),
        {
            "test_solution.py": "import unittest\nfrom solution import add\nclass T(unittest.TestCase):\n    def test_sub(self):\n        for a in range(4):\n            with self.subTest(a=a): self.assertEqual(add(a,1),a+1)\n"
        },
        module="solution",
        verdict="wrong_answer",
    ),
    Suite(
        "skip in body",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nfrom solution import add\ndef test_a():\n    if add(1,1)==2: pytest.skip('no')\n    assert False\n"
        },
        module="solution",
        verdict="wrong_answer",
    ),
    Suite(
        "xfail mark",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nfrom solution import add\n@pytest.mark.xfail\ndef test_a(): assert add(1,1)==3\n"
        },
        module="solution",
        verdict="invalid",
    ),
    Suite(
        "importorskip",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nnp=pytest.importorskip('nonexistent_mod')\nfrom solution import add\ndef test_a(): assert add(1,1)==3\n"
        },
        module="solution",
        verdict="wrong_answer",
    ),
    Suite(
        "yield fixture teardown fails",
        SOLUTION,
        {
            "test_solution.py": "import pytest\nfrom solution import add\n@pytest.fixture\ndef f():\n    yield 1\n    assert add(1,1)==3\ndef test_a(f): assert add(1,1)==2\n"
        },
        module="solution",
        verdict="wrong_answer",
    ),
    Suite(
        "warns",
        "import warnings\ndef f():\n    warnings.warn('old',DeprecationWarning)\n    return 1",
        {
            "test_solution.py": "import pytest\nfrom solution import f\ndef test_a():\n    with pytest.warns(DeprecationWarning): assert f()==1\n"
        },
        module="solution",
        verdict="invalid",
    ),
]
