"""Take units, judge them, hand their outcomes on.

Who is to blame when a sandbox is lost in mid-run? Not the code, at first: the unit goes back and is then taken alone.
Lost again, a control runs in a fresh sandbox here; if it passes, the unit runs once more, alone, and only if that
too takes the sandbox down while a control then passes is it the code's `runtime_error`. Where a control fails it
is the sandboxes, and the unit goes back to wait for better ones until its deadline.

An exception of our own while we judge is handled alike: code that reliably finds a bug in our judging must not earn
`invalid` by it. It is told from tests that our judging cannot take by running them with a stub in the code's place.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from redis.exceptions import RedisError

from proctor.errors import SandboxError, SandboxUnavailable, TestsInvalid
from proctor.jobs.leases import Leases, Report, Shard, Taken, write_outcome
from proctor.judge.outcome import Outcome, conclude, tests_invalid
from proctor.judge.patience import LONGER
from proctor.judge.plan import case_count
from proctor.judge.run_tests import RunTests, UnitTests
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Session
from proctor.wire import (
    Case,
    CaseResult,
    DatasetTests,
    InvalidCode,
    InvalidError,
    Limits,
    StdioTests,
    Verdict,
)
from proctor.worker.keeper import Keeper
from proctor.worker.slot import Slot
from proctor.worker.tests import ParsedTests
from proctor_supervisor.programs import BACKSTOP

#: A ticket starts no new shard after this time, so that RQ sees its worker now and then.
DRAIN_S = 60.0
#: Seconds that the worker's clock grants beyond what the sandbox's own clocks allow.
GRACE_S = 15.0
#: After so many losses a unit that makes our own code fail is given up.
MOST_FAILURES = 3
#: A unit that took its sandbox down carries this flag, one that broke our judging the other.
LOST_FLAG, BROKE_FLAG = "sandbox_lost", "judging_broken"

#: Judges a unit in a session; the number is the seconds until the unit's deadline.
Judge = Callable[[Unit, Session, float], Outcome]

log = logging.getLogger("proctor.worker")

CONTROL = Unit(
    language="python",
    code="print('ok')",
    tests=StdioTests(kind="stdio", cases=[Case(stdin="", stdout="ok\n")]),
    limits=Limits(),
    stop="all",
)
#: In place of code that our judging failed at: any outcome will do.
STUB = "pass\n"


class JudgeFailed(Exception):
    """An exception of our own while a unit was judged. The session is dropped."""


class Killed(Exception):
    """The keeper closed the session: the unit is unwanted, or the worker stops, or the unit outstayed our clock."""


@dataclass(frozen=True, slots=True)
class Job:
    """A unit in hand. started_s, deadline_s: Redis's clock."""

    taken: Taken
    unit: Unit
    started_s: float

    @property
    def within_s(self) -> float:
        """Seconds from the start to the deadline."""
        return self.taken.start_by_s + self.unit.limits.sample_wall_s - self.started_s


class Runner:
    """The worker's main loop, below RQ."""

    def __init__(self, leases: Leases, keeper: Keeper, slot: Slot, judge: Judge) -> None:
        self._leases = leases
        self._keeper = keeper
        self._slot = slot
        self._judge = judge
        self._tests = ParsedTests(leases.test_set)
        self.stopping = False
        self.draining = False
        self.without_sandbox = False

    def drain(self) -> None:
        """Take and run until no unit waits, or a minute is over, or the worker stops or has no sandbox."""
        self.draining = True
        until = time.monotonic() + DRAIN_S
        try:
            while not self.stopping and not self.without_sandbox and time.monotonic() < until:
                shard = self._leases.take()
                if shard.units:
                    self._run(shard)
                if shard.waiting <= 0:  # what came since then brought a ticket
                    break
        except (RedisError, OSError) as error:
            log.warning("cannot take units: %s", type(error).__name__)
        finally:
            self._keeper.flush(self._leases)  # others may have taken what still waited after our last shard
            self.draining = False

    def _run(self, shard: Shard) -> None:
        """Run a shard; whatever happens, no unit of it stays with us."""
        ahead = shard.now_s - time.time()
        self._keeper.hold(shard.units)
        try:
            self._expect_tests(shard)
            for taken in shard.units:
                if self.stopping:
                    break
                self._run_one(taken, ahead)
        except SandboxUnavailable as error:
            log.error("no sandbox: %s", error)
            self.without_sandbox = True
        finally:
            self._keeper.give_back()
            if shard.waiting <= 0 or self.stopping:
                self._keeper.flush(self._leases)

    def _expect_tests(self, shard: Shard) -> None:
        with contextlib.suppress(RedisError, OSError):  # then they are asked for one by one
            keys = [(taken.spec.owner, taken.spec.tests_sha256) for taken in shard.units]
            self._tests.expect(keys, self._leases.small_test_sets)

    def _run_one(self, taken: Taken, ahead: float) -> None:
        """Run one unit and send its outcome, or give it back. Raises SandboxUnavailable."""
        now_s = time.time() + ahead
        if now_s > taken.start_by_s:
            self._keeper.give_back([taken.key])
            return
        spec = taken.spec
        try:
            tests = self._tests.get(spec.owner, spec.tests_sha256)
        except (RedisError, OSError):
            self._keeper.give_back([taken.key])
            return
        if tests is None:
            self._send(taken, now_s, invalid("the test set has expired"))
            return
        job = Job(taken, Unit(spec.language, spec.code, tests.tests, spec.limits, spec.stop, tests.text), now_s)
        try:
            outcome = self._suspect(job) if taken.losses else self._attempt(job)
        except Killed as killed:
            self._after_kill(taken, str(killed))
        except SandboxUnavailable:
            self._slot.lose()
            self._keeper.give_back([taken.key])
            raise
        except SandboxError as error:
            log.warning("lost a sandbox in mid-run: %s", error)
            self._keeper.give_back([taken.key], lost=True)
        except JudgeFailed:
            self._after_failure(taken, now_s)
        else:
            if outcome is not None:
                self._send(taken, now_s, outcome)

    def _attempt(self, job: Job) -> Outcome | None:
        """One run. None: it went back before it started.

        Raises Killed, SandboxError, JudgeFailed; the session is dropped.
        """
        session = self._slot.session(job.unit.language)
        if not self._keeper.begin(job.taken.key, session, longest_s(job.unit.limits)):
            return None
        killed: str | None = None
        try:
            try:
                outcome = self._judge(job.unit, session, job.within_s)
            finally:
                killed = self._keeper.end()
        except TestsInvalid as error:
            outcome = tests_invalid(str(error))
        except SandboxError as error:
            self._slot.lose()
            if killed in ("unwanted", "stopping"):
                raise Killed(killed) from error
            raise
        except Exception as error:
            log.exception("judging failed")
            self._slot.lose()
            raise JudgeFailed(type(error).__name__) from error
        if killed is not None:
            self._slot.lose()
        return outcome

    def _suspect(self, job: Job) -> Outcome | None:
        """A unit that was lost before, alone: twice if need be, with a control after each loss."""
        broke = False
        for _ in range(2):
            try:
                return self._attempt(job)
            except SandboxUnavailable:
                raise
            except (SandboxError, JudgeFailed) as error:
                self._keeper.hold([job.taken])
                self._control(error, CONTROL, Verdict.PASSED)
                broke = isinstance(error, JudgeFailed)
                if broke:
                    self._control(error, replace(job.unit, code=STUB))
        return its_own_fault(job.unit.tests, broke=broke)

    def _control(self, error: Exception, unit: Unit, wanted: Verdict | None = None) -> None:
        """Run a control in a fresh sandbox. Raises `error` where that fails: then it was not the code."""
        try:
            verdict = self._judge(unit, self._slot.session(unit.language), 0.0).verdict
        except TestsInvalid:
            return
        except Exception:
            log.exception("a control failed")
            self._slot.lose()
            raise error from None
        if wanted is not None and verdict is not wanted:
            raise error

    def _after_kill(self, taken: Taken, why: str) -> None:
        if why == "stopping":
            self._keeper.give_back([taken.key])

    def _after_failure(self, taken: Taken, now_s: float) -> None:
        if taken.losses >= MOST_FAILURES:
            self._send(taken, now_s, invalid("judging failed repeatedly"))
        else:
            self._keeper.give_back([taken.key], lost=True)

    def _send(self, taken: Taken, started_s: float, outcome: Outcome) -> None:
        body = write_outcome(outcome.to_json(), started_s)
        if self._keeper.send(Report(taken.key, outcome.run_s, body)):
            self._keeper.flush(self._leases)


def invalid(message: str) -> Outcome:
    """The outcome of a unit that we could not judge."""
    error = InvalidError(code=InvalidCode.SANDBOX_UNAVAILABLE, message=message)
    return Outcome(verdict=Verdict.INVALID, error=error)


def longest_s(limits: Limits) -> float:
    """Seconds after which a unit of these limits has outstayed every other clock, second looks included."""
    return limits.sample_wall_s + LONGER * limits.wall_s + 2 * (BACKSTOP * limits.compile_s + 15) + GRACE_S


def its_own_fault(tests: UnitTests, *, broke: bool) -> Outcome:
    """The outcome of code that ends its sandbox whenever it runs, or breaks our judging, where other code does not."""
    total = 1 if isinstance(tests, DatasetTests | RunTests) else max(1, case_count(tests))
    did = "made its judging fail" if broke else "took its sandbox down"
    case = CaseResult(verdict=Verdict.RUNTIME_ERROR, detail=f"the code {did}, alone and repeatedly")
    return conclude([case], total, run_s=0.0, cpu_s=0.0, flags={BROKE_FLAG if broke else LOST_FLAG})


def describe(provider_name: str, slot: Slot) -> tuple[dict[str, Any], dict[str, Any]]:
    """What this worker says of itself, and what it says along with outcomes."""
    hello = slot.hello
    assert hello is not None
    by = {"image": hello.image, "tier": hello.tier}
    return {"provider": provider_name, "languages": slot.languages(), "enforcement": hello.enforcement, **by}, by
