"""HumanEval-X: references pass but for the known exceptions, and no solution known to be wrong does.

All of it takes the better part of an hour, most of it compiling; the suite takes a part of each, spread over the
whole, and PROCTOR_FULL=1 takes all.
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
FULL = os.environ.get("PROCTOR_FULL") == "1"
LIMITS = Limits(cpu_s=5, wall_s=60, compile_s=60, sample_wall_s=120)

#: Ours by the packs' names.
LANGUAGES = {"cpp": "cpp", "go": "go", "java": "java", "js": "javascript", "rust": "rust"}

#: See docs/languages.md.
EXCEPTIONS = {
    "HumanEval-X/CPP/22": Verdict.COMPILE_ERROR,
    "HumanEval-X/Rust/32": Verdict.INVALID,
}

pytestmark = [pytest.mark.docker, pytest.mark.shared_data, pytest.mark.timeout(3600 if FULL else 300)]


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


def chosen(pack: str, every: int = 12) -> list[dict[str, Any]]:
    """Every so many problems of a pack, and those that are exceptions; all with PROCTOR_FULL=1."""
    return [
        row
        for number, row in enumerate(rows(f"humaneval_x_{pack}"))
        if FULL or number % every == 0 or row["id"] in EXCEPTIONS
    ]


@pytest.mark.parametrize("pack", LANGUAGES)
def test_references_pass(pack: str, docker: DockerProvider) -> None:
    wrong = {}
    for row in chosen(pack):
        tests = ScriptTests(kind="script", code=row["tests"])
        found = verdict(docker, LANGUAGES[pack], row["reference_solution"], tests)
        if found is not EXCEPTIONS.get(row["id"], Verdict.PASSED):
            wrong[row["id"]] = found
    assert wrong == {}


@pytest.mark.parametrize("pack", LANGUAGES)
def test_bugs_do_not_pass(pack: str, docker: DockerProvider) -> None:
    found = {}
    for row in chosen(pack):
        bug = row["pack"]
        code = row["declaration" if pack == "rust" else "prompt"] + bug["buggy_solution"]
        found[row["id"]] = verdict(docker, LANGUAGES[pack], code, ScriptTests(kind="script", code=bug["tests"]))
    unpaid(found)


@pytest.mark.parametrize("pack", ["cpp", "java", "js", "rust"])
def test_negatives_do_not_pass(pack: str, docker: DockerProvider) -> None:
    """Wrong programs that bring their own copy of the tests along, and a `main` that runs it.

    So does the control, a reference in the same form, and passes: it is not for their form that the others fail.
    """
    wrong = {row["problem"]: row["solution"] for row in rows("negatives") if row["language"] == pack}
    language, found, controls = LANGUAGES[pack], {}, {}
    for row in chosen(pack, every=41):
        tests = ScriptTests(kind="script", code=row["pack"]["tests"])
        found[row["id"]] = verdict(docker, language, wrong[row["id"]], tests)
        if row["id"] not in EXCEPTIONS:
            controls[row["id"]] = verdict(docker, language, row["pack"]["reference_program"], tests)
    unpaid(found)
    assert {name: v for name, v in controls.items() if v is not Verdict.PASSED} == {}
    assert controls


def test_negatives_in_javascript_alone_do_not_pass(docker: DockerProvider) -> None:
    """Run as programs they print nothing and exit with 0: `console.assert` says on stderr alone that it failed."""
    tests = StdioTests.model_validate({"kind": "stdio", "cases": [{"stdin": "", "stdout": ""}]})
    wrong = [row for row in rows("negatives") if row["language"] == "js"]
    found = {row["id"]: verdict(docker, "javascript", row["solution"], tests) for row in wrong[:: 1 if FULL else 16]}
    unpaid(found)


def unpaid(found: dict[str, Verdict]) -> None:
    """None passed, and none is excused, but where the tests cannot be run."""
    assert found
    assert [name for name, one in found.items() if one is Verdict.PASSED] == []
    invalid = {name.partition("#")[0] for name, one in found.items() if one is Verdict.INVALID}
    assert invalid <= {name for name, one in EXCEPTIONS.items() if one is Verdict.INVALID}


def test_c_references_of_contests_pass(docker: DockerProvider) -> None:
    found = {}
    for row in rows("stdio"):
        if row["language"] == "c":
            cases = [{"stdin": one["input"], "stdout": one["output"]} for one in row["tests"]]
            tests = StdioTests.model_validate({"kind": "stdio", "cases": cases})
            found[row["id"]] = verdict(docker, "c", row["reference_solution"], tests)
    assert len(found) == 3
    assert set(found.values()) == {Verdict.PASSED}
