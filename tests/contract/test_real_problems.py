"""Real problems through every provider: what is right passes, what is a stub fails, and none is invalid anywhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Session
from proctor.wire import Case, Limits, ScriptTests, StdioTests, Verdict

from .conftest import Kind

DATA = Path(os.environ.get("PROCTOR_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
LIMITS = Limits(cpu_s=20, wall_s=90, memory_mib=512)

pytestmark = pytest.mark.shared_data

#: One kind of each provider runs them all, the others the first 60 of each file.
ALL = {("namespace", "B"), ("docker-B", "B"), ("attached-docker-B", "B")}


def rows(name: str, kind: Kind) -> list[dict[str, Any]]:
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"not run: {path} is absent")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines][: None if (kind.name, kind.tier) in ALL else 60]


def verdicts(session: Session, samples: dict[str, tuple[str, str, str | None]]) -> dict[str, Verdict]:
    """Verdict by id. A sample is (code, test code, entry point)."""
    return {
        name: judge(
            Unit("python", code, ScriptTests(kind="script", code=tests, entry_point=entry), LIMITS, "first_failure"),
            session,
        ).verdict
        for name, (code, tests, entry) in samples.items()
    }


@pytest.mark.parametrize(("solution", "passes"), [("reference_solution", True), ("stub_solution", False)])
def test_humaneval(session: Session, kind: Kind, solution: str, passes: bool) -> None:
    samples = {row["id"]: (row[solution], row["tests"], row["entry_point"]) for row in rows("humaneval", kind)}
    found = verdicts(session, samples)
    assert len(found) == (164 if (kind.name, kind.tier) in ALL else 60)
    assert [name for name, verdict in found.items() if (verdict is Verdict.PASSED) is not passes] == []
    assert Verdict.INVALID not in found.values()


def test_mbpp(session: Session, kind: Kind) -> None:
    samples = {
        row["id"]: (f"{row['reference_solution']}\n{row['test_setup']}", "\n".join(row["tests"]), None)
        for row in rows("mbpp", kind)
    }
    found = verdicts(session, samples)
    assert len(found) == (487 if (kind.name, kind.tier) in ALL else 60)
    assert {name: verdict for name, verdict in found.items() if verdict is not Verdict.PASSED} == {}


def test_quixbugs(session: Session, kind: Kind) -> None:
    """All but knapsack, whose reference takes 6 GiB and minutes for its largest test."""
    fits = [row for row in rows("quixbugs", kind) if row["id"] != "QuixBugs/knapsack"]
    right = {row["id"]: (row["reference_solution"], row["tests"], None) for row in fits}
    assert {name: v for name, v in verdicts(session, right).items() if v is not Verdict.PASSED} == {}


def test_negatives_in_python(session: Session, kind: Kind) -> None:
    """Stubs, human bugs, exits and always-equal objects: none is paid, none is excused."""
    limits = LIMITS.model_copy(update={"cpu_s": 3.0, "wall_s": 30.0})
    wrong = [row for row in rows("negatives", kind) if row["language"] == "python"]
    alone = StdioTests(kind="stdio", cases=[Case(stdin="", stdout="")])  # programs that hold their own tests
    found = {}
    for row in wrong:
        own = row["kind"] == "humanevalpack_buggy_python"
        tests = alone if own else ScriptTests(kind="script", code=row["tests"])
        found[row["id"]] = judge(Unit("python", row["solution"], tests, limits, "first_failure"), session).verdict
    assert len(found) == (912 if (kind.name, kind.tier) in ALL else 60)
    assert {name: v.value for name, v in found.items() if v in (Verdict.PASSED, Verdict.INVALID)} == {}
