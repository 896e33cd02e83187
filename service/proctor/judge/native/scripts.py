"""Judge `script` tests of a compiled language: the whole script is one case."""

from __future__ import annotations

import re
import signal

from proctor.errors import TestsInvalid
from proctor.judge.excerpt import end_of, start_of
from proctor.judge.native.harness import FAILED, GONE, MALFORMED, PASSED, RAISED, CannotCross, Harness
from proctor.judge.outcome import Outcome, conclude, tests_invalid
from proctor.judge.unit import Unit
from proctor.judge.verdict import how_it_ended, near_limit, verdict_of
from proctor.sandbox.provider import DuoRan, Session
from proctor.wire import CaseResult, Limits, ScriptTests, Verdict

EARLY_EXIT = "early_exit"
_RUST_RAISED = b"panicked at 'the code panicked: "
_INTERNAL = {"ended", "memory_error"}


def judge_script(unit: Unit, tests: ScriptTests, session: Session, harness: Harness) -> Outcome:
    """The outcome of a unit whose tests are a script. Raises SandboxError."""
    try:
        programs = harness(unit.code, tests)
    except TestsInvalid as error:
        return tests_invalid(str(error))
    except CannotCross as error:
        case = CaseResult(verdict=Verdict.COMPILE_ERROR, detail=str(error))
        return conclude([case], 1, run_s=0.0, cpu_s=0.0, flags=set())
    ran = session.duo(programs.candidate, programs.tests, unit.limits)
    flags: set[str] = set(ran.candidate.flags) - _INTERNAL
    verdict, detail = _verdict(ran, unit.limits, flags)
    if any(near_limit(one, unit.limits) for one in (ran.candidate, ran.tests)):
        flags.add("near_limit")
    case = _case(verdict, detail, ran)
    cpu_s = ran.candidate.cpu_s + ran.tests.cpu_s
    wall_s = max(ran.candidate.wall_s, ran.tests.wall_s)
    return conclude([case], 1, run_s=wall_s, cpu_s=cpu_s, flags=flags)


def _verdict(ran: DuoRan, limits: Limits, flags: set[str]) -> tuple[Verdict, str]:
    """The verdict and why. The tests' process is believed: nothing of the candidate's runs in it."""
    candidate, tests = ran.candidate, ran.tests
    if candidate.compile_error is not None:
        return Verdict.COMPILE_ERROR, how_it_ended(candidate, limits)
    if tests.compile_error is not None:
        return Verdict.COMPILE_ERROR, f"the tests do not compile against this code: {how_it_ended(tests, limits)}"
    if candidate.stopped is not None:
        return verdict_of(candidate) or Verdict.RUNTIME_ERROR, how_it_ended(candidate, limits)
    if tests.stopped is not None:
        said = f"{how_it_ended(tests, limits)}, while the tests waited for the code or handled what it gave"
        return verdict_of(tests) or Verdict.RUNTIME_ERROR, said
    if tests.exit_code == PASSED and tests.signal is None:
        return Verdict.PASSED, ""
    if tests.exit_code == MALFORMED:
        return Verdict.TAMPERED, "the code broke the protocol between itself and the tests"
    if tests.exit_code == GONE or tests.signal == signal.SIGPIPE:  # asked, or about to ask
        if candidate.exit_code == 0:
            flags.add(EARLY_EXIT)
        detail = f"the program ended in the middle of the tests ({how_it_ended(candidate, limits)})"
        return verdict_of(candidate) or Verdict.RUNTIME_ERROR, detail
    if tests.exit_code == RAISED:
        return Verdict.RUNTIME_ERROR, _said(tests.stderr) or "the code raised an exception"
    if tests.exit_code == FAILED and _RUST_RAISED in tests.stdout + tests.stderr:
        return Verdict.RUNTIME_ERROR, _said(tests.stdout + b"\n" + tests.stderr) or "the code panicked"
    if tests.exit_code == FAILED or tests.signal is not None:
        return Verdict.WRONG_ANSWER, _said(tests.stdout + b"\n" + tests.stderr) or "an assertion failed"
    return Verdict.WRONG_ANSWER, _said(
        tests.stdout + b"\n" + tests.stderr
    ) or f"the tests ended with exit code {tests.exit_code}"


def _said(stderr: bytes) -> str:
    """The end of what the tests said, without addresses of ours."""
    return re.sub(r"\s+", " ", end_of(stderr.strip(), 400) or "").strip()


def _case(verdict: Verdict, detail: str, ran: DuoRan) -> CaseResult:
    failed = verdict is not Verdict.PASSED
    return CaseResult(
        verdict=verdict,
        cpu_s=round(ran.candidate.cpu_s, 6),
        wall_s=round(ran.candidate.wall_s, 6),
        memory_mib=round(ran.candidate.memory_mib, 3),
        detail=start_of(detail.encode("utf-8", "surrogatepass")) if failed else None,
        stdout=start_of(ran.candidate.stdout) if failed else None,
        stderr=end_of(ran.candidate.stderr) if failed else None,
    )
