"""Suites that people write for pytest: fixtures, marks, classes, unittest; and some that must not count as passed."""

from __future__ import annotations

import pytest
from docker_session import docker_session

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Session
from proctor.wire import Limits, TestsAdapter

from .hacks import Hack
from .oddities import Oddity
from .pytest_suites import HONEST, NOT_PAID, Suite
from .value_hacks import LIBRARY_HACKS
from .value_oddities import LIBRARY_ODDITIES

__all__ = ["docker_session"]  # the fixture `session`

pytestmark = pytest.mark.docker

LIMITS = Limits(cpu_s=10, wall_s=30, memory_mib=512, sample_wall_s=60)


def verdict(suite: Suite, session: Session) -> str:
    tests = TestsAdapter.validate_python({"kind": "pytest", "files": suite.files, "module": suite.module})
    return judge(Unit("python", suite.code, tests, LIMITS, "all"), session).verdict.value


@pytest.mark.parametrize("suite", HONEST, ids=lambda s: s.name)
def test_suite_passes(suite: Suite, session: Session) -> None:
    assert verdict(suite, session) == "passed"


@pytest.mark.parametrize("oddity", LIBRARY_ODDITIES, ids=lambda o: o.name)
def test_values_of_libraries(oddity: Oddity, session: Session) -> None:
    tests = TestsAdapter.validate_python(oddity.tests)
    outcome = judge(Unit("python", oddity.code, tests, LIMITS, "all"), session)
    assert outcome.verdict.value == "passed", outcome


@pytest.mark.parametrize("hack", LIBRARY_HACKS, ids=lambda h: h.name)
def test_hack_by_libraries(hack: Hack, session: Session) -> None:
    for wire in hack.tests:
        outcome = judge(Unit("python", hack.code, TestsAdapter.validate_python(wire), LIMITS, "all"), session)
        assert outcome.verdict.value in hack.verdicts, (wire, outcome)


@pytest.mark.parametrize("suite", NOT_PAID, ids=lambda s: s.name)
def test_suite_is_not_passed(suite: Suite, session: Session) -> None:
    assert verdict(suite, session) == suite.verdict
