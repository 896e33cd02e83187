"""What judging a unit yields. Our failure to judge is an exception, never an `Outcome`.

The one exception to that: `tests_invalid`, which is decided about the tests before the
candidate runs, is a property of the unit and so an outcome too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from proctor.wire import CaseResult, InvalidCode, InvalidError, Verdict

#: The order of precedence is the order of the cases: a sample's verdict is its first failure.
FAILING = frozenset(Verdict) - {Verdict.PASSED, Verdict.NOT_RUN, Verdict.INVALID}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One unit, judged.

    cases: one CaseResult per case, same order, those not run included.
    run_s, cpu_s: seconds in the sandbox, wall clock and CPU.
    flags: such as "near_limit", "disk_full", "in_process"; sorted, without repetition.
    error: set exactly when the verdict is `invalid`.
    """

    verdict: Verdict
    cases: tuple[CaseResult, ...] = ()
    run_s: float = 0.0
    cpu_s: float = 0.0
    flags: tuple[str, ...] = ()
    error: InvalidError | None = None

    @property
    def passed(self) -> int:
        """Cases passed."""
        return sum(c.verdict is Verdict.PASSED for c in self.cases)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data, for the way through Redis."""
        return {
            "verdict": self.verdict.value,
            "cases": [_plain(c) for c in self.cases],
            "run_s": self.run_s,
            "cpu_s": self.cpu_s,
            "flags": list(self.flags),
            "error": self.error.model_dump(mode="json") if self.error else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """The inverse of `to_json`. Raises pydantic.ValidationError on other data."""
        return cls(
            verdict=Verdict(data["verdict"]),
            cases=tuple(CaseResult.model_validate(c) for c in data["cases"]),
            run_s=data["run_s"],
            cpu_s=data["cpu_s"],
            flags=tuple(data["flags"]),
            error=InvalidError.model_validate(data["error"]) if data["error"] else None,
        )


def _plain(case: CaseResult) -> dict[str, Any]:
    """What is set in a case, as JSON data."""
    data = {name: value for name, value in vars(case).items() if value is not None}
    data["verdict"] = case.verdict.value
    return data


def conclude(
    cases: list[CaseResult], total: int, *, run_s: float, cpu_s: float, flags: set[str] | frozenset[str] = frozenset()
) -> Outcome:
    """The outcome of `cases`, padded with `not_run` up to `total`: the first failing case names the verdict.

    Raises ValueError for zero cases: zero tests run is never a pass.
    """
    if total == 0 or not cases:
        raise ValueError("an outcome needs at least one case")
    padded = [*cases, *(CaseResult(verdict=Verdict.NOT_RUN) for _ in range(total - len(cases)))]
    failing = next((c.verdict for c in padded if c.verdict in FAILING), None)
    if failing is None and any(c.verdict is not Verdict.PASSED for c in padded):
        raise ValueError("a sample without a failing case must have run every case")
    return Outcome(
        verdict=failing or Verdict.PASSED,
        cases=tuple(padded),
        run_s=run_s,
        cpu_s=cpu_s,
        flags=tuple(sorted(flags)),
    )


def tests_invalid(message: str) -> Outcome:
    """The outcome of tests that cannot be run."""
    return Outcome(verdict=Verdict.INVALID, error=InvalidError(code=InvalidCode.TESTS_INVALID, message=message))


__all__ = ["FAILING", "Outcome", "conclude", "tests_invalid"]
