"""The same sample, again and again on a machine kept busy by others, gets one verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.namespace import NamespaceProvider
from proctor.settings import Settings
from proctor.wire import Limits, TestsAdapter

TIMES = 200
SAMPLES = {
    "passed": ("def f(x):\n    return sorted(set(x))", {"args": [[3, 1, 3]], "expected": [1, 3]}),
    "wrong_answer": ("def f(x):\n    return x", {"args": [[3, 1, 3]], "expected": [1, 3]}),
    "runtime_error": ("import os\ndef f(x):\n    os._exit(0)", {"args": [1], "expected": 1}),
}


@pytest.fixture
def busy() -> Iterator[None]:
    """Two processes per core that never rest."""
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("verdict", SAMPLES)
def test_one_sample_has_one_verdict(verdict: str) -> None:
    code, case = SAMPLES[verdict]
    tests = TestsAdapter.validate_python({"kind": "function", "entry_point": "f", "cases": [case]})
    unit = Unit("python", code, tests, Limits(cpu_s=2, wall_s=20), "first_failure")
    provider = NamespaceProvider(Settings())
    try:
        session = provider.session()
        assert Counter(judge(unit, session).verdict.value for _ in range(TIMES)) == {verdict: TIMES}
    finally:
        provider.close()
