"""What the image brings beyond the interpreter: numpy, pandas and pytest, in candidates and in tests."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from docker_session import docker_session

from proctor.judge.outcome import Outcome
from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Session
from proctor.wire import Limits, TestsAdapter, Verdict

__all__ = ["docker_session"]  # the fixture `session`

pytestmark = pytest.mark.docker
LIMITS = Limits(cpu_s=20, wall_s=60, memory_mib=1024, sample_wall_s=120)

SOLUTION = dedent("""
    import numpy as np
    import pandas as pd

    def scale(a, k):
        return np.asarray(a) * k

    def mean(a):
        return np.mean(a)

    def fill(a):
        a[:] = 7

    def frame():
        return pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})

    def column():
        return frame()["x"]
    """)


def judged(session: Session, code: str, tests: dict[str, Any], stop: str = "first_failure") -> Outcome:
    made = TestsAdapter.validate_python(tests)
    return judge(Unit("python", dedent(code), made, LIMITS, stop), session)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "test",
    [
        "import numpy as np\nassert (scale([1, 2], 3) == np.array([3, 6])).all()",
        "import numpy as np\nnp.testing.assert_allclose(scale(np.ones((2, 3)), 0.5), np.full((2, 3), 0.5))",
        "assert scale([1, 2], 2).tolist() == [2, 4] and scale([1], 1).dtype.kind == 'i'",
        "assert mean([1, 2, 3]) == 2 and abs(mean([1, 2]) - 1.5) < 1e-9 and isinstance(mean([1, 2]), float)",
        "import numpy as np\na = np.zeros(3)\nfill(a)\nassert a.tolist() == [7, 7, 7]",
        "import pandas as pd\npd.testing.assert_frame_equal(frame(), pd.DataFrame({'x': [1, 2], 'y': ['a', 'b']}))",
        "import pandas as pd\nassert column().sum() == 3 and list(column().index) == [0, 1]",
    ],
)
def test_numpy_and_pandas_cross(session: Session, test: str) -> None:
    outcome = judged(session, SOLUTION, {"kind": "script", "code": test})
    assert outcome.verdict is Verdict.PASSED, outcome


@pytest.mark.parametrize(
    ("result", "expected", "verdict"),
    [
        ("np.int64(3)", 3, "passed"),
        ("np.array([[1, 2]])", [[1, 2]], "passed"),
        ("[np.float64(0.5), (np.bool_(True),)]", [0.5, [True]], "passed"),
        ("{np.int32(1): np.str_('a')}", {"1": "a"}, "passed"),
        ("np.array([1, 3])", [1, 2], "wrong_answer"),
        ("np.array(['x'], dtype=object)", ["x"], "passed"),
        ("np.matrix([[1, 2], [3, 4]])", [[1, 2], [3, 4]], "passed"),
        ("np.matrix([[1, 2]])", [[1, 3]], "wrong_answer"),
    ],
)
def test_numpy_results_of_functions(session: Session, result: str, expected: Any, verdict: str) -> None:
    tests = {"kind": "function", "entry_point": "f", "cases": [{"args": [], "expected": expected}]}
    outcome = judged(session, f"import numpy as np\ndef f():\n    return {result}", tests)
    assert outcome.verdict.value == verdict, outcome


def test_matrices_of_numpy_are_matrices(session: Session) -> None:
    test = """
        import numpy as np
        m = grid()
        assert isinstance(m, np.matrix) and m.shape == (2, 2) and m[0, 1] == 2
        assert (m * m == np.matrix([[7, 10], [15, 22]])).all() and np.allclose(m.I @ m, np.eye(2))
        assert np.asarray(m).tolist() == [[1, 2], [3, 4]]
        """
    code = "import numpy as np\ndef grid(): return np.matrix([[1, 2], [3, 4]])"
    assert judged(session, code, {"kind": "script", "code": dedent(test)}).verdict is Verdict.PASSED


def test_objects_of_the_tests_cross_from_pytest(session: Session) -> None:
    file = """
        from solution import grow
        class Box:
            def __init__(self): self.size = 1
            def doubled(self): return self.size * 2
        def test_box():
            box = Box()
            assert grow(box) == 4 and box.size == 2
        """
    code = "def grow(box):\n    box.size += 1\n    return box.doubled()"
    tests = {"kind": "pytest", "files": {"test_a.py": dedent(file)}}
    assert judged(session, code, tests).verdict is Verdict.PASSED


def test_numpy_that_equals_everything_is_not_paid(session: Session) -> None:
    code = """
        import numpy as np
        class A(np.ndarray):
            def __eq__(self, other): return np.bool_(True)
        def scale(a, k): return np.zeros(2).view(A)
        """
    tests = {"kind": "script", "code": "import numpy as np\nassert (scale([1, 2], 3) == np.array([3, 6])).all()"}
    assert judged(session, code, tests).verdict.value in ("wrong_answer", "runtime_error")


ADD = "class Full(Exception): pass\ndef add(a, b):\n    if a < 0: raise Full('negative')\n    return a + b"
FILES = {
    "test_solution.py": dedent("""
        import pytest
        from solution import *
        import solution

        @pytest.fixture
        def three():
            return 3

        @pytest.mark.parametrize("a, b", [(1, 2), (2, 1)])
        def test_add(a, b, three, request):
            assert add(a, b) == three
            assert request.node.name.startswith("test_add")

        class TestErrors:
            def test_raises(self):
                with pytest.raises(solution.Full, match="neg"):
                    add(-1, 0)
        """)
}


def test_pytest_items_are_cases(session: Session) -> None:
    outcome = judged(session, ADD, {"kind": "pytest", "files": FILES})
    assert (outcome.verdict, outcome.passed, len(outcome.cases)) == (Verdict.PASSED, 3, 3), outcome


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("wrong", "class Full(Exception): pass\ndef add(a, b): return a - b", "wrong_answer"),
        ("a name missing", "def add(a, b): return a + b", "wrong_answer"),
        ("exits at import", "import os\nos._exit(0)", "runtime_error"),
        ("exits in the call", "import os\nclass Full(Exception): pass\ndef add(a, b): os._exit(0)", "runtime_error"),
        ("SystemExit", "class Full(Exception): pass\ndef add(a, b): raise SystemExit(0)", "wrong_answer"),
        (
            "a skip",
            "import pytest\nclass Full(Exception): pass\ndef add(a, b): pytest.skip('no')",
            "wrong_answer",
        ),
        (
            "an exit of pytest's",
            "import pytest\nclass Full(Exception): pass\ndef add(a, b): pytest.exit('x', 0)",
            "wrong_answer",
        ),
        (
            "equals everything",
            "class Full(Exception): pass\nclass E:\n    __eq__ = lambda s, o: True\ndef add(a, b): return E()",
            "wrong_answer",
        ),
        (
            "a fixture's name",
            "class Full(Exception): pass\ndef three(): return 9\ndef add(a, b): return 9",
            "wrong_answer",
        ),
        (
            "patches pytest",
            "import pytest, _pytest.runner\nclass Full(Exception): pass\n_pytest.runner.call_runtest_hook = None\n"
            "def add(a, b): return 0",
            "wrong_answer",
        ),
    ],
)
def test_pytest_pays_nobody_for_nothing(session: Session, name: str, code: str, verdict: str) -> None:
    outcome = judged(session, code, {"kind": "pytest", "files": FILES})
    assert outcome.verdict.value == verdict, (name, outcome)


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("from solution import add\ndef test_f(capsys):\n    add(1, 2)", "capsys"),
        ("from solution import add\ndef test_f(tmp_path):\n    add(tmp_path / 'a', 2)", "tmp_path"),
        ("from solution import add\ndef test_f(monkeypatch):\n    add(1, 2)", "monkeypatch"),
        (
            "from unittest.mock import patch\nfrom solution import add\n@patch('solution.add')\ndef test_f(m): m()",
            "patch",
        ),
        ("import pytest\nfrom solution import add\n@pytest.mark.skip\ndef test_f(): assert add(1, 2) == 3", "skip"),
        ("import pytest\nfrom solution import add\n@pytest.mark.xfail\ndef test_f(): assert add(1, 2) == 4", "fail"),
        ("def test_f(): assert True", "imports solution"),
        ("from solution import add\ndef helper(): pass", "no test"),
        ("from solution import add\ndef test_f(:", "compile"),
    ],
)
def test_pytest_files_that_cannot_count(session: Session, test: str, why: str) -> None:
    outcome = judged(session, ADD, {"kind": "pytest", "files": {"test_a.py": test}})
    assert outcome.verdict is Verdict.INVALID, outcome
    assert outcome.error is not None
    assert outcome.error.code == "tests_invalid"
    assert why in outcome.error.message
