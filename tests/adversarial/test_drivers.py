"""Hacks of JavaScript, TypeScript and Java: tests and code are two programs, so none of them is paid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proctor.judge.outcome import Outcome
from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.settings import Settings
from proctor.wire import Limits, ScriptTests, Verdict

from .driver_hacks import HONEST, JAVA, JAVA_TESTS, JAVASCRIPT, JAVASCRIPT_TESTS, LOOSE, LOOSE_TESTS

pytestmark = pytest.mark.docker

LIMITS = Limits(
    cpu_s=5, wall_s=15, memory_mib=256, output_kib=256, processes=32, disk_mib=32, compile_s=20, sample_wall_s=30
)


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerProvider]:
    made = DockerProvider(Settings(min_tier="B"), tier="B")
    try:
        yield made
    finally:
        made.close()


def verdict(provider: DockerProvider, language: str, code: str, tests: str) -> Outcome:
    session = provider.session(language)
    try:
        unit = Unit(language, code, ScriptTests(kind="script", code=tests), LIMITS, "first_failure")
        return judge(unit, session)
    finally:
        provider.give_back(session)


def not_paid(outcome: Outcome) -> None:
    assert outcome.verdict not in (Verdict.PASSED, Verdict.INVALID), outcome


@pytest.mark.parametrize("language", HONEST)
def test_honest_code_passes(language: str, docker: DockerProvider) -> None:
    outcome = verdict(docker, language, *HONEST[language])
    assert outcome.verdict is Verdict.PASSED, outcome


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_javascript(name: str, docker: DockerProvider) -> None:
    not_paid(verdict(docker, "javascript", JAVASCRIPT[name], JAVASCRIPT_TESTS))


@pytest.mark.parametrize("name", LOOSE)
def test_loose_equality(name: str, docker: DockerProvider) -> None:
    not_paid(verdict(docker, "javascript", LOOSE[name], LOOSE_TESTS))


@pytest.mark.parametrize("name", JAVA)
def test_java(name: str, docker: DockerProvider) -> None:
    not_paid(verdict(docker, "java", JAVA[name], JAVA_TESTS))
