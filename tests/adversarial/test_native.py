"""Hacks in languages that compile: no program is paid for what it did not do, no compiler is a way out or a bomb."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from docker_session import docker_in_tiers

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.provider import Session
from proctor.wire import Case, Limits, ScriptTests, StdioTests, Verdict

from .native_hacks import BUILD_HACKS, CPP_TESTS, GO_TESTS, IN_EVERY_TIER, RUST_TESTS, SCRIPT_HACKS, NativeHack

__all__ = ["docker_in_tiers"]  # the fixture `docker`

pytestmark = pytest.mark.docker

LIMITS = Limits(
    cpu_s=2, wall_s=6, memory_mib=256, output_kib=256, processes=32, disk_mib=32, compile_s=20, sample_wall_s=20
)
HONEST = {
    "cpp": ("int add(int a, int b) { return a + b; }", CPP_TESTS),
    "go": ("func Add(a, b int) int { return a + b }", GO_TESTS),
    "rust": ("fn add(a: i32, b: i32) -> i32 { a + b }", RUST_TESTS),
}


def in_tiers(hacks: Iterable[NativeHack]) -> pytest.MarkDecorator:
    """All in tier B, and in tier A those whose end depends on the tier."""
    every = [(tier, hack) for tier in ("B", "A") for hack in hacks if tier == "B" or hack.name in IN_EVERY_TIER]
    named = [pytest.param(tier, hack, id=f"{tier}-{hack.language}-{hack.name}") for tier, hack in every]
    return pytest.mark.parametrize(("docker", "hack"), named, indirect=["docker"])


@contextmanager
def lent(provider: DockerProvider, language: str) -> Iterator[Session]:
    session = provider.session(language)
    try:
        yield session
    finally:
        provider.give_back(session)


def script(language: str, code: str, tests: str, limits: Limits = LIMITS) -> Unit:
    return Unit(language, code, ScriptTests(kind="script", code=tests), limits, "first_failure")


@in_tiers(SCRIPT_HACKS)
def test_hack_is_not_paid(hack: NativeHack, docker: DockerProvider) -> None:
    assert hack.script is not None
    with lent(docker, hack.language) as session:
        outcome = judge(script(hack.language, hack.code, hack.script), session)
    assert outcome.verdict.value in hack.verdicts, outcome


@in_tiers(BUILD_HACKS)
def test_building_is_bounded(hack: NativeHack, docker: DockerProvider) -> None:
    limits = LIMITS.model_copy(update=hack.limits)
    tests = StdioTests(kind="stdio", cases=[Case(stdin="", stdout="yes\n")])
    began = time.monotonic()
    with lent(docker, hack.language) as session:
        outcome = judge(Unit(hack.language, hack.code, tests, limits, "all"), session)
    assert outcome.verdict.value in hack.verdicts, outcome
    assert time.monotonic() - began < 2 * limits.compile_s + 60
    assert all(len(case.detail or "") < 10_000 for case in outcome.cases)
    assert "root:$" not in str(outcome)
    assert "root:*" not in str(outcome)


@pytest.mark.parametrize("docker", ["B", "A"], indirect=True)
@pytest.mark.parametrize("language", sorted(HONEST))
def test_honest_code_passes_after_all_that(language: str, docker: DockerProvider) -> None:
    code, tests = HONEST[language]
    with lent(docker, language) as session:
        assert judge(script(language, code, tests), session).verdict is Verdict.PASSED
