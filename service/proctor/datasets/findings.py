"""What can be wrong with a problem. A fault leaves the row out of the cleaned file; a remark does not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """A closed set of findings, faults first."""

    MALFORMED = "malformed"
    NO_TESTS = "no_tests"
    TESTS_INVALID = "tests_invalid"
    REFERENCE_FAILS = "reference_fails"
    TIMES_OUT = "times_out"
    LIMITS_TOO_TIGHT = "limits_too_tight"
    FLAKY = "flaky"
    EMPTY_PASSES = "empty_passes"
    STUB_PASSES = "stub_passes"
    WRONG_PASSES = "wrong_passes"
    CONTRADICTORY_TESTS = "contradictory_tests"
    NEEDS_CHECKER = "needs_checker"
    NEEDS_COMPARATOR = "needs_comparator"
    DUPLICATE_TESTS = "duplicate_tests"
    DUPLICATE_PROBLEM = "duplicate_problem"
    NEAR_LIMITS = "near_limits"
    CONSTANT_ANSWER = "constant_answer"
    REFERENCES_DISAGREE = "references_disagree"
    NOT_JUDGED = "not_judged"


#: Kind → what it means, in a sentence.
MEANING = {
    Kind.MALFORMED: "The row is not as its format publishes it.",
    Kind.NO_TESTS: "There is no test: nothing can be judged.",
    Kind.TESTS_INVALID: "The tests cannot be run, whatever the code.",
    Kind.REFERENCE_FAILS: "No reference solution passes, with any limits.",
    Kind.TIMES_OUT: "No reference solution ends in time, even with limits × 4.",
    Kind.LIMITS_TOO_TIGHT: "A reference solution passes only with limits × 2 or × 4.",
    Kind.FLAKY: "The same reference solution passes and fails.",
    Kind.EMPTY_PASSES: "A program that does nothing passes.",
    Kind.STUB_PASSES: "A stub passes.",
    Kind.WRONG_PASSES: "A solution known to be wrong passes.",
    Kind.CONTRADICTORY_TESTS: "One input has different expected outputs.",
    Kind.NEEDS_CHECKER: "Several answers are right, and there is no checker.",
    Kind.NEEDS_COMPARATOR: "The reference solutions pass only under another comparison.",
    Kind.DUPLICATE_TESTS: "A test is there more than once.",
    Kind.DUPLICATE_PROBLEM: "An earlier row has the same tests.",
    Kind.NEAR_LIMITS: "A reference solution uses half of a limit or more.",
    Kind.CONSTANT_ANSWER: "All tests expect the same answer: a program that prints it passes.",
    Kind.REFERENCES_DISAGREE: "One reference solution passes, another does not.",
    Kind.NOT_JUDGED: "The service could not judge it; run again.",
}
REMARKS = frozenset(
    {
        Kind.DUPLICATE_TESTS,
        Kind.DUPLICATE_PROBLEM,
        Kind.NEAR_LIMITS,
        Kind.CONSTANT_ANSWER,
        Kind.REFERENCES_DISAGREE,
        Kind.NOT_JUDGED,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. detail: the evidence, for a person. tests: numbers of the tests it is about, from 0."""

    kind: Kind
    detail: str
    tests: tuple[int, ...] = ()

    @property
    def is_fault(self) -> bool:
        """Whether the row is left out of the cleaned file."""
        return self.kind not in REMARKS

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind.value,
            "severity": "fault" if self.is_fault else "remark",
            "detail": self.detail,
            "tests": list(self.tests),
        }


#: A run that ended for want of wall-clock time, with CPU time to spare: the machine was busy, or the program sleeps.
WALL_CLOCK = "wall_clock"


@dataclass(slots=True)
class Runs:
    """One reference solution: its verdicts by scale of the limits, and the most that it used of them.

    verdicts: "x1" several, "x2" and "x4" one where it was run; the service's, and `wall_clock`.
    share: of the tightest limit, × 1; None where it never ran. cpu_s, memory_mib: the most of any test.
    failed: how the first failure was told.
    """

    solution: str
    language: str
    verdicts: dict[str, list[str]] = field(default_factory=dict)
    share: float | None = None
    cpu_s: float | None = None
    memory_mib: float | None = None
    failed: str | None = None
    failed_tests: tuple[int, ...] = ()

    def all_pass(self, scale: str = "x1") -> bool:
        """Whether every run at this scale passed, and there was one."""
        found = self.told(scale)
        return bool(found) and all(v == "passed" for v in found)

    def told(self, scale: str = "x1") -> list[str]:
        """The verdicts at this scale that say something of the program, and not of the machine."""
        return [v for v in self.verdicts.get(scale, []) if v != WALL_CLOCK]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "failed_tests": list(self.failed_tests)}


@dataclass(slots=True)
class Suggestion:
    """The comparison that fits: `compare` as tests take it, and why. name: tokens, tolerance, case or both."""

    name: str
    compare: dict[str, Any]
    evidence: list[str]


@dataclass(slots=True)
class Checked:
    """A row, checked. checked: whether a reference solution ran, so that it is known whether one can pass."""

    number: int
    id: str
    format: str
    kind: str
    language: str
    tests: int
    findings: list[Finding] = field(default_factory=list)
    runs: list[Runs] = field(default_factory=list)
    suggestion: Suggestion | None = None
    checked: bool = False

    @property
    def is_faulty(self) -> bool:
        """Whether a fault was found."""
        return any(finding.is_fault for finding in self.findings)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "row": self.number,
            "id": self.id,
            "format": self.format,
            "kind": self.kind,
            "language": self.language,
            "tests": self.tests,
            "checked": self.checked,
            "findings": [finding.plain() for finding in self.findings],
            "references": [runs.plain() for runs in self.runs],
            "comparator": asdict(self.suggestion) if self.suggestion else None,
        }
