"""Programs that read standard input and print: run case after case, judged here, outside the sandbox.

The program is compiled once, and each case is a process of its own. Expected output never enters the sandbox,
save for a checker's run, which has an isolation of its own and is never beside the candidate's.

`sample_wall_s` bounds the wall clock of all cases together, as the supervisor counts it. While other load
saturates the machine a sample may take twice as long, if its own CPU time is within the limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proctor.errors import TestsInvalid
from proctor.judge.checker import check, try_checker
from proctor.judge.compare import as_bytes, difference
from proctor.judge.outcome import Outcome, conclude, tests_invalid
from proctor.judge.unit import Unit
from proctor.judge.verdict import case_result, flags_of, how_it_ended, verdict_of
from proctor.sandbox.provider import Program, Ran, Session
from proctor.wire import Case, CaseResult, Limits, StdioTests, Verdict

SATURATED = 2.0  # times `sample_wall_s`, while other load saturates the machine
COLLECTED_MOST = 64 << 20  # bytes of output that wait for a checker at a time
LEAST_WALL_S = 0.1  # a case that starts has this much wall clock at least


def judge_stdio(unit: Unit, tests: StdioTests, session: Session) -> Outcome:
    """Judge `unit` against `tests`, which has at least one case. Raises SandboxError."""
    try:
        if tests.checker is not None:
            try_checker(tests.checker, tests.cases, unit.limits, session)
        return _Run(unit, tests, session).judge()
    except TestsInvalid as error:
        return tests_invalid(str(error))


@dataclass(frozen=True, slots=True)
class _Ended:
    """A case that ran, and the limits it ran under."""

    case: Case
    ran: Ran
    limits: Limits


@dataclass(slots=True)
class _Run:
    """One sample's run. results: the cases judged so far; program: open, under `limits`."""

    unit: Unit
    tests: StdioTests
    session: Session
    results: list[CaseResult] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    saturated: bool = False
    program: Program | None = None
    limits: Limits = field(default_factory=Limits)

    def judge(self) -> Outcome:
        """Run to the last case, or to the first that fails where the unit stops there."""
        try:
            while self._goes_on():
                ended, stopper = self._collect()
                self._settle(ended)
                if stopper is not None and self._goes_on():
                    self.results.append(stopper)
                    break
        finally:
            self._close()
        total = len(self.tests.cases)
        return conclude(self.results, total, run_s=self.wall_s, cpu_s=self.cpu_s, flags=self.flags)

    def _goes_on(self) -> bool:
        if self._first_only and self.results and self.results[-1].verdict is not Verdict.PASSED:
            return False
        return len(self.results) < len(self.tests.cases)

    @property
    def _first_only(self) -> bool:
        return self.unit.stop == "first_failure"

    def _collect(self) -> tuple[list[_Ended], CaseResult | None]:
        """Run the next cases, as many as are judged in one go, and the result that ends the sample, if one does.

        Without a checker one case is a go. With one it is the first case alone (most failures show there), then
        all others: the session holds one program at a time, and each change compiles again.
        """
        ended: list[_Ended] = []
        collected = 0
        for case in self.tests.cases[len(self.results) :]:
            if (stopper := self._ready()) is not None:
                return ended, stopper
            assert self.program is not None
            ran = self._account(self.program.run(as_bytes(case.stdin)))
            ended.append(_Ended(case, ran, self.limits))
            collected += len(ran.stdout)
            if self._go_ends(ran, collected):
                break
        return ended, None

    def _go_ends(self, ran: Ran, collected: int) -> bool:
        if self.tests.checker is None or collected > COLLECTED_MOST:
            return True
        return self._first_only and (not self.results or verdict_of(ran) is not None)

    def _settle(self, ended: list[_Ended]) -> None:
        """Judge cases that ended, in order, up to the one at which the sample stops."""
        wrong = iter(self._wrong([e for e in ended if verdict_of(e.ran) is None]))
        for end in ended:
            verdict = verdict_of(end.ran)
            detail = next(wrong) if verdict is None else how_it_ended(end.ran, end.limits)
            verdict = verdict or (Verdict.PASSED if detail is None else Verdict.WRONG_ANSWER)
            if not self._goes_on():
                return
            self.results.append(case_result(verdict, end.ran, detail))

    def _wrong(self, answers: list[_Ended]) -> list[str | None]:
        """Why each answer is wrong, None where it is right."""
        if self.tests.checker is None:
            return [difference(as_bytes(e.case.stdout), e.ran.stdout, self.tests.compare) for e in answers]
        if not answers:
            return []
        self._close()
        outputs = [(e.case, e.ran.stdout) for e in answers]
        return check(self.tests.checker, outputs, self.unit.limits, self.session)

    # the program and the clocks

    def _ready(self) -> CaseResult | None:
        """Have the program open for one more case; the result that ends the sample where that cannot be."""
        left = self._left_s()
        if left <= 0:
            used = f"all cases together: more than {self.unit.limits.sample_wall_s:g} s of wall-clock time"
            return CaseResult(verdict=Verdict.TIME_LIMIT, detail=used)
        if self.program is not None and self.limits.wall_s > 2 * max(left, LEAST_WALL_S):
            self._close()
        if self.program is None:
            return self._open(left)
        return None

    def _open(self, left_s: float) -> CaseResult | None:
        wall_s = min(self.unit.limits.wall_s, max(left_s, LEAST_WALL_S))
        self.limits = self.unit.limits.model_copy(update={"wall_s": wall_s})
        remaining = len(self.tests.cases) - len(self.results)
        source = as_bytes(self.unit.code)
        self.program = self.session.program(self.unit.language, source, self.limits, cases=remaining)
        failed = self.program.failed
        if failed is None:
            return None
        self._account(failed)
        return case_result(Verdict.COMPILE_ERROR, failed, how_it_ended(failed, self.limits))

    def _close(self) -> None:
        if self.program is not None:
            self.program.close()
            self.program = None

    def _account(self, ran: Ran) -> Ran:
        self.wall_s += ran.wall_s
        self.cpu_s += ran.cpu_s
        self.saturated = self.saturated or ran.saturated
        self.flags |= flags_of(ran, self.limits)
        return ran

    def _left_s(self) -> float:
        """Seconds of wall clock left for the sample's cases."""
        most = self.unit.limits.sample_wall_s
        if self.saturated and self.cpu_s < most:
            most *= SATURATED
        return most - self.wall_s
