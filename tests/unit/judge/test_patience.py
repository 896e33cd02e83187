"""The second look at pairs: only the case that was cut short runs again. For programs see test_stdio.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from judge_fakes import OK

from proctor.judge.patience import Budget, PatientSession
from proctor.sandbox.provider import CaseMark, Hello, PairRan, Program
from proctor.wire import Limits

LIMITS = Limits(cpu_s=2, wall_s=5, sample_wall_s=12)
PASSED = CaseMark("passed", None, 1.5, 1.5)
TIMED_OUT = PairRan(
    candidate=replace(OK, exit_code=None, signal=9, stopped="wall", cpu_s=3.5, wall_s=8.0),
    tests=OK,
    cases=(PASSED, PASSED),
    total=3,
    flags=frozenset({"sample_wall", "other"}),
    saturated=True,
)
RIGHT = PairRan(candidate=replace(OK, cpu_s=0.5, wall_s=6.0), tests=OK, cases=(PASSED,), total=3)


@dataclass
class Pairs:
    """A session that gives `answers` in turn."""

    answers: list[PairRan]
    asked: list[tuple[Limits, int]] = field(default_factory=list)
    hello: Hello = field(default_factory=lambda: Hello("B", {}, {}, None))

    def program(self, *args: Any, **kwargs: Any) -> Program:
        raise AssertionError("no program in these tests")

    def pair(
        self, language: str, source: bytes, tests: dict[str, Any], limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        self.asked.append((limits, first_case))
        return self.answers[len(self.asked) - 1]

    def sit(self, cpu: int | None) -> None:
        """Wherever it is."""

    def close(self) -> None:
        pass


def look(session: Pairs, budget: Budget, first_case: int = 0) -> PairRan:
    return PatientSession(session, budget).pair("python", b"", b"{}", LIMITS, stop="all", first_case=first_case)


def test_goes_on_from_the_case_that_was_cut_short() -> None:
    session, budget = Pairs([TIMED_OUT, RIGHT]), Budget(100)
    ran = look(session, budget, first_case=1)
    assert [first for _, first in session.asked] == [1, 3]
    assert session.asked[1][0].wall_s == 20
    assert session.asked[1][0].sample_wall_s == 20
    assert len(ran.cases) == 3
    assert ran.candidate.stopped is None
    assert ran.candidate.cpu_s == pytest.approx(3.5)
    assert ran.flags == {"other", "second_look"}
    assert budget.left_s == pytest.approx(94)


@pytest.mark.parametrize(
    "ran",
    [
        replace(TIMED_OUT, saturated=False),
        replace(TIMED_OUT, candidate=replace(TIMED_OUT.candidate, cpu_s=4.9)),
        replace(TIMED_OUT, candidate=replace(TIMED_OUT.candidate, stopped="cpu")),
        RIGHT,
    ],
)
def test_is_not_for_others(ran: PairRan) -> None:
    session = Pairs([ran])
    assert look(session, Budget(100)) is ran


@pytest.mark.parametrize(("within_s", "wall_s"), [(100.0, 20.0), (8.0, 8.0), (5.0, None), (-1.0, None)])
def test_ends_by_the_deadline(within_s: float, wall_s: float | None) -> None:
    """Longer than the first look's 5 s, or not at all."""
    session = Pairs([TIMED_OUT, RIGHT])
    patient = PatientSession(session, Budget(100), within_s=within_s, clock=lambda: 0.0)
    ran = patient.pair("python", b"", b"{}", LIMITS, stop="all")
    assert [limits.wall_s for limits, _ in session.asked[1:]] == ([] if wall_s is None else [wall_s])
    assert all(limits.sample_wall_s <= max(within_s, 0.0) for limits, _ in session.asked[1:])
    assert (ran.candidate.stopped is None) == (wall_s is not None)


def test_is_bounded_by_the_budget() -> None:
    session = Pairs([TIMED_OUT])
    assert look(session, Budget(19)) is TIMED_OUT


def test_a_budget_refills_up_to_where_it_started() -> None:
    now = 0.0
    budget = Budget(100, refill=0.1, clock=lambda: now)
    assert budget.take(80)
    assert not budget.take(80)
    now = 500.0
    assert budget.left_s == pytest.approx(70)
    now = 10_000.0
    assert budget.left_s == 100
