"""Checks problems: runs what they bring along, and says what it shows.

Round 1 runs each reference solution several times with its limits, and once what must not pass. Round 2 runs what
failed with limits × 2 and × 4, and looks for the comparison that fits. Rows go through in portions, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from proctor.datasets import comparator
from proctor.datasets.conclude import conclude
from proctor.datasets.findings import Checked, Finding, Kind
from proctor.datasets.probes import Bounds, Probe, runnable, sample
from proctor.datasets.problem import Problem, stubs
from proctor.datasets.scan import Scan
from proctor.wire import FunctionTests, SampleResult, StdioTests

PORTION, PORTION_CHARS = 200, 16 << 20  # rows held at a time: their number, and the length of their tests

#: Runs samples, in their order; the second argument is the request's `stop`. Raises Refused.
Ask = Callable[[list[dict[str, Any]], str], Sequence[SampleResult]]


class Refused(Exception):
    """The service does not take these samples as they are: too deep, too large, a number too long."""


@dataclass(frozen=True, slots=True)
class Options:
    """runs: of each reference with its own limits. references, wrong: how many of each are run, at most."""

    runs: int = 3
    references: int = 3
    wrong: int = 3


@dataclass(slots=True)
class Ran:
    """What was run for one problem, and how it ended; same order. refused: why the service took none of it."""

    problem: Problem
    probes: list[Probe] = field(default_factory=list)
    results: list[SampleResult] = field(default_factory=list)
    refused: str | None = None

    def of(self, role: str) -> Iterator[tuple[Probe, SampleResult]]:
        """The runs of one role."""
        return ((p, r) for p, r in zip(self.probes, self.results, strict=True) if p.role == role)


def portions(problems: Iterable[Problem]) -> Iterator[list[Problem]]:
    """Problems, as many at a time as are held in memory."""
    portion: list[Problem] = []
    weight = 0
    for problem in problems:
        portion.append(problem)
        weight += _weight(problem)
        if len(portion) >= PORTION or weight >= PORTION_CHARS:
            yield portion
            portion, weight = [], 0
    if portion:
        yield portion


def _weight(problem: Problem) -> int:
    tests = problem.read.tests
    if isinstance(tests, StdioTests):
        return sum(len(case.stdin) + len(case.stdout) for case in tests.cases)
    return len(repr(tests.cases)) if isinstance(tests, FunctionTests) else 0


@dataclass(slots=True)
class Checker:
    """Checks rows. languages: those that the service runs. samples: run so far."""

    ask: Ask
    bounds: Bounds
    languages: Sequence[str]
    options: Options = field(default_factory=Options)
    samples: int = 0
    _scan: Scan = field(default_factory=Scan)

    def check(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, Checked]]:
        """Each problem with what was found, in their order."""
        for portion in portions(problems):
            static = [self._scan.findings(problem) for problem in portion]
            ran = [Ran(problem) for problem in portion]
            usable = [r for r in ran if r.problem.read.tests is not None and not r.problem.read.invalid]
            usable = [r for r in usable if r.problem.read.cases and r.problem.fault is None]
            self._run(usable, self._first)
            self._run(usable, self._second)
            for one, found in zip(ran, static, strict=True):
                if one.refused is not None:
                    found.append(Finding(Kind.TESTS_INVALID, f"the service refuses the row: {one.refused}"))
                yield one.problem, conclude(one.problem, found, one.probes, one.results, self.bounds)

    def _run(self, ran: list[Ran], wanted: Callable[[Ran], Iterator[Probe]]) -> None:
        """Run what is wanted of each problem; references to their last test, the others to their first failure."""
        probes = [(one, probe) for one in ran if one.refused is None for probe in list(wanted(one))]
        for stop, roles in (("all", ("reference", "variant")), ("first_failure", ("stub", "wrong"))):
            self._ask([(one, probe) for one, probe in probes if probe.role in roles], stop)

    def _ask(self, part: list[tuple[Ran, Probe]], stop: str) -> None:
        """Run a portion; where the service refuses it, problem by problem, so that only one of them goes without."""
        if not part:
            return
        try:
            results = self.ask([sample(probe, self.bounds) for _, probe in part], stop)
        except Refused as error:
            problems = {one.problem.number: one for one, _ in part}
            if len(problems) == 1:
                part[0][0].refused = str(error)
                return
            for number in problems:
                self._ask([(one, probe) for one, probe in part if one.problem.number == number], stop)
            return
        self.samples += len(part)
        for (one, probe), result in zip(part, results, strict=True):
            one.probes.append(probe)
            one.results.append(result)

    def _first(self, ran: Ran) -> Iterator[Probe]:
        problem, options = ran.problem, self.options
        for solution in runnable(problem.solutions.right, self.languages, options.references):
            for run in range(options.runs):
                yield Probe(problem, solution, "reference", run=run)
        for solution in runnable(stubs(problem), self.languages, 10):
            yield Probe(problem, solution, "stub")
        for solution in runnable(problem.solutions.wrong, self.languages, options.wrong):
            yield Probe(problem, solution, "wrong")

    def _second(self, ran: Ran) -> Iterator[Probe]:
        problem = ran.problem
        failed = {p.solution: r for p, r in ran.of("reference") if r.verdict.value not in ("passed", "invalid")}
        for solution in failed:
            yield Probe(problem, solution, "reference", scale="x2")
            yield Probe(problem, solution, "reference", scale="x4")
        wrong = any(r.verdict.value == "wrong_answer" for r in failed.values())
        if isinstance(problem.read.tests, StdioTests | FunctionTests) and (wrong or not comparator.is_strict(problem)):
            choices = comparator.variants(problem)
            names = list(choices) if wrong else [n for n in choices if n == comparator.STRICT]
            for solution in dict.fromkeys(p.solution for p, _ in ran.of("reference")):
                for number, name in enumerate(names, 1):
                    yield Probe(problem, solution, "variant", run=number, variant=name, compare=choices[name])
