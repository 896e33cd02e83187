"""From runs to findings, for one problem."""

from __future__ import annotations

from collections.abc import Sequence

from proctor.datasets import comparator
from proctor.datasets.findings import WALL_CLOCK, Checked, Finding, Kind, Runs, Suggestion
from proctor.datasets.probes import Bounds, Probe
from proctor.datasets.problem import Problem
from proctor.wire import Limits, SampleResult, Verdict

NEAR = 0.5  # from this share of a limit on a reference is near it: a right program may well take twice as long
SHOWN = 20
#: Tests that another sandbox or setting would run: nothing is wrong with the row.
_OF_THE_SERVICE = ("not available in this sandbox", "PROCTOR_ALLOW_IN_PROCESS")
_BUSY = "some runs ended for want of wall-clock time; the machine is busy"
_LIMITS = {"time_limit", "memory_limit", "output_limit", "process_limit"}

Pairs = list[tuple[Probe, SampleResult]]


def conclude(
    problem: Problem, found: list[Finding], probes: Sequence[Probe], results: Sequence[SampleResult], bounds: Bounds
) -> Checked:
    """All that is known of a problem: `found` without running it, and what its runs show."""
    pairs = list(zip(probes, results, strict=True))
    judged = [(p, r) for p, r in pairs if r.verdict is not Verdict.INVALID]
    runs = _runs(problem, [(p, r) for p, r in judged if p.role == "reference"], bounds)
    suggestion = _suggestion(problem, judged, runs)
    checked = Checked(
        number=problem.number,
        id=problem.id,
        format=problem.format,
        kind=problem.kind,
        language=problem.language,
        tests=_tests(problem, judged),
        runs=runs,
        suggestion=suggestion,
        checked=bool(runs),
    )
    checked.findings = [*found, *_invalid(pairs), *_references(runs, suggestion), *_impostors(judged), *_near(runs)]
    return checked


def _tests(problem: Problem, judged: Pairs) -> int:
    """Number of tests, as far as it is known."""
    return max((r.tests.total for _, r in judged), default=problem.read.cases)


def _runs(problem: Problem, references: Pairs, bounds: Bounds) -> list[Runs]:
    by_solution: dict[str, Runs] = {}
    for probe, result in references:
        name = probe.solution.name
        runs = by_solution.setdefault(name, Runs(name, probe.solution.language))
        runs.verdicts.setdefault(probe.scale, []).append(_verdict(result, bounds.of(problem, probe.scale)))
        if probe.scale == "x1":
            _use(runs, result, bounds, problem)
        if result.verdict is not Verdict.PASSED and runs.failed is None:
            runs.failed, runs.failed_tests = _failure(result)
    return list(by_solution.values())


def _verdict(result: SampleResult, limits: Limits) -> str:
    """The verdict of a run; `wall_clock` where time ran out with more than half of the CPU time unused."""
    if result.verdict is not Verdict.TIME_LIMIT:
        return result.verdict.value
    used = max((c.cpu_s or 0.0 for c in result.tests.cases if c.verdict is Verdict.TIME_LIMIT), default=0.0)
    return WALL_CLOCK if used < limits.cpu_s / 2 else result.verdict.value


def _use(runs: Runs, result: SampleResult, bounds: Bounds, problem: Problem) -> None:
    """Note the most that a run used, of any limit."""
    limits, cases = bounds.of(problem), result.tests.cases
    cpu_s = max((case.cpu_s or 0.0 for case in cases), default=0.0)
    memory = max((case.memory_mib or 0.0 for case in cases), default=0.0)
    share = max(cpu_s / limits.cpu_s, memory / limits.memory_mib, result.timing.cpu_s / limits.sample_wall_s)
    runs.cpu_s, runs.memory_mib = max(runs.cpu_s or 0.0, cpu_s), max(runs.memory_mib or 0.0, memory)
    runs.share = round(max(runs.share or 0.0, share), 4)


def _failure(result: SampleResult) -> tuple[str, tuple[int, ...]]:
    """How a run failed: its verdict, with the first failing test's own words; and the tests that failed."""
    bad = [(i, c) for i, c in enumerate(result.tests.cases) if c.verdict not in (Verdict.PASSED, Verdict.NOT_RUN)]
    told = result.verdict.value
    if bad:
        number, case = bad[0]
        told += f" (test {number}: {case.detail or case.verdict.value})"
        if case.stderr and case.verdict in (Verdict.RUNTIME_ERROR, Verdict.COMPILE_ERROR):
            told += f": {case.stderr.strip().splitlines()[-1][:200]}" if case.stderr.strip() else ""
    return told, tuple(i for i, _ in bad[:SHOWN])


def _invalid(pairs: Pairs) -> list[Finding]:
    """What the service could not judge: tests that cannot be run are the row's fault, all else is the service's."""
    errors = {r.error.code.value: r.error.message for _, r in pairs if r.error is not None}
    found = []
    if "tests_invalid" in errors and not any(words in errors["tests_invalid"] for words in _OF_THE_SERVICE):
        found.append(Finding(Kind.TESTS_INVALID, errors.pop("tests_invalid")))
    return [*found, *(Finding(Kind.NOT_JUDGED, f"{code}: {message}") for code, message in sorted(errors.items()))]


def _references(runs: list[Runs], suggestion: Suggestion | None) -> list[Finding]:
    """What the reference solutions show, each run several times and under several limits."""
    if not runs:
        return []
    flaky = [r for r in runs if _is_flaky(r)]
    steady = [r for r in runs if r.all_pass()]
    found = [Finding(Kind.FLAKY, _told(r)) for r in flaky]
    found += [Finding(Kind.NOT_JUDGED, f"{_told(r)}: {_BUSY}") for r in steady if WALL_CLOCK in r.verdicts["x1"]]
    if steady:
        others = [r for r in runs if r not in flaky and r not in steady]
        return found + [Finding(Kind.REFERENCES_DISAGREE, _told(r), r.failed_tests) for r in others]
    if flaky:
        return found
    return [*found, _all_failed(runs, suggestion)]


def _all_failed(runs: list[Runs], suggestion: Suggestion | None) -> Finding:
    """None of them passes with its own limits, ever."""
    wider = [r for r in runs if r.all_pass("x2") or r.all_pass("x4")]
    told = "; ".join(_told(r) for r in (wider or runs)[:3])
    if wider:
        return Finding(Kind.LIMITS_TOO_TIGHT, told, wider[0].failed_tests)
    if suggestion is not None and any("wrong_answer" in r.told() for r in runs):
        return Finding(Kind.NEEDS_COMPARATOR, "; ".join(suggestion.evidence[:2]), runs[0].failed_tests)
    if all(v in ("time_limit", WALL_CLOCK) for r in runs for scale in r.verdicts.values() for v in scale):
        return Finding(Kind.TIMES_OUT, told, runs[0].failed_tests)
    return Finding(Kind.REFERENCE_FAILS, told, runs[0].failed_tests)


def _is_flaky(runs: Runs) -> bool:
    """Passed and failed under the same limits, or failed for another reason than limits that then were wider."""
    first = runs.told()
    if "passed" in first:
        return any(v != "passed" for v in first)
    wider = "passed" in runs.told("x2") + runs.told("x4")
    return bool(first) and wider and not _LIMITS & set(first)


def _told(runs: Runs) -> str:
    scales = ", ".join(f"{scale.replace('x', '× ')}: {' '.join(v)}" for scale, v in runs.verdicts.items())
    return f"{runs.solution}: {scales}" + (f"; {runs.failed}" if runs.failed else "")


def _impostors(judged: Pairs) -> list[Finding]:
    """What passed and must not."""
    found = []
    for probe, result in judged:
        if result.verdict is Verdict.PASSED and probe.role in ("stub", "wrong"):
            empty = probe.solution.name == "empty program"
            kind = Kind.EMPTY_PASSES if empty else Kind.STUB_PASSES if probe.role == "stub" else Kind.WRONG_PASSES
            found.append(Finding(kind, f"{probe.solution.name} passes {result.tests.passed} of {result.tests.total}"))
    return found


def _near(runs: list[Runs]) -> list[Finding]:
    near = [r for r in runs if r.all_pass() and r.share is not None and r.share >= NEAR]
    return [Finding(Kind.NEAR_LIMITS, f"{r.solution}: {100 * (r.share or 0):.0f} % of a limit") for r in near[:1]]


def _suggestion(problem: Problem, judged: Pairs, runs: list[Runs]) -> Suggestion | None:
    """The comparison that fits, from the runs under each."""
    passed: dict[str, list[bool]] = {}
    told: dict[str, str | None] = {}
    if comparator.is_strict(problem):
        passed[comparator.STRICT] = [r.all_pass() for r in runs]
        told[comparator.STRICT] = next((r.failed for r in runs if r.failed), None)
    for probe, result in judged:
        if probe.variant is not None and not (probe.variant == comparator.STRICT and comparator.is_strict(problem)):
            passed.setdefault(probe.variant, []).append(result.verdict is Verdict.PASSED)
            if result.verdict is not Verdict.PASSED:
                told.setdefault(probe.variant, _failure(result)[0])
    return comparator.suggest(problem, passed, told)
