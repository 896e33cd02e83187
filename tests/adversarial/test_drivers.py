"""Hacks of JavaScript, TypeScript, Java and C++ functions: tests and code are two programs, so none of them is paid."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from docker_session import docker_in_tiers

from proctor.judge.outcome import Outcome
from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.wire import FunctionTests, Limits, ScriptTests, Verdict

from .driver_hacks import (
    CPP,
    CPP_CASES,
    HONEST,
    IN_EVERY_TIER,
    JAVA,
    JAVA_TESTS,
    JAVASCRIPT,
    JAVASCRIPT_TESTS,
    LOOSE,
    LOOSE_TESTS,
)

__all__ = ["docker_in_tiers"]  # the fixture `docker`

pytestmark = pytest.mark.docker

LIMITS = Limits(
    cpu_s=5, wall_s=15, memory_mib=256, output_kib=256, processes=32, disk_mib=32, compile_s=20, sample_wall_s=30
)


def in_tiers(names: Iterable[str]) -> pytest.MarkDecorator:
    """All in tier B, and in tier A those whose end depends on the tier."""
    every = [(tier, name) for tier in ("B", "A") for name in names if tier == "B" or name in IN_EVERY_TIER]
    return pytest.mark.parametrize(("docker", "name"), every, indirect=["docker"])


def verdict(provider: DockerProvider, language: str, code: str, tests: str | FunctionTests) -> Outcome:
    session = provider.session(language)
    try:
        script = ScriptTests(kind="script", code=tests) if isinstance(tests, str) else tests
        unit = Unit(language, code, script, LIMITS, "first_failure")
        return judge(unit, session)
    finally:
        provider.give_back(session)


def not_paid(outcome: Outcome) -> None:
    assert outcome.verdict not in (Verdict.PASSED, Verdict.INVALID), outcome


@pytest.mark.parametrize("docker", ["B", "A"], indirect=True)
@pytest.mark.parametrize("language", HONEST)
def test_honest_code_passes(language: str, docker: DockerProvider) -> None:
    outcome = verdict(docker, language, *HONEST[language])
    assert outcome.verdict is Verdict.PASSED, outcome


@in_tiers(JAVASCRIPT)
def test_javascript(name: str, docker: DockerProvider) -> None:
    not_paid(verdict(docker, "javascript", JAVASCRIPT[name], JAVASCRIPT_TESTS))


@in_tiers(LOOSE)
def test_loose_equality(name: str, docker: DockerProvider) -> None:
    not_paid(verdict(docker, "javascript", LOOSE[name], LOOSE_TESTS))


@in_tiers(JAVA)
def test_java(name: str, docker: DockerProvider) -> None:
    not_paid(verdict(docker, "java", JAVA[name], JAVA_TESTS))


@in_tiers(CPP)
def test_cpp(name: str, docker: DockerProvider) -> None:
    tests = FunctionTests.model_validate({"kind": "function", "entry_point": "add", "cases": CPP_CASES})
    not_paid(verdict(docker, "cpp", CPP[name], tests))
