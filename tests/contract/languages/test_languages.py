"""Every language's table through the docker provider, in each tier, and what all languages share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from docker_session import docker_in_tiers

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.families import image_name
from proctor.sandbox.provider import Session
from proctor.settings import Settings
from proctor.wire import Case, Checker, Limits, StdioTests, Verdict
from proctor_supervisor.languages.table import COMMANDED

from . import c, cpp, go, rust
from .table import Row

__all__ = ["docker_in_tiers"]  # the fixture `docker`

pytestmark = pytest.mark.docker

TABLES = {"c": c.ROWS, "cpp": cpp.ROWS, "go": go.ROWS, "rust": rust.ROWS}
LIMITS = Limits(cpu_s=4, wall_s=20, memory_mib=256, processes=16, disk_mib=8, sample_wall_s=40)
EVERY = [pytest.param(name, row, id=f"{name}-{row.name}") for name, rows in TABLES.items() for row in rows]


@contextmanager
def lent(provider: DockerProvider, language: str) -> Iterator[Session]:
    session = provider.session(language)
    try:
        yield session
    finally:
        provider.give_back(session)


def unit(language: str, code: str, tests: StdioTests, limits: dict[str, Any]) -> Unit:
    return Unit(language, code, tests, LIMITS.model_copy(update=limits), "all")


@pytest.mark.parametrize(("language", "row"), EVERY)
def test_row(language: str, row: Row, docker: DockerProvider) -> None:
    tests = StdioTests(kind="stdio", cases=[Case(stdin=row.stdin, stdout=row.stdout)])
    with lent(docker, language) as session:
        outcome = judge(unit(language, row.code, tests, row.limits), session)
    assert outcome.verdict.value == row.verdict, outcome


def test_every_language_of_an_image_says_its_version(docker: DockerProvider) -> None:
    found = docker.languages()
    assert set(TABLES) <= set(found)
    assert all(version[0].isdigit() for version in found.values())


def test_the_precompiled_header_fits_the_command() -> None:
    """g++ says with -H which header it took (`!`) and which it passed over (`x`)."""
    source = "#include <bits/stdc++.h>\nint main(){}"
    (command,) = COMMANDED["cpp"].compile(source, ["main.cpp"])
    script = f"cd /tmp && echo '{source}' > main.cpp && {' '.join(command)} -H 2>&1 | grep stdc++.h.gch"
    image = image_name(Settings(), "cpp")
    run = ["docker", "run", "--rm", "--network=none", "--tmpfs=/tmp:mode=1777", "--entrypoint=/bin/sh", str(image)]
    said = subprocess.run([*run, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert said.stdout.startswith("! "), said


def test_compiled_once_for_all_cases(docker: DockerProvider) -> None:
    """What a compiler leaves is the same for every case; a case that destroys its own copy harms none after it."""
    code = "#include <stdio.h>\n#include <unistd.h>\nint main(int n,char**v){remove(v[0]);puts(__TIME__);}"
    with lent(docker, "c") as session:
        program = session.program("c", code.encode(), LIMITS, cases=2)
        first, second = program.run(), program.run()
        program.close()
        again = session.program("c", code.encode(), LIMITS)
        third = again.run()
        again.close()
    assert first.stdout == second.stdout == third.stdout != b""


def test_a_checker_in_cpp(docker: DockerProvider) -> None:
    checker = Checker(
        language="cpp",
        code="#include <fstream>\nint main(int n,char**v){std::ifstream in(v[1]),out(v[2]),want(v[3]);"
        "double a,b;if(!(out>>a))return 2;want>>b;return a-b<0.1&&b-a<0.1?0:1;}",
    )
    tests = StdioTests(kind="stdio", cases=[Case(stdin="", stdout="3.14")], checker=checker)
    with lent(docker, "cpp") as session:
        for printed, verdict in (("3.1", Verdict.PASSED), ("4", Verdict.WRONG_ANSWER), ("pi", Verdict.WRONG_ANSWER)):
            code = f'#include <cstdio>\nint main(){{puts("{printed}");}}'
            assert judge(unit("cpp", code, tests, {}), session).verdict is verdict
