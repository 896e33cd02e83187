"""The conformance suite of judging: no program is paid for what it did not do, and no right program is blamed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract.conftest import Kind

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Provider, Session
from proctor.wire import Limits, TestsAdapter, Verdict

from .class_hacks import CLASS_HACKS
from .class_oddities import CLASS_ODDITIES
from .hacks import ADD, HACKS, Hack
from .late_hacks import LATE_HACKS
from .leetcode_oddities import LEETCODE_HACKS, LEETCODE_ODDITIES
from .object_hacks import OBJECT_HACKS
from .oddities import ODDITIES, Oddity
from .programs_of_tests import PROGRAM_HACKS, PROGRAM_ODDITIES
from .value_hacks import VALUE_HACKS
from .value_oddities import VALUE_ODDITIES

#: Tier A shares /dev/shm with the host unless it is the container's own, so it is closed: no locks of multiprocessing.
REFUSED = {("namespace", "A", "multiprocessing")}

LIMITS = Limits(
    cpu_s=1, wall_s=3, memory_mib=512, output_kib=512, processes=32, disk_mib=32, compile_s=10, sample_wall_s=20
)


@pytest.fixture
def session(provider: Provider) -> Iterator[Session]:
    lent = provider.session()
    try:
        yield lent
    finally:
        provider.give_back(lent)


def unit(code: str, tests: object) -> Unit:
    return Unit(
        language="python", code=code, tests=TestsAdapter.validate_python(tests), limits=LIMITS, stop="first_failure"
    )


@pytest.mark.parametrize(
    "hack",
    [*HACKS, *CLASS_HACKS, *LEETCODE_HACKS, *LATE_HACKS, *VALUE_HACKS, *OBJECT_HACKS, *PROGRAM_HACKS],
    ids=lambda h: h.name,
)
def test_hack_is_not_paid(hack: Hack, session: Session) -> None:
    for tests in hack.tests:
        outcome = judge(unit(hack.code, tests), session)
        assert outcome.verdict.value in hack.verdicts, (tests, outcome)


@pytest.mark.parametrize(
    "oddity", [*ODDITIES, *CLASS_ODDITIES, *LEETCODE_ODDITIES, *VALUE_ODDITIES, *PROGRAM_ODDITIES], ids=lambda o: o.name
)
def test_oddity_passes(oddity: Oddity, session: Session, kind: Kind) -> None:
    outcome = judge(unit(oddity.code, oddity.tests), session)
    if (kind.name, kind.tier, oddity.name) in REFUSED:
        assert outcome.verdict is Verdict.RUNTIME_ERROR, "it works now: no longer an exception"
    else:
        assert outcome.verdict is Verdict.PASSED, outcome


_INTERVAL = """class Interval:
    def __init__(self, a, b): self.a, self.b = a, b
    def __contains__(self, x): return self.a <= x <= self.b
    def __eq__(self, other): return self.a == other.a
    def __and__(self, other): return Interval(max(self.a, other.a), min(self.b, other.b))
def shift(i, n): return Interval(i.a + n, i.b + n)
"""


@pytest.mark.parametrize(
    ("asserted", "verdict", "flags"),
    [
        ("Interval(1, 2) == Interval(1, 3)", "passed", {"candidate_comparison"}),
        ("Interval(1, 2).a == 1", "passed", set()),
        ("2 in Interval(1, 3)", "passed", {"candidate_measure"}),
        ("2 in (Interval(1, 3) & Interval(2, 4))", "passed", {"candidate_comparison", "candidate_measure"}),
        ("Interval(1, 2) == 1 or Interval(1, 2).a == 1", "passed", set()),
        # Membership in a result is never its own to say: it could be said of whatever the tests expect.
        ("2 in shift(Interval(0, 1), 1)", "wrong_answer", set()),
        ("2 in (shift(Interval(0, 1), 1) & Interval(0, 4))", "wrong_answer", {"candidate_comparison"}),
    ],
)
def test_what_a_class_of_the_candidates_decided_is_flagged(
    asserted: str, verdict: str, flags: set[str], session: Session
) -> None:
    outcome = judge(unit(_INTERVAL, {"kind": "script", "code": f"assert {asserted}"}), session)
    assert (outcome.verdict.value, {str(flag) for flag in outcome.flags}) == (verdict, flags), outcome


def test_sandbox_serves_on_after_every_hack(session: Session) -> None:
    for hack in HACKS[::4]:
        judge(unit(hack.code, hack.tests[0]), session)
        assert judge(unit("def add(a, b):\n    return a + b", ADD), session).verdict is Verdict.PASSED
