"""Take units, judge them, hand their outcomes on.

Who is to blame when a sandbox is lost in mid-run? Not the code, at first: the unit goes back and is then taken alone.
Lost again, a control runs in a fresh sandbox here; if it passes, the unit runs once more, alone, and only if that
too takes the sandbox down while a control then passes is it the code's `runtime_error`. Where a control fails it
is the sandboxes, and the unit goes back to wait for better ones until its deadline.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
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

#: A ticket starts no new shard after this time, so that RQ sees its worker now and then.
DRAIN_S = 60.0
#: Seconds that the worker's clock grants beyond what the sandbox's own clocks allow.
GRACE_S = 15.0
#: After so many losses a unit that makes our own code fail is given up.
MOST_FAILURES = 3
#: A unit that took its sandbox down carries this flag.
LOST_FLAG = "sandbox_lost"

Judge = Callable[[Unit, Session], Outcome]

log = logging.getLogger("proctor.worker")

CONTROL = Unit(
    language="python",
    code="print('ok')",
    tests=StdioTests(kind="stdio", cases=[Case(stdin="", stdout="ok\n")]),
    limits=Limits(),
    stop="all",
)


class Killed(Exception):
    """The keeper closed the session: the unit is unwanted, or the worker stops, or the unit outstayed our clock."""


@dataclass(frozen=True, slots=True)
class Job:
    """A unit in hand. started_s: Redis's clock."""

    taken: Taken
    unit: Unit
    started_s: float


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
                elif shard.waiting <= 0:
                    break
        except (RedisError, OSError) as error:
            log.warning("cannot take units: %s", type(error).__name__)
        finally:
            self.draining = False

    def _run(self, shard: Shard) -> None:
        """Run a shard; whatever happens, no unit of it stays with us."""
        ahead = shard.now_s - time.time()
        self._keeper.hold(shard.units)
        try:
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
        job = Job(taken, Unit(spec.language, spec.code, tests, spec.limits, spec.stop), now_s)
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
        except Exception:
            log.exception("judging failed")
            self._slot.lose()
            self._after_failure(taken, now_s)
        else:
            if outcome is not None:
                self._send(taken, now_s, outcome)

    def _attempt(self, job: Job) -> Outcome | None:
        """One run. None: it went back before it started. Raises Killed, SandboxError (the session is dropped)."""
        session = self._slot.session(job.unit.language)
        limits = job.unit.limits
        patience_s = limits.sample_wall_s + LONGER * limits.wall_s + limits.compile_s + GRACE_S
        if not self._keeper.begin(job.taken.key, session, patience_s):
            return None
        killed: str | None = None
        try:
            try:
                outcome = self._judge(job.unit, session)
            finally:
                killed = self._keeper.end()
        except TestsInvalid as error:
            outcome = tests_invalid(str(error))
        except SandboxError as error:
            self._slot.lose()
            if killed in ("unwanted", "stopping"):
                raise Killed(killed) from error
            raise
        if killed is not None:
            self._slot.lose()
        return outcome

    def _suspect(self, job: Job) -> Outcome | None:
        """A unit that was lost before, alone: twice if need be, with a control after each loss."""
        for _ in range(2):
            try:
                return self._attempt(job)
            except SandboxUnavailable:
                raise
            except SandboxError as error:
                self._keeper.hold([job.taken])
                self._control(error)
        return took_its_sandbox_down(job.unit.tests)

    def _control(self, error: SandboxError) -> None:
        """Run a control in a fresh sandbox. Raises `error` where it does not pass: then it was not the code."""
        try:
            passed = self._judge(CONTROL, self._slot.session()).verdict is Verdict.PASSED
        except SandboxError:
            self._slot.lose()
            passed = False
        if not passed:
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
        self._keeper.send(Report(taken.key, outcome.run_s, body))


def invalid(message: str) -> Outcome:
    """The outcome of a unit that we could not judge."""
    error = InvalidError(code=InvalidCode.SANDBOX_UNAVAILABLE, message=message)
    return Outcome(verdict=Verdict.INVALID, error=error)


def took_its_sandbox_down(tests: UnitTests) -> Outcome:
    """The outcome of code that ends its sandbox whenever it runs, where other code does not."""
    total = 1 if isinstance(tests, DatasetTests | RunTests) else max(1, case_count(tests))
    case = CaseResult(verdict=Verdict.RUNTIME_ERROR, detail="the code took its sandbox down, alone and repeatedly")
    return conclude([case], total, run_s=0.0, cpu_s=0.0, flags={LOST_FLAG})


def describe(provider_name: str, slot: Slot) -> tuple[dict[str, Any], dict[str, Any]]:
    """What this worker says of itself, and what it says along with outcomes."""
    hello = slot.hello
    assert hello is not None
    by = {"image": hello.image, "tier": hello.tier}
    return {"provider": provider_name, "languages": hello.languages, "enforcement": hello.enforcement, **by}, by
