"""The second look: a case that the wall clock killed on a busy machine is run once more, with more time.

A CPU clock that ran out is believed. A wall clock is not where the case had CPU time to spare while load other
than its own saturated the machine: then it is run again with a wall several times longer, once, and that
account holds. What second looks may cost is bounded by a budget, so that sleepers cannot stall a run, and none goes
on past the time that its unit has: a deadline holds on a busy machine too.

The second look sits between judging and the session: `PatientSession` is a session itself, so that each kind
of test is judged by the same rules without knowing of it.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from proctor.sandbox.provider import DuoRan, Hello, PairRan, Program, Ran, Session, Sources
from proctor.wire import Limits

LONGER = 4.0  # times the wall of the first look
TO_SPARE = 0.9  # of the CPU limit: below it, the case had CPU time to spare
FLAG = "second_look"
SAMPLE_WALL = "sample_wall"  # the supervisor's word for a pair that ran out of its sample's time


class Budget:
    """Seconds of wall clock that second looks may cost, of whoever shares it. Thread-safe.

    refill: seconds that come back for each second that passes, up to where it started; 0.1 lets second looks
    cost a tenth of the time at most, in the long run.
    """

    def __init__(self, seconds: float, *, refill: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = self._left = seconds
        self._refill = refill
        self._clock = clock
        self._seen = clock()
        self._lock = threading.Lock()

    @property
    def left_s(self) -> float:
        """Seconds left."""
        with self._lock:
            self._fill()
            return self._left

    def take(self, seconds: float) -> bool:
        """Take `seconds`, all or nothing; whether they were there."""
        with self._lock:
            self._fill()
            if seconds > self._left:
                return False
            self._left -= seconds
            return True

    def give_back(self, seconds: float) -> None:
        """Return what was taken and not used."""
        with self._lock:
            self._left = min(self._most, self._left + max(0.0, seconds))

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._most, self._left + self._refill * (now - self._seen))
        self._seen = now


class PatientSession:
    """A session that takes a second look where one is due, within `within_s` seconds from now."""

    def __init__(
        self,
        inner: Session,
        budget: Budget,
        *,
        within_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._budget = budget
        self._until = clock() + within_s
        self._clock = clock
        self.hello: Hello = inner.hello

    def program(
        self,
        language: str,
        source: bytes,
        limits: Limits,
        *,
        cases: int = 1,
        files: Mapping[str, bytes] | None = None,
    ) -> Program:
        """As the session's own."""
        return _PatientProgram(self._inner, self.longer, Sources(language, source, dict(files or {})), limits, cases)

    def duo(self, candidate: Sources, tests: Sources, limits: Limits) -> DuoRan:
        """As the session's own; the second look is another run of both."""
        ran = self._inner.duo(candidate, tests, limits)
        saturated = ran.candidate.saturated or ran.tests.saturated
        if not all(deserved(one, limits, saturated=saturated) for one in (ran.candidate, ran.tests)):
            return ran
        with self.longer(limits) as more:
            if more is None:
                return ran
            again = self._inner.duo(candidate, tests, more.limits)
            more.used_s = again.tests.wall_s
        return replace(again, candidate=replace(again.candidate, flags=again.candidate.flags | {FLAG}))

    def pair(
        self, language: str, source: bytes, tests: bytes, limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        """As the session's own; the second look goes on from the case that was cut short."""
        ran = self._inner.pair(language, source, tests, limits, stop=stop, first_case=first_case)
        saturated = ran.saturated or ran.candidate.saturated
        if not saturated or not deserved(_cut_short(ran), limits, saturated=True):
            return ran
        with self.longer(limits) as more:
            if more is None:
                return ran
            at = first_case + len(ran.cases)
            again = self._inner.pair(language, source, tests, more.limits, stop=stop, first_case=at)
            more.used_s = again.candidate.wall_s
        return _joined(ran, again)

    @contextlib.contextmanager
    def longer(self, limits: Limits) -> Iterator[Second | None]:
        """A second look at a case of these limits, paid from the budget; None where it cannot be had."""
        left_s = self._until - self._clock()
        wall_s = min(LONGER * limits.wall_s, left_s)
        if wall_s <= limits.wall_s or not self._budget.take(wall_s):
            yield None
            return
        more = Second(patient(limits, wall_s, left_s))
        self._inner.sit(None)  # with all of the machine; the next unit sits where it did
        try:
            yield more
        finally:
            self._budget.give_back(wall_s - more.used_s)

    def sit(self, cpu: int | None) -> None:
        """As the session's own."""
        self._inner.sit(cpu)

    def hung_up(self) -> bool:
        """As the session's own."""
        return self._inner.hung_up()

    def close(self) -> None:
        """As the session's own."""
        self._inner.close()


@dataclass(slots=True)
class Second:
    """A second look: its limits, and the wall clock that it used, seconds."""

    limits: Limits
    used_s: float = 0.0


class _PatientProgram:
    """A program that runs a case again where that is due; the session knows one program at a time."""

    def __init__(
        self,
        session: Session,
        longer: Callable[[Limits], contextlib.AbstractContextManager[Second | None]],
        sources: Sources,
        limits: Limits,
        cases: int,
    ) -> None:
        self._session = session
        self._longer = longer
        self._limits = limits
        self._sources, self._cases = sources, cases
        self._program: Program | None = self._open(limits)
        self.failed: Ran | None = self._program.failed

    def run(
        self,
        stdin: bytes = b"",
        *,
        argv: Sequence[str] = (),
        files: dict[str, bytes] | None = None,
        fetch: Sequence[str] = (),
    ) -> Ran:
        """Run one case, and once more where that is due."""
        if self._program is None:
            self._program = self._open(self._limits)
        ran = self._program.run(stdin, argv=argv, files=files, fetch=fetch)
        if not deserved(ran, self._limits, saturated=ran.saturated):
            return ran
        with self._longer(self._limits) as more:
            if more is None:
                return ran
            self.close()
            slow = self._open(more.limits)
            try:
                again = ran if slow.failed else slow.run(stdin, argv=argv, files=files, fetch=fetch)
            finally:
                slow.close()
            more.used_s = again.wall_s
        return replace(again, flags=again.flags | {FLAG})

    def close(self) -> None:
        """Forget the program."""
        if self._program is not None:
            self._program.close()
            self._program = None

    def _open(self, limits: Limits) -> Program:
        sources = self._sources
        files = sources.files or None
        return self._session.program(sources.language, sources.source, limits, cases=self._cases, files=files)


def deserved(ran: Ran, limits: Limits, *, saturated: bool) -> bool:
    """Whether a run deserves a second look: killed by the wall clock, CPU time to spare, a saturated machine."""
    return saturated and ran.stopped == "wall" and ran.cpu_s < TO_SPARE * limits.cpu_s


def patient(limits: Limits, wall_s: float, left_s: float) -> Limits:
    """The limits of a second look: a longer wall for the case, and room for it in the sample's, of which `left_s`
    seconds are left; all else as before."""
    sample_wall_s = max(wall_s, min(limits.sample_wall_s, left_s))
    return limits.model_copy(update={"wall_s": wall_s, "sample_wall_s": sample_wall_s})


def _cut_short(ran: PairRan) -> Ran:
    """The candidate's account of the case that did not end: the pair's, less the cases that did."""
    return replace(ran.candidate, cpu_s=max(0.0, ran.candidate.cpu_s - sum(mark.cpu_s for mark in ran.cases)))


def _joined(first: PairRan, again: PairRan) -> PairRan:
    """Both looks as one: the cases of both, how the second ended, and the time that the ended cases took."""
    candidate = replace(
        again.candidate,
        cpu_s=again.candidate.cpu_s + sum(mark.cpu_s for mark in first.cases),
        wall_s=again.candidate.wall_s + sum(mark.wall_s for mark in first.cases),
    )
    return replace(
        again,
        candidate=candidate,
        cases=first.cases + again.cases,
        total=again.total if again.total is not None else first.total,
        flags=(first.flags - {SAMPLE_WALL}) | again.flags | {FLAG},
    )
