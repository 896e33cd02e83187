"""What is run for a problem, as samples of a request; and the limits under which.

Every sample names all its limits. Runs of one solution differ in the wall-clock limit by a microsecond each, because
samples that are equal in everything run once. `wall_s` is a backstop, so that this decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from proctor.datasets.problem import Problem, completion
from proctor.datasets.solutions import Solution
from proctor.wire import Limits, LimitsOverride

SCALES = {"x1": 1, "x2": 2, "x4": 4}
_WHOLE = ("memory_mib", "output_kib", "processes", "disk_mib")
_STEP_S = 1e-6

Role = Literal["reference", "stub", "wrong", "variant"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One run. scale: of the limits. compare: instead of the row's own; None for that."""

    problem: Problem
    solution: Solution
    role: Role
    scale: str = "x1"
    run: int = 0
    variant: str | None = None
    compare: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of the service. given: those of the command line, over the service's and under the row's."""

    default: Limits
    most: Limits
    given: LimitsOverride

    def of(self, problem: Problem, scale: str = "x1", run: int = 0) -> Limits:
        """The limits of a run, none beyond the service's own maximum."""
        base = self.given.over(self.default)
        if problem.read.limits is not None:
            base = problem.read.limits.over(base)
        found: dict[str, Any] = {}
        for name, value in base.model_dump().items():
            scaled = min(value * SCALES[scale], getattr(self.most, name))
            found[name] = int(scaled) if name in _WHOLE else float(scaled)
        found["wall_s"] -= run * _STEP_S
        return Limits(**found)


def sample(probe: Probe, bounds: Bounds) -> dict[str, Any]:
    """The sample that runs `probe`. Its tests are the row's, read: what a row of that format would be judged by."""
    tests = probe.problem.read.tests
    assert tests is not None
    plain = tests.model_dump(exclude_defaults=True)
    if probe.compare is not None:
        plain["compare"] = probe.compare
    return {
        "completion": completion(probe.problem, probe.solution),
        "reasoning": "",
        "language": probe.solution.language,
        "tests": plain,
        "limits": bounds.of(probe.problem, probe.scale, probe.run).model_dump(),
    }


def runnable(found: Sequence[Solution], languages: Sequence[str], most: int) -> list[Solution]:
    """The first `most` of the solutions whose language is there."""
    return [s for s in found if s.language in languages][:most]
