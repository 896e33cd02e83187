"""Judge tests whose code runs in a process of its own: `function`, `script` and `pytest`.

The test process says how each case ended that came to its end. A case that was cut short takes its verdict from the
kernel's account: first of the candidate, then of the test process, which by then had nothing to do but to handle what
the candidate sent. With `stop: all` the pair runs again from the case after.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proctor.judge.excerpt import end_of, start_of
from proctor.judge.outcome import Outcome, conclude, tests_invalid
from proctor.judge.plan import canonical
from proctor.judge.run_tests import RunTests
from proctor.judge.unit import Unit
from proctor.judge.verdict import NEAR, how_it_ended, verdict_of
from proctor.sandbox.provider import CaseMark, PairRan, Ran, Session
from proctor.wire import CaseResult, DatasetTests, Verdict

EARLY_EXIT = "early_exit"
SAMPLE_WALL = "sample_wall"
_INTERNAL = {"ended", "memory_error"}  # how the pair ended; said by the verdict
_REPORTED = {
    v.value: v
    for v in (
        Verdict.PASSED,
        Verdict.WRONG_ANSWER,
        Verdict.RUNTIME_ERROR,
        Verdict.COMPILE_ERROR,  # tests of a compiled language that do not fit the code
        Verdict.MEMORY_LIMIT,
    )
}


def judge_pair(unit: Unit, session: Session) -> Outcome:
    """The outcome of a unit whose tests are of kind function, script or pytest. Raises SandboxError."""
    run = _Run(unit, session)
    while run.more:
        ran = run.pair()
        if ran.tests_error is not None and not run.cases:
            return tests_invalid(ran.tests_error)
        if ran.total == 0 or (ran.total is None and not run.cases and _tests_fell_first(ran)):
            return tests_invalid(f"the tests ended before their first case ({how_it_ended(ran.tests, unit.limits)})")
        run.take(ran)
    return conclude(run.cases, run.total, run_s=run.run_s, cpu_s=run.cpu_s, flags=run.flags)


def _tests_fell_first(ran: PairRan) -> bool:
    """Whether the tests could not even be read: their number comes before the candidate is asked for anything.

    Where they were killed for a limit or the candidate had failed too, it is not for them to be blamed.
    """
    candidate_ended = ran.candidate.compile_error is not None or ran.candidate.stopped is not None
    ended_by_us = "ended" in ran.tests.flags  # because the candidate had ended
    tests_broke = ran.tests.stopped is None and ran.tests.exit_code not in (0, 3) and not ended_by_us
    return tests_broke and not candidate_ended


@dataclass(slots=True)
class _Run:
    """The cases judged so far, over as many pairs as it takes."""

    unit: Unit
    session: Session
    cases: list[CaseResult] = field(default_factory=list)
    total: int = 1
    run_s: float = 0.0
    cpu_s: float = 0.0
    flags: set[str] = field(default_factory=set)
    ended: bool = False

    @property
    def more(self) -> bool:
        """Whether there are cases to run, and leave to run them."""
        if not self.cases:
            return True
        stopped = self.unit.stop == "first_failure" and self.cases[-1].verdict is not Verdict.PASSED
        return not (self.ended or stopped or len(self.cases) >= self.total)

    def pair(self) -> PairRan:
        """Run the pair from the first case that is not judged, within what is left of the sample's time."""
        limits = self.unit.limits
        if self.run_s:
            left_s = max(limits.sample_wall_s - self.run_s, 0.1)
            limits = limits.model_copy(update={"sample_wall_s": left_s})
        unit = self.unit
        assert not isinstance(unit.tests, DatasetTests | RunTests)
        return self.session.pair(
            self.unit.language,
            self.unit.code.encode("utf-8", "surrogatepass"),
            unit.text() if unit.text is not None else canonical(unit.tests),
            limits,
            stop=self.unit.stop,
            first_case=len(self.cases),
        )

    def take(self, ran: PairRan) -> None:
        """Take in the cases of a pair, and the one that was cut short."""
        self.run_s += max(ran.candidate.wall_s, ran.tests.wall_s)
        self.cpu_s += ran.candidate.cpu_s + ran.tests.cpu_s
        self.flags |= ran.flags | (ran.candidate.flags - _INTERNAL)
        self.total = max(ran.total or 1, len(self.cases) + len(ran.cases), 1)
        for mark in ran.cases:
            self._near(mark)
            self.cases.append(self._marked(mark, ran.candidate))
        self.ended = self.ended or ran.candidate.compile_error is not None
        if self.more and len(self.cases) < self.total:
            self._cut_short(ran)
        if self.run_s >= self.unit.limits.sample_wall_s or SAMPLE_WALL in self.flags:
            self.ended = True

    def _near(self, mark: CaseMark) -> None:
        limits = self.unit.limits
        if mark.cpu_s >= NEAR * limits.cpu_s or mark.wall_s >= NEAR * limits.wall_s:
            self.flags.add("near_limit")

    def _marked(self, mark: CaseMark, candidate: Ran) -> CaseResult:
        verdict = _REPORTED.get(mark.verdict, Verdict.TAMPERED)
        return self._result(verdict, mark.detail, mark.cpu_s, mark.wall_s, candidate)

    def _cut_short(self, ran: PairRan) -> None:
        """The case that was running when one of the two ended."""
        limits, candidate = self.unit.limits, ran.candidate
        verdict = verdict_of(candidate)
        detail = how_it_ended(candidate, limits)
        if verdict is None or (candidate.stopped is None and ran.tests.stopped is not None):
            if ran.tests.stopped is not None:
                verdict = verdict_of(ran.tests)
                detail = f"{how_it_ended(ran.tests, limits)}, while the tests handled what the candidate gave"
            else:
                verdict, detail = Verdict.RUNTIME_ERROR, f"the program ended in the middle of the tests ({detail})"
                self.flags.add(EARLY_EXIT)
        before = ran.cases
        cpu_s = max(0.0, candidate.cpu_s - sum(m.cpu_s for m in before))
        wall_s = max(0.0, candidate.wall_s - sum(m.wall_s for m in before))
        self.cases.append(self._result(verdict or Verdict.RUNTIME_ERROR, detail, cpu_s, wall_s, candidate))

    def _result(self, verdict: Verdict, detail: str | None, cpu_s: float, wall_s: float, candidate: Ran) -> CaseResult:
        failed = verdict is not Verdict.PASSED
        return CaseResult(
            verdict=verdict,
            cpu_s=round(cpu_s, 6),
            wall_s=round(wall_s, 6),
            memory_mib=round(candidate.memory_mib, 3),
            detail=start_of(detail.encode("utf-8", "surrogatepass")) if failed and detail else None,
            stdout=start_of(candidate.stdout) if failed else None,
            stderr=end_of(candidate.stderr) if failed else None,
        )
