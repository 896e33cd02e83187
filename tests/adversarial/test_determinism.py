"""The same sample, again and again on a machine kept busy by others, gets one verdict."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.namespace import NamespaceProvider
from proctor.sandbox.provider import Provider
from proctor.settings import Settings
from proctor.wire import Limits, TestsAdapter

TIMES = 200
#: A test process of pytest's own takes half a second of these machines, so it is fewer of them.
TIMES_OF_PYTEST = 12
SAMPLES = {
    "passed": ("def f(x):\n    return sorted(set(x))", {"args": [[3, 1, 3]], "expected": [1, 3]}),
    "wrong_answer": ("def f(x):\n    return x", {"args": [[3, 1, 3]], "expected": [1, 3]}),
    "runtime_error": ("import os\ndef f(x):\n    os._exit(0)", {"args": [1], "expected": 1}),
}


SCRIPT = "s = Stack()\nfor i in range(5): s.push(i)\nassert s.pop() == 4 and len(s) == 4"
STACK = "class Stack(list):\n    push = list.append"
OTHER_KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("passed", "print(int(input()) ** 2)", {"kind": "stdio", "cases": [{"stdin": "3\n", "stdout": "9\n"}] * 2}),
    (
        "wrong_answer",
        "print(int(input()) + 6)",
        {"kind": "stdio", "cases": [{"stdin": n, "stdout": "9"} for n in "34"]},
    ),
    ("passed", STACK, {"kind": "script", "code": SCRIPT}),
    ("wrong_answer", STACK + "\n    pop = lambda s: list.pop(s, 0)", {"kind": "script", "code": SCRIPT}),
]
SUITE = """
import pytest
from solution import Stack
@pytest.mark.parametrize("n", [1, 2])
def test_push(n):
    s = Stack()
    s.push(n)
    assert s.pop() == n
"""


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
    tests = {"kind": "function", "entry_point": "f", "cases": [case]}
    assert verdicts(code, tests, NamespaceProvider(Settings()), TIMES) == {verdict: TIMES}


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    ("verdict", "code", "tests"), OTHER_KINDS, ids=["stdio", "wrong stdio", "script", "wrong script"]
)
def test_stdio_and_scripts_have_one_verdict(verdict: str, code: str, tests: dict[str, Any]) -> None:
    assert verdicts(code, tests, NamespaceProvider(Settings()), TIMES) == {verdict: TIMES}


@pytest.mark.docker
@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(("verdict", "method"), [("passed", "append"), ("wrong_answer", "remove")])
def test_suites_have_one_verdict(verdict: str, method: str) -> None:
    tests = {"kind": "pytest", "files": {"test_a.py": SUITE}}
    code = f"class Stack(list):\n    push = list.{method}"
    assert verdicts(code, tests, DockerProvider(Settings()), TIMES_OF_PYTEST) == {verdict: TIMES_OF_PYTEST}


def verdicts(code: str, tests: dict[str, Any], provider: Provider, times: int) -> Counter[str]:
    """How often the sample got which verdict."""
    unit = Unit("python", code, TestsAdapter.validate_python(tests), Limits(cpu_s=2, wall_s=20), "first_failure")
    try:
        session = provider.session()
        return Counter(judge(unit, session).verdict.value for _ in range(times))
    finally:
        provider.close()
