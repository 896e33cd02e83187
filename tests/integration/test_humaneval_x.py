"""HumanEval-X in C++, Go and Rust: references pass but for the known exceptions, and the packs' bugs do not.

All of it takes many minutes of compiling; the suite takes a part of each, spread over the whole, and PROCTOR_FULL=1
takes all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.settings import Settings
from proctor.wire import Limits, ScriptTests, StdioTests, Verdict

DATA = Path(os.environ.get("PROCTOR_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
EVERY = 1 if os.environ.get("PROCTOR_FULL") == "1" else 8
LIMITS = Limits(wall_s=60, compile_s=60)

#: See docs/languages.md.
EXCEPTIONS = {
    "HumanEval-X/CPP/22": Verdict.COMPILE_ERROR,
    "HumanEval-X/Rust/32": Verdict.INVALID,
}

pytestmark = [pytest.mark.docker, pytest.mark.shared_data]


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"not run: {path} is absent")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerProvider]:
    made = DockerProvider(Settings())
    try:
        yield made
    finally:
        made.close()


def verdict(docker: DockerProvider, language: str, code: str, tests: ScriptTests | StdioTests) -> Verdict:
    session = docker.session(language)
    try:
        return judge(Unit(language, code, tests, LIMITS, "first_failure"), session).verdict
    finally:
        docker.give_back(session)


def chosen(language: str) -> list[dict[str, Any]]:
    every = rows(f"humaneval_x_{language}")
    return [row for number, row in enumerate(every) if number % EVERY == 0 or row["id"] in EXCEPTIONS]


@pytest.mark.parametrize("language", ["cpp", "go", "rust"])
def test_references_pass(language: str, docker: DockerProvider) -> None:
    wrong = {}
    for row in chosen(language):
        tests = ScriptTests(kind="script", code=row["tests"])
        found = verdict(docker, language, row["reference_solution"], tests)
        if found is not EXCEPTIONS.get(row["id"], Verdict.PASSED):
            wrong[row["id"]] = found
    assert wrong == {}


@pytest.mark.parametrize("language", ["cpp", "go", "rust"])
def test_bugs_do_not_pass(language: str, docker: DockerProvider) -> None:
    passed = []
    for row in chosen(language):
        pack = row["pack"]
        code = row["declaration" if language == "rust" else "prompt"] + pack["buggy_solution"]
        if verdict(docker, language, code, ScriptTests(kind="script", code=pack["tests"])) is Verdict.PASSED:
            passed.append(row["id"])
    assert passed == []


def test_c_references_of_contests_pass(docker: DockerProvider) -> None:
    found = {}
    for row in rows("stdio"):
        if row["language"] == "c":
            cases = [{"stdin": one["input"], "stdout": one["output"]} for one in row["tests"]]
            tests = StdioTests.model_validate({"kind": "stdio", "cases": cases})
            found[row["id"]] = verdict(docker, "c", row["reference_solution"], tests)
    assert len(found) == 3
    assert set(found.values()) == {Verdict.PASSED}
