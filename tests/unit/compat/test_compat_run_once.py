"""A program run once: what it did survives the way through the queue, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from proctor.api.compat.ports import Run, account_of, plan_runs
from proctor.client.testing import result
from proctor.judge.outcome import Outcome
from proctor.judge.run import judge
from proctor.judge.run_once import read_account
from proctor.judge.run_tests import RunTests, read_tests
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Ran
from proctor.wire import Limits, TestsAdapter, Verdict

RAN = Ran(
    exit_code=3,
    signal=None,
    stopped=None,
    cpu_s=0.25,
    wall_s=0.5,
    memory_mib=12.0,
    stdout=bytes(range(256)) * 10,
    stderr=b"",
    files={"o": b"\0\xff"},
)


class Program:
    failed: Ran | None = None
    closed = False

    def __init__(self, ran: Ran) -> None:
        self.ran = ran
        self.asked: dict[str, Any] = {}

    def run(self, stdin: bytes = b"", *, argv: Sequence[str] = (), files: Any = None, fetch: Sequence[str] = ()) -> Ran:
        self.asked = {"stdin": stdin, "argv": argv, "files": files, "fetch": fetch}
        return self.ran

    def close(self) -> None:
        self.closed = True


class Session:
    hello = None

    def __init__(self, program: Program) -> None:
        self._program = program

    def program(self, language: str, source: bytes, limits: Limits, *, cases: int = 1, files: Any = None) -> Program:
        self.source = source
        return self._program


def outcome_of(program: Program) -> Outcome:
    tests = RunTests(stdin="in\ud800", argv=["-x"], files={"i": "aGk="}, fetch=["o"])
    unit = Unit("python", "code", tests, Limits(), "all")
    return Outcome.from_json(json.loads(json.dumps(judge(unit, Session(program)).to_json())))  # type: ignore[arg-type]


def test_the_account_survives() -> None:
    program = Program(RAN)
    outcome = outcome_of(program)
    assert program.asked == {"stdin": b"in\xed\xa0\x80", "argv": ["-x"], "files": {"i": b"hi"}, "fetch": ["o"]}
    assert program.closed
    assert outcome.verdict is Verdict.RUNTIME_ERROR
    account = read_account(outcome.cases[0].detail or "")
    for name in ("exit_code", "signal", "stopped", "cpu_s", "wall_s", "stdout", "stderr", "files", "compile_error"):
        assert getattr(account, name) == getattr(RAN, name)


def test_what_does_not_compile_never_runs() -> None:
    program = Program(RAN)
    program.failed = Ran(None, None, None, 0, 0, 0, compile_error="SyntaxError")
    outcome = outcome_of(program)
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert read_account(outcome.cases[0].detail or "").compile_error == "SyntaxError"
    assert program.asked == {}


def test_no_public_request_can_send_such_tests() -> None:
    with pytest.raises(ValueError, match="kind"):
        TestsAdapter.validate_python({"kind": "run", "stdin": ""})


def test_a_plan_of_runs() -> None:
    runs = [Run("python", "a", Limits(), stdin="1"), Run("python", "a", Limits(), stdin="2")]
    plan = plan_runs(runs, owner="o", sandbox_name="s", deadline_s=9)
    assert len({s.unit.key for s in plan.samples if s.unit}) == 2
    assert [read_tests(json.loads(body)).kind for body in plan.test_sets.values()] == ["run", "run"]
    assert plan.reward.policy == "outcome"  # no thinking model is asked


def test_accounts_of_results() -> None:
    assert account_of(result(0, {}, "invalid")) is None
    lost = result(0, {}, "runtime_error").model_copy(update={"flags": ["sandbox_lost"]})
    case = {"cases": [{"verdict": "runtime_error", "detail": "words"}], "passed": 0, "total": 1}
    lost = type(lost).model_validate({**lost.model_dump(), "tests": case})
    account = account_of(lost)
    assert account is not None
    assert account.signal == 9
