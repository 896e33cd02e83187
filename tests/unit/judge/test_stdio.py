"""Programs judged case after case, over a sandbox that does what the test says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from judge_fakes import OK, Asked, FakeSession, printed

from proctor.errors import SandboxLost
from proctor.judge.outcome import Outcome
from proctor.judge.patience import Budget
from proctor.judge.run import judge
from proctor.judge.unit import Stop, Unit
from proctor.sandbox.provider import Ran
from proctor.wire import Case, Checker, InvalidCode, Limits, StdioTests, Verdict

CASES = [Case(stdin=f"{i}\n", stdout=f"{i * i}\n") for i in range(1, 5)]


def run(
    session: FakeSession,
    *,
    stop: Stop = "first_failure",
    limits: Limits | None = None,
    tests: StdioTests | None = None,
    budget: Budget | None = None,
) -> Outcome:
    tests = tests or StdioTests(kind="stdio", cases=CASES)
    return judge(Unit("python", "code", tests, limits or Limits(), stop), session, budget=budget)


def square(asked: Asked) -> Ran:
    return printed(f"{int(asked.stdin) ** 2}\n")


def verdicts(outcome: Outcome) -> list[str]:
    return [c.verdict.value for c in outcome.cases]


def test_all_right() -> None:
    session = FakeSession(square)
    outcome = run(session)
    assert outcome.verdict is Verdict.PASSED
    assert outcome.passed == 4
    assert session.programs == ["code"], "compiled once"
    assert [a.stdin for a in session.runs] == [b"1\n", b"2\n", b"3\n", b"4\n"]
    assert outcome.run_s == pytest.approx(0.08)
    assert outcome.cpu_s == pytest.approx(0.04)
    assert all(c.detail is None and c.stdout is None for c in outcome.cases), "what passed is not shown"
    assert not session.open


def test_expected_output_never_enters_the_sandbox() -> None:
    session = FakeSession(square)
    run(session)
    assert all(a.files == {} and a.argv == () for a in session.runs)


def wrong_at_2(asked: Asked) -> Ran:
    return square(asked) if asked.stdin != b"2\n" else printed("5\n")


def test_first_failure_stops_and_the_rest_is_not_run() -> None:
    outcome = run(FakeSession(wrong_at_2))
    assert outcome.verdict is Verdict.WRONG_ANSWER
    assert verdicts(outcome) == ["passed", "wrong_answer", "not_run", "not_run"]
    assert outcome.cases[1].detail == "token 1: '5', '4' expected"
    assert outcome.cases[1].stdout == "5\n"


def test_stop_all_runs_all() -> None:
    outcome = run(FakeSession(wrong_at_2), stop="all")
    assert verdicts(outcome) == ["passed", "wrong_answer", "passed", "passed"]
    assert outcome.verdict is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    ("changes", "verdict", "detail"),
    [
        ({"stopped": "cpu", "exit_code": None, "signal": 9}, "time_limit", "CPU time"),
        ({"stopped": "wall", "exit_code": None, "signal": 9}, "time_limit", "wall-clock"),
        ({"stopped": "memory", "exit_code": None, "signal": 9}, "memory_limit", "1024 MiB"),
        ({"stopped": "output", "exit_code": None, "signal": 9}, "output_limit", "1024 KiB"),
        ({"stopped": "processes", "exit_code": None, "signal": 9}, "process_limit", "64 processes"),
        ({"exit_code": 1, "flags": frozenset({"memory_error"})}, "memory_limit", "MemoryError"),
        ({"exit_code": 1, "flags": frozenset({"disk_full"})}, "runtime_error", "disk was full"),
        ({"exit_code": 3}, "runtime_error", "exit code 3"),
        ({"exit_code": None, "signal": 11}, "runtime_error", "SIGSEGV"),
        ({"exit_code": None, "signal": 99}, "runtime_error", "signal 99"),
    ],
)
def test_how_it_ended_beats_right_output(changes: dict[str, object], verdict: str, detail: str) -> None:
    outcome = run(FakeSession(lambda asked: replace(square(asked), **changes)))  # type: ignore[arg-type]
    assert outcome.verdict.value == verdict
    assert detail in (outcome.cases[0].detail or "")
    assert set(changes.get("flags", ())) <= set(outcome.flags)  # type: ignore[call-overload]


def test_what_does_not_compile() -> None:
    failed = replace(OK, exit_code=1, compile_error="SyntaxError: \x1b[31minvalid")
    outcome = run(FakeSession(square, compiles=lambda _: failed))
    assert outcome.verdict is Verdict.COMPILE_ERROR
    assert verdicts(outcome) == ["compile_error", "not_run", "not_run", "not_run"]
    assert outcome.cases[0].detail == "SyntaxError: \\x1b[31minvalid"


def test_hostile_output_is_shown_bounded_and_escaped() -> None:
    output = b"\x1b]0;x\x07\xff\xe2\x80\xae\xe2\x80\xa8" + b"a" * 100_000
    outcome = run(FakeSession(lambda _: replace(OK, stdout=output, stderr=output)))
    case = outcome.cases[0]
    assert case.stdout is not None
    assert case.stdout.startswith("\\x1b]0;x\\x07\\xff\\u202e\\u2028aaa")
    assert len(case.stdout) < 600
    assert case.stderr is not None
    assert len(case.stderr) < 600
    assert case.detail is not None
    assert len(case.detail) < 300
    outcome.cases[0].model_dump_json()


def test_near_limit_is_flagged() -> None:
    near = FakeSession(lambda asked: replace(square(asked), cpu_s=9.5))
    assert run(near).flags == ("near_limit",)
    assert run(FakeSession(square)).flags == ()


def test_a_lost_sandbox_is_no_verdict() -> None:
    def lost(asked: Asked) -> Ran:
        raise SandboxLost("gone")

    with pytest.raises(SandboxLost):
        run(FakeSession(lost))


def test_zero_cases_are_never_a_pass() -> None:
    outcome = run(FakeSession(square), tests=StdioTests(kind="stdio", cases=[]))
    assert outcome.error is not None
    assert outcome.error.code is InvalidCode.TESTS_INVALID


class TestSampleWall:
    def test_bounds_all_cases_together(self) -> None:
        slow = FakeSession(lambda asked: replace(square(asked), wall_s=4.0))
        outcome = run(slow, limits=Limits(sample_wall_s=10), stop="all")
        assert verdicts(outcome) == ["passed", "passed", "passed", "time_limit"]
        assert "all cases together" in (outcome.cases[3].detail or "")

    def test_a_case_gets_no_more_wall_than_the_sample_has_left(self) -> None:
        slow = FakeSession(lambda asked: replace(square(asked), wall_s=4.0))
        run(slow, limits=Limits(wall_s=30, sample_wall_s=10))
        assert [a.limits.wall_s for a in slow.runs] == [10, 10, 2]

    def test_a_saturated_machine_gives_more_time(self) -> None:
        slow = FakeSession(lambda asked: replace(square(asked), wall_s=4.0, saturated=True))
        assert run(slow, limits=Limits(sample_wall_s=10)).verdict is Verdict.PASSED

    def test_but_not_to_one_that_used_its_own_cpu_time(self) -> None:
        slow = FakeSession(lambda asked: replace(square(asked), wall_s=4.0, cpu_s=4.0, saturated=True))
        assert run(slow, limits=Limits(sample_wall_s=10)).verdict is Verdict.TIME_LIMIT


class TestSecondLook:
    """A wall clock that ran out on a busy machine is looked at twice; a CPU clock is believed."""

    limits = Limits(cpu_s=2, wall_s=5)

    def look(self, first: Ran, budget: Budget | None) -> tuple[Outcome, FakeSession]:
        def behave(asked: Asked) -> Ran:
            patient = asked.limits.wall_s > self.limits.wall_s
            return first if asked.stdin == b"2\n" and not patient else square(asked)

        session = FakeSession(behave)
        return run(session, limits=self.limits, budget=budget), session

    def test_turns_a_timeout_under_load_into_a_pass(self) -> None:
        first = replace(OK, exit_code=None, signal=9, stopped="wall", wall_s=5.0, cpu_s=0.5, saturated=True)
        budget = Budget(100)
        outcome, session = self.look(first, budget)
        assert outcome.verdict is Verdict.PASSED
        assert "second_look" in outcome.flags
        assert len(session.runs) == 5, "one case ran twice, no other"
        assert budget.left_s == pytest.approx(100 - 0.02), "it costs what it took"

    @pytest.mark.parametrize(
        "changes",
        [
            {"saturated": False},
            {"cpu_s": 1.9},
            {"stopped": "cpu", "cpu_s": 2.0},
            {"stopped": "memory"},
            {"stopped": None, "exit_code": 1, "signal": None},
        ],
    )
    def test_is_not_for_others(self, changes: dict[str, object]) -> None:
        first = replace(OK, exit_code=None, signal=9, stopped="wall", wall_s=5.0, cpu_s=0.5, saturated=True)
        outcome, session = self.look(replace(first, **changes), Budget(100))  # type: ignore[arg-type]
        assert outcome.verdict is not Verdict.PASSED
        assert len(session.runs) == 2

    @pytest.mark.parametrize("budget", [None, Budget(0), Budget(19)])
    def test_is_bounded_by_a_budget(self, budget: Budget | None) -> None:
        first = replace(OK, exit_code=None, signal=9, stopped="wall", wall_s=5.0, cpu_s=0.5, saturated=True)
        assert self.look(first, budget)[0].verdict is Verdict.TIME_LIMIT

    def test_a_sleeper_is_killed_again(self) -> None:
        first = replace(OK, exit_code=None, signal=9, stopped="wall", wall_s=5.0, cpu_s=0.0, saturated=True)
        session = FakeSession(lambda asked: replace(first, wall_s=asked.limits.wall_s))
        budget = Budget(30)
        outcome = run(session, limits=self.limits, budget=budget)
        assert outcome.verdict is Verdict.TIME_LIMIT
        assert len(session.runs) == 2
        assert budget.left_s == 10


class TestChecker:
    """A special judge: called with input, output, expected; tried on the expected output first."""

    @staticmethod
    def checked(code: str, **changes: object) -> StdioTests:
        return StdioTests.model_validate(
            {"kind": "stdio", "cases": CASES, "checker": Checker(language="python", code=code), **changes}
        )

    @staticmethod
    def session(code: str, decide: dict[bytes, Ran], candidate: object = square) -> FakeSession:
        """A checker that accepts what is equal; `decide` maps other outputs to what it does on them."""

        def behave(asked: Asked) -> Ran:
            if asked.source != code:
                return candidate(asked)  # type: ignore[operator,no-any-return]
            assert asked.argv == ("input.txt", "output.txt", "expected.txt")
            output = asked.files["output.txt"]
            default = OK if output == asked.files["expected.txt"] else replace(OK, exit_code=1)
            return decide.get(output, default)

        return FakeSession(behave)

    def test_decides_instead_of_a_comparison(self) -> None:
        session = self.session("c1", {b"other\n": OK}, lambda _: printed("other\n"))
        assert run(session, tests=self.checked("c1")).verdict is Verdict.PASSED

    def test_rejects(self) -> None:
        outcome = run(self.session("c2", {}, wrong_at_2), tests=self.checked("c2"), stop="all")
        assert verdicts(outcome) == ["passed", "wrong_answer", "passed", "passed"]
        assert "rejects" in (outcome.cases[1].detail or "")

    @pytest.mark.parametrize(
        "broken",
        [
            replace(OK, exit_code=3),
            replace(OK, exit_code=None, signal=11),
            replace(OK, exit_code=None, signal=9, stopped="cpu"),
            replace(OK, exit_code=None, signal=9, stopped="memory"),
        ],
    )
    def test_that_breaks_on_the_candidates_output_means_wrong(self, broken: Ran) -> None:
        session = self.session("c3", {b"boom\n": broken}, lambda _: printed("boom\n"))
        outcome = run(session, tests=self.checked("c3"))
        assert outcome.verdict is Verdict.WRONG_ANSWER
        assert "breaks" in (outcome.cases[0].detail or "")

    @pytest.mark.parametrize("code", [1, 3])
    def test_that_breaks_on_the_expected_output_is_found_before_the_candidate_runs(self, code: int) -> None:
        session = self.session(f"c4{code}", {b"9\n": replace(OK, exit_code=code)})
        outcome = run(session, tests=self.checked(f"c4{code}"))
        assert outcome.error is not None
        assert outcome.error.code is InvalidCode.TESTS_INVALID
        assert all(a.source != "code" for a in session.runs)

    def test_that_does_not_compile_is_found_before_the_candidate_runs(self) -> None:
        failed = replace(OK, compile_error="SyntaxError")
        session = FakeSession(square, compiles=lambda source: failed if source == "c5" else None)
        outcome = run(session, tests=self.checked("c5"))
        assert outcome.error is not None
        assert session.runs == []

    def test_a_blank_expected_output_is_no_answer_to_try(self) -> None:
        cases = [Case(stdin="1\n", stdout="")]
        session = self.session("c6", {b"": replace(OK, exit_code=1), b"1\n": OK})
        assert run(session, tests=self.checked("c6", cases=cases)).verdict is Verdict.PASSED
        broken = self.session("c7", {b"": replace(OK, exit_code=3), b"1\n": OK})
        assert run(broken, tests=self.checked("c7", cases=cases)).error is not None

    def test_is_tried_once_however_many_samples_share_it(self) -> None:
        session = self.session("c8", {})
        for _ in range(3):
            assert run(session, tests=self.checked("c8")).verdict is Verdict.PASSED
        assert sum(a.source == "c8" for a in session.runs) == 4 + 3 * 4

    def test_is_not_asked_about_a_program_that_failed(self) -> None:
        session = self.session("c9", {}, lambda _: printed("x", exit_code=1))
        outcome = run(session, tests=self.checked("c9"))
        assert outcome.verdict is Verdict.RUNTIME_ERROR
        assert sum(a.source == "c9" for a in session.runs) == 4, "the trials alone"
